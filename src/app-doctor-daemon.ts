/** What `opcode doctor` looks at over the wire: the daemon, its port, MCP, and who may come in. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { openApp } from './app.ts';
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import { programVersion } from './app-parts.ts';
import { findDaemon, findFormerDaemon, type RunningDaemon, serveStdio } from './app-serve.ts';
import type { Config } from './config.ts';
import { listenerOn } from './isolate/listeners.ts';
import { createLogger } from './log.ts';
import { messageOf } from './model/error.ts';
import { isJsonObject, type Json, type JsonObject } from './model/json.ts';

const ANSWER_MS = 5000;
/** The daemon's certificate is not one for loopback, which its own record names. */
const OWN_CERTIFICATE = { rejectUnauthorized: false };

export async function lookAtDaemon(config: Config): Promise<Finding[]> {
  const daemon = findDaemon(config);
  const former = findFormerDaemon(config);
  if (former !== null) {
    const text = `${config.pidPath} names process ${former}, as the program before this one wrote it`;
    const hint = `if that is its daemon, kill ${former} ends it; then opcode serve`;
    return [{ area: 'daemon', level: 'warn', text, hint }];
  }
  if (daemon === null || daemon.alive === false) {
    const left =
      daemon === null ? '' : `; ${config.pidPath} is left of one that died (pid ${daemon.pid})`;
    return [{ area: 'daemon', level: 'ok', text: `none runs${left}` }];
  }
  const findings = [await health(daemon)];
  if (daemon.version !== programVersion()) {
    findings.push({
      area: 'daemon',
      level: 'warn',
      text: `it is version ${daemon.version}, this is ${programVersion()}`,
      hint: 'opcode restart starts this version in its place',
    });
  }
  return findings;
}

async function health({ pid, urls }: RunningDaemon): Promise<Finding> {
  const [url = ''] = urls;
  const startedAt = performance.now();
  try {
    const response = await fetch(new URL('/readyz', url), {
      tls: OWN_CERTIFICATE,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const took = `${(performance.now() - startedAt).toFixed(0)}ms`;
    const text = `pid ${pid} at ${urls.join(', ')} answers in ${took}`;
    if (response.ok) return { area: 'daemon', level: 'ok', text };
    const hint = 'it is starting or stopping; look again in a moment';
    return { area: 'daemon', level: 'warn', text: `${text}: not ready (${response.status})`, hint };
  } catch (thrown) {
    const text = `pid ${pid} at ${url} does not answer: ${messageOf(thrown)}`;
    return { area: 'daemon', level: 'fail', text, hint: 'opcode restart; its log says more' };
  }
}

/** Whether a daemon could listen; only asked when none of ours does. */
export async function lookAtPort(config: Config): Promise<Finding[]> {
  const { port, hosts } = config.listen;
  const daemon = findDaemon(config);
  if (daemon?.alive === true || port === 0) return [];
  const taken = (await Promise.all(hosts.map((host) => isTaken(host, port)))).some(Boolean);
  if (!taken) return [{ area: 'port', level: 'ok', text: `${port} is free` }];
  const who = listenerOn(port);
  const name =
    who?.pid == null ? 'another process' : `${who.command ?? 'a process'} (pid ${who.pid})`;
  const hint = 'end it, or choose another port with listen_addr (OPCODE_LISTEN_ADDR=:4200)';
  return [{ area: 'port', level: 'fail', text: `${port} is taken by ${name}`, hint }];
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

const call = (id: number, method: string, params: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

const INITIALIZE: JsonObject = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'opcode-doctor', version: '1' },
};

/** A client's first two requests, over the daemon when one lives, else over streams in this process. */
export async function lookAtMcp(config: Config): Promise<Finding[]> {
  const daemon = findDaemon(config);
  const startedAt = performance.now();
  const url = daemon?.alive === true ? daemon.urls[0] : undefined;
  const isGuarded = url !== undefined && (await needsToken(url));
  if (isGuarded) {
    const text = 'the daemon asks for a token, which a client has to send';
    return [{ area: 'mcp', level: 'ok', text }];
  }
  const tools = url === undefined ? await toolsOverStreams(config) : await toolsOverHttp(url);
  const took = `${(performance.now() - startedAt).toFixed(0)}ms`;
  const how = url === undefined ? 'over stdio' : `over ${url}/mcp`;
  if (tools.length > 0) {
    return [{ area: 'mcp', level: 'ok', text: `${tools.length} tools ${how} in ${took}` }];
  }
  return [
    { area: 'mcp', level: 'fail', text: `no tools were listed ${how}`, hint: 'opcode restart' },
  ];
}

async function needsToken(url: string): Promise<boolean> {
  const response = await post(url, call(1, 'ping', {}), {});
  await response.body?.cancel();
  return response.status === 401;
}

const post = (
  url: string,
  message: JsonObject,
  headers: Record<string, string>,
): Promise<Response> =>
  fetch(new URL('/mcp', url), {
    method: 'POST',
    body: JSON.stringify(message),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    tls: OWN_CERTIFICATE,
    signal: AbortSignal.timeout(ANSWER_MS),
  });

async function toolsOverHttp(url: string): Promise<readonly string[]> {
  const first = await post(url, call(1, 'initialize', INITIALIZE), {});
  answerIn(await first.text());
  const session = first.headers.get('mcp-session-id');
  const headers = {
    'mcp-protocol-version': '2025-06-18',
    ...(session === null ? {} : { 'mcp-session-id': session }),
  };
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };
  await (await post(url, initialized, headers)).text();
  const listed = answerIn(await (await post(url, call(2, 'tools/list', {}), headers)).text());
  if (session !== null) {
    const gone = {
      method: 'DELETE',
      headers,
      tls: OWN_CERTIFICATE,
      signal: AbortSignal.timeout(ANSWER_MS),
    };
    await (await fetch(new URL('/mcp', url), gone)).text();
  }
  return namesIn(listed);
}

/** The answer in a body: JSON, or the data of an event. */
function answerIn(body: string): Json {
  const data = /^data: (.*)$/m.exec(body)?.[1] ?? body;
  return JSON.parse(data) as Json;
}

function namesIn(answer: Json): readonly string[] {
  const result = isJsonObject(answer) ? answer.result : undefined;
  const tools = result !== undefined && isJsonObject(result) ? result.tools : undefined;
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: Json) => (isJsonObject(tool) ? [String(tool.name)] : []));
}

