/**
 * What many clients cost a daemon: `bun scripts/sessions.ts [sessions]`. Prints when it is ready, its
 * memory before, with, after and at rest with 200 SSE sessions that all call, calls a second, and how
 * long a run of three steps takes over each transport. Figures, not a test.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnvironment, ROOT } from './processes.ts';

const BINARY = join(ROOT, 'dist', 'opcode');
const SESSIONS = Number(process.argv[2] ?? 200);
const CALLS_EACH = 5;
const SAMPLES = 200;
const READY_STARTS = 5;
const REST_MS = 6000;

type Json = Record<string, unknown>;
interface Client {
  call(method: string, params: object): Promise<Json>;
  close(): void;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const environment = (home: string) => ({ ...cleanEnvironment(), OPCODE_HOME: home });
const HELLO = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'figures', version: '1' },
};

/** Bytes of a process that are in memory, as MB. */
const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function startDaemon(home: string) {
  const began = performance.now();
  const child = Bun.spawn([BINARY, 'serve', '--listen-addr', ':0'], {
    env: environment(home),
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  let text = '';
  for await (const chunk of child.stderr) {
    text += new TextDecoder().decode(chunk);
    if (text.includes('opcode is ready')) break;
  }
  const readyMs = performance.now() - began;
  const line = text.split('\n').find((each) => each.includes('is ready')) ?? '{}';
  return { child, readyMs, url: (JSON.parse(line) as { urls: string[] }).urls[0] as string };
}

/** A JSON-RPC client over any way to send and hear lines. */
function clientOver(send: (message: object) => void, close: () => void) {
  const waiting = new Map<number, (message: Json) => void>();
  let last = 0;
  return {
    hear(message: Json): void {
      waiting.get(message.id as number)?.(message);
    },
    notify: (method: string) => send({ jsonrpc: '2.0', method }),
    call(method: string, params: object): Promise<Json> {
      last += 1;
      const id = last;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        send({ jsonrpc: '2.0', id, method, params });
      });
    },
    close,
  };
}

function post(url: string, message: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify(message);
  return new Promise<{ text: string; session: string | undefined }>((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
      },
      (answer) => {
        let text = '';
        answer.on('data', (data) => {
          text += data;
        });
        answer.on('end', () =>
          resolve({ text, session: answer.headers['mcp-session-id'] as string | undefined }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Events of a stream that have data, with their names. */
function onEvents(stream: IncomingMessage, take: (name: string, data: string) => void): void {
  let text = '';
  // The end of a stream that was left is no news.
  stream.on('error', () => undefined);
  stream.on('data', (data) => {
    const events = (text + String(data)).split(/\r?\n\r?\n/);
    text = events.pop() ?? '';
    for (const event of events) {
      const value = /^data: ?(.*)$/m.exec(event)?.[1];
      if (value !== undefined) take(/^event: ?(.*)$/m.exec(event)?.[1] ?? 'message', value);
    }
  });
}

async function sseClient(url: string): Promise<Client> {
  let endpoint = '';
  let stream: ClientRequest | null = null;
  const client = clientOver(
    (message) => void post(`${url}${endpoint}`, message),
    () => stream?.destroy(),
  );
  await new Promise<void>((resolve, reject) => {
    stream = request(`${url}/sse`, { agent: false }, (answer) => {
      onEvents(answer, (name, data) => {
        if (name === 'endpoint') {
          endpoint = data;
          resolve();
        } else client.hear(JSON.parse(data));
      });
    });
    stream.on('error', reject);
    stream.end();
  });
  await client.call('initialize', HELLO);
  client.notify('notifications/initialized');
  return client;
}

async function httpClient(url: string): Promise<Client> {
  const accept = { accept: 'application/json, text/event-stream' };
  const first = await post(
    `${url}/mcp`,
    { jsonrpc: '2.0', id: 0, method: 'initialize', params: HELLO },
    accept,
  );
  const headers = { ...accept, 'mcp-session-id': first.session ?? '' };
  let last = 0;
  return {
    async call(method, params) {
      last += 1;
      const { text } = await post(
        `${url}/mcp`,
        { jsonrpc: '2.0', id: last, method, params },
        headers,
      );
      return JSON.parse(/^data: ?(\{.*)$/m.exec(text)?.[1] ?? text) as Json;
    },
    close: () => undefined,
  };
}

async function stdioClient(home: string, ...args: string[]): Promise<Client> {
  const child = Bun.spawn([BINARY, 'mcp', ...args], {
    env: environment(home),
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const client = clientOver(
    (message) => {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      child.stdin.flush();
    },
    () => child.stdin.end(),
  );
  void (async () => {
    let text = '';
    for await (const chunk of child.stdout) {
      const lines = (text + new TextDecoder().decode(chunk)).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) client.hear(JSON.parse(line));
    }
  })();
  await client.call('initialize', HELLO);
  client.notify('notifications/initialized');
  return client;
}

const THREE = {
  steps: ['a', 'b', 'c'].map((id, at) => ({
    id,
    action: 'workflow.log',
    params: { message: id },
    depends_on: at === 0 ? [] : [['a', 'b', 'c'][at - 1]],
  })),
};

async function run(client: Client): Promise<void> {
  const answer = await client.call('tools/call', {
    name: 'run',
    arguments: { template_name: 'three' },
  });
  if (!JSON.stringify(answer).includes('"completed"')) throw new Error(JSON.stringify(answer));
}

async function latencyOf(client: Client): Promise<string> {
  const times: number[] = [];
  for (let at = 0; at < SAMPLES; at++) {
    const began = performance.now();
    await run(client);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(SAMPLES * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`;
}

async function main(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'opcode-sessions-'));
  const starts: number[] = [];
  for (let at = 0; at < READY_STARTS; at++) {
    const { child, readyMs } = await startDaemon(home);
    starts.push(readyMs);
    child.kill();
    await child.exited;
  }
  const { child, url } = await startDaemon(home);
  try {
    const print = (what: string, value: string): void => console.log(`${what.padEnd(44)} ${value}`);
    print('daemon ready, median of 5 starts', `${starts.sort((a, b) => a - b)[2]?.toFixed(0)} ms`);
    const one = await sseClient(url);
    await one.call('tools/call', {
      name: 'define',
      arguments: { name: 'three', definition: THREE },
    });
    print('three-step run over SSE', await latencyOf(one));
    print('three-step run over Streamable HTTP', await latencyOf(await httpClient(url)));
    const through = await stdioClient(home);
    print('three-step run over stdio through the daemon', await latencyOf(through));
    through.close();
    const alone = await stdioClient(home, '--no-daemon');
    print('three-step run over stdio, no daemon', await latencyOf(alone));
    alone.close();
    print('memory before', `${rssOf(child.pid).toFixed(0)} MB`);
    const clients = await Promise.all(Array.from({ length: SESSIONS }, () => sseClient(url)));
    print(`memory with ${SESSIONS} SSE sessions`, `${rssOf(child.pid).toFixed(0)} MB`);
    const began = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (let at = 0; at < CALLS_EACH; at++) await run(client);
      }),
    );
    const seconds = (performance.now() - began) / 1000;
    print('calls a second, all sessions at once', ((SESSIONS * CALLS_EACH) / seconds).toFixed(0));
    print('memory after that', `${rssOf(child.pid).toFixed(0)} MB`);
    await Bun.sleep(REST_MS);
    print('memory at rest, all sessions open', `${rssOf(child.pid).toFixed(0)} MB`);
    for (const client of [...clients, one]) client.close();
  } finally {
    child.kill();
    await child.exited;
    agent.destroy();
    rmSync(home, { recursive: true, force: true });
  }
}

await main();
process.exit(0);