/** With a home of its own, so that looking leaves nothing behind. */
async function toolsOverStreams(given: Config): Promise<readonly string[]> {
  const home = mkdtempSync(join(tmpdir(), 'opcode-doctor-'));
  const config = { ...given, home, dbPath: join(home, 'opcode.db'), workDir: join(home, 'work') };
  const app = await openApp(config, { execute: false });
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ignore = (): void => undefined;
  const log = createLogger({
    level: 'error',
    write: ignore,
    now: Date.now,
    pretty: false,
    color: false,
  });
  const session = serveStdio(app, config, log, { input, output });
  try {
    const lines = linesOf(output);
    input.write(`${JSON.stringify(call(1, 'initialize', INITIALIZE))}\n`);
    await lines.next();
    input.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    input.write(`${JSON.stringify(call(2, 'tools/list', {}))}\n`);
    const answer = await lines.next();
    return namesIn(JSON.parse(answer.value ?? 'null') as Json);
  } finally {
    await session.close();
    await app.close();
    rmSync(home, { recursive: true, force: true });
  }
}

async function* linesOf(stream: PassThrough): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
      yield text.slice(0, at);
      text = text.slice(at + 1);
    }
  }
}

/** Who may come in: tokens, and whether the server can be reached from elsewhere. */
export const lookAtAccess = (config: Config): Promise<readonly Finding[]> =>
  withDatabase(config, ({ store }) => {
    const hasTokens = store.hasUsableToken(Date.now());
    const { settings, listen } = config;
    const where = settings.public ? `everywhere (${listen.hosts.join(', ')})` : 'this machine';
    const who = hasTokens ? 'whoever has a token' : 'this user and root, without a token';
    const text = `reachable from ${where}; lets in ${who}`;
    const findings: Finding[] = [
      { area: 'access', level: 'ok', text },
      ...exposure(config, hasTokens),
    ];
    if (!hasTokens && store.agents(1).items.length > 0) {
      const advice =
        "without tokens agents are believed when they say their name, also as a decision's target";
      findings.push({ area: 'access', level: 'ok', text: advice });
    }
    return findings;
  });

function exposure({ settings }: Config, hasTokens: boolean): Finding[] {
  if (!settings.public) return [];
  if (!hasTokens) {
    const hint = 'opcode token create --role admin, before the daemon is started';
    return [{ area: 'access', level: 'fail', text: 'public, and no token exists', hint }];
  }
  if (settings['tls.cert'] !== null || settings.trusted_proxies.length > 0) return [];
  const hint = 'set tls.cert and tls.key, or trusted_proxies';
  return [{ area: 'access', level: 'warn', text: 'public without TLS', hint }];
}
