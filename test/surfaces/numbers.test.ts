/**
 * Numbers at every door: whichever way a value comes in, it becomes the same.
 *
 * Every door gets the same texts, written out as they are in JSON, and must hand on the same values.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { type Daemon, startDaemon } from '../../src/app-serve.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { freshHome, type Home } from '../mcp/session.ts';
import { TEST_MS } from '../support/patience.ts';

setDefaultTimeout(TEST_MS);

/** What is written, and what it becomes. */
const NUMBERS: readonly (readonly [written: string, becomes: unknown])[] = [
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['-9007199254740991', -9007199254740991],
  ['-9007199254740992', '-9007199254740992'],
  ['1234567890123456789', '1234567890123456789'],
  ['-1234567890123456789', '-1234567890123456789'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['1e20', 1e20],
  ['1.0e16', 1e16],
  ['12345678901234567890.5', 12345678901234567000],
  ['-0', 0],
  ['-0.0', 0],
  ['{"deep":[{"er":12345678901234567}]}', { deep: [{ er: '12345678901234567' }] }],
  ['"12345678901234567890"', '12345678901234567890'],
  ['null', null],
];
const WRITTEN = `[${NUMBERS.map(([written]) => written).join(', ')}]`;
const EXPECTED = NUMBERS.map(([, becomes]) => becomes);
const TOO_LARGE = '{"a":[1e999]}';

const ECHO = {
  inputs: { x: null },
  steps: [{ id: 'a', action: 'workflow.log', params: { message: 'x' } }],
  output: { x: '${{inputs.x}}', context: '${{context}}' },
};
const WAITING = {
  steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }],
  output: { x: '${{steps.w.output.payload.x}}' },
};
const ASKING = {
  steps: [
    { id: 'q', type: 'reasoning', config: { prompt_context: '?', options: [{ id: 'yes' }] } },
  ],
  output: { x: '${{steps.q.output.data.x}}' },
};
const KEY = 'correct-horse-battery';

let home: Home;
let daemon: Daemon;
let url = '';
let server: Server;

beforeAll(async () => {
  home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s' });
  const config = { ...home.config, secrets: new Map([['HOOK_KEY', KEY]]) };
  daemon = await startDaemon({ config, write: () => undefined, pretty: false, color: false });
  url = daemon.urls[0] ?? '';
  const triggers = { webhook: [{ name: 'echo', secret: 'HOOK_KEY' }] };
  await api('define', JSON.stringify({ name: 'echo', definition: ECHO, triggers }));
  await api('define', JSON.stringify({ name: 'waiting', definition: WAITING }));
  await api('define', JSON.stringify({ name: 'asking', definition: ASKING }));
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(WRITTEN);
  }).listen(0, '127.0.0.1');
});
afterAll(async () => {
  server.close();
  await daemon.stop();
  home.remove();
});

type Answer = Record<string, unknown>;

async function api(operation: string, body: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v1/${operation}`, { method: 'POST', headers, body });
  return (await response.json()) as Answer;
}

const outputOf = (answer: Answer): Answer => {
  if (typeof answer.output !== 'object') throw new Error(JSON.stringify(answer));
  return answer.output as Answer;
};

/** What `x` became, or the message of the error. */
const told = (answer: Answer): unknown => {
  const error = answer.error as { message?: string } | undefined;
  return error === undefined ? outputOf(answer).x : error.message;
};

async function cli(args: readonly string[], input = '', env: object = {}): Promise<Answer> {
  const terminal = fakeTerminal(input);
  const all = { OPCODE_HOME: home.path, PATH: process.env.PATH, HOME: home.path, ...env };
  await execute([...args, '--json'], terminal, all);
  return JSON.parse(terminal.stdout.text());
}

async function file(name: string, text: string): Promise<string> {
  const path = join(home.path, name);
  await Bun.write(path, text);
  return path;
}

/** A run that waits, and the answer once a signal has been sent to it. */
async function signalled(template: string, send: (id: string) => Promise<Answer>): Promise<Answer> {
  const { workflow_id } = await api('run', JSON.stringify({ template_name: template, wait: '0' }));
  const sent = await send(String(workflow_id));
  if (sent.error !== undefined) return sent;
  return api('status', JSON.stringify({ workflow_id, wait: 'forever', until: 'ended' }));
}

const message = (id: number, method: string, params: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
const INITIALIZE = message(
  1,
  'initialize',
  '{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"n","version":"1"}}',
);
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const callOf = (value: string): string =>
  message(
    2,
    'tools/call',
    `{"name":"opcode_run","arguments":{"template_name":"echo","params":{"x":${value}},"wait":"1h"}}`,
  );

interface Rpc {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: { readonly structuredContent?: Answer };
}
const ofRpc = ({ error, result }: Rpc): Answer =>
  error === undefined ? (result?.structuredContent ?? {}) : { error };

const MCP_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

async function streamable(value: string): Promise<Answer> {
  const send = (body: string, more: object = {}): Promise<Response> =>
    fetch(`${url}/mcp`, { method: 'POST', headers: { ...MCP_HEADERS, ...more }, body });
  const opened = await send(INITIALIZE);
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  await opened.text();
  await (await send(INITIALIZED, session)).text();
  const text = await (await send(callOf(value), session)).text();
  const messages = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data ?? '');
  return ofRpc(
    messages
      .map((each) => JSON.parse(each) as Rpc)
      .find((each) => each.id !== undefined || each.error !== undefined) ?? {},
  );
}

async function modern(value: string): Promise<Answer> {
  const meta =
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"n","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}';
  const body = callOf(value).replace('"params":{"name"', `"params":{${meta},"name"`);
  const headers = {
    ...MCP_HEADERS,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'opcode_run',
  };
  const text = await (await fetch(`${url}/mcp`, { method: 'POST', headers, body })).text();
  const [, data = text] = /^data: (.+)$/m.exec(text) ?? [];
  return ofRpc(JSON.parse(data) as Rpc);
}

async function sse(value: string): Promise<Answer> {
  const abort = new AbortController();
  const stream = await fetch(`${url}/sse`, { signal: abort.signal });
  const events = frames(stream.body as ReadableStream<Uint8Array>);
  const endpoint = (await events.next()).value ?? '';
  const post = (body: string): Promise<Response> =>
    fetch(`${url}${endpoint}`, { method: 'POST', headers: MCP_HEADERS, body });
  try {
    await post(INITIALIZE);
    await events.next();
    await post(INITIALIZED);
    const sent = await post(callOf(value));
    if (!sent.ok) return ofRpc((await sent.json()) as Rpc);
    for await (const data of events) {
      const rpc = JSON.parse(data) as Rpc;
      if (rpc.id === 2) return ofRpc(rpc);
    }
    return {};
  } finally {
    abort.abort();
  }
}

async function* frames(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const [, data] = /^data: (.*)$/m.exec(text.slice(0, at)) ?? [];
      text = text.slice(at + 2);
      if (data !== undefined) yield data;
    }
  }
}

/** `opcode mcp`; without a daemon it serves by itself, else it relays to that. */
async function stdio(value: string, folder: string, ...args: string[]): Promise<Answer> {
  const main = join(import.meta.dir, '../../cli/main.ts');
  const child = Bun.spawn([process.execPath, main, 'mcp', ...args], {
    env: { PATH: process.env.PATH, HOME: folder, OPCODE_HOME: folder },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  try {
    child.stdin.write(`${INITIALIZE}\n${INITIALIZED}\n${callOf(value)}\n`);
    child.stdin.flush();
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const line = text.split('\n').find((each) => each.includes('"id":2'));
      if (line !== undefined && text.endsWith('\n')) return ofRpc(JSON.parse(line) as Rpc);
    }
    return {};
  } finally {
    child.stdin.end();
    child.kill();
    await child.exited;
  }
}

async function webhook(value: string): Promise<Answer> {
  const body = `{"x":${value}}`;
  const time = Math.floor(Date.now() / 1000);
  const mac = createHmac('sha256', KEY).update(`v2\necho\n${time}\n${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-opcode-signature': `t=${time},v2=${mac}`,
  };
  const response = await fetch(`${url}/hooks/echo`, { method: 'POST', headers, body });
  const answer = (await response.json()) as Answer;
  if (answer.error !== undefined) return answer;
  const { workflow_id } = answer;
  return api('status', JSON.stringify({ workflow_id, wait: 'forever', until: 'ended' }));
}

const stepsWith = (value: string): string =>
  `{"inputs":{"x":${value}},"steps":[{"id":"a","action":"workflow.log","params":{"message":"x"}}],
    "output":{"x":"\${{inputs.x}}"}}`;

/** What comes in from outside while a run goes on; a number too large leaves the text as it is. */
async function stepOutput(step: object, output: string): Promise<Answer> {
  const definition = { steps: [{ id: 's', ...step }], output: { x: output } };
  return api('run', JSON.stringify({ definition, wait: 'forever' }));
}

const DOORS: Readonly<Record<string, (value: string) => Promise<Answer>>> = {
  'cli -p x:=': (value) => cli(['run', 'echo', '-p', `x:=${value}`]),
  'cli --params FILE': async (value) =>
    cli(['run', 'echo', '--params', await file('params.json', `{"x": ${value}}`)]),
  'cli --params -': (value) => cli(['run', 'echo', '--params', '-'], `{"x": ${value}}`),
  'cli to another server': (value) =>
    cli(['run', 'echo', '-p', `x:=${value}`], '', { OPCODE_URL: url }),
  'cli definition in JSON': async (value) => cli(['run', await file('f.json', stepsWith(value))]),
  'cli definition in JSON with comments': async (value) =>
    cli(['run', await file('f.jsonc', `// numbers\n${stepsWith(value)}`)]),
  'cli definition in YAML': async (value) => cli(['run', await file('f.yaml', stepsWith(value))]),
  'cli package': async (value) =>
    cli(['run', await file('p.json', `{"name":"p","definition":${stepsWith(value)}}`)]),
  'cli signal --data': (value) =>
    signalled('waiting', (id) =>
      cli(['signal', id, 'data', '--name', 'go', '--data', `{"x":${value}}`]),
    ),
  'api params': (value) =>
    api('run', `{"template_name":"echo","params":{"x":${value}},"wait":"1h"}`),
  'api params as text': (value) =>
    api('run', `{"template_name":"echo","params":${JSON.stringify(`{"x":${value}}`)},"wait":"1h"}`),
  'api param_texts': (value) =>
    api(
      'run',
      `{"template_name":"echo","param_texts":[${JSON.stringify(`x:=${value}`)}],"wait":"1h"}`,
    ),
  'api context': async (value) => {
    const answer = await api(
      'run',
      `{"template_name":"echo","context":{"x":${value}},"wait":"1h"}`,
    );
    return answer.error === undefined ? { output: outputOf(answer).context } : answer;
  },
  'api definition': (value) => api('run', `{"definition":${stepsWith(value)},"wait":"1h"}`),
  'api definition as text': (value) =>
    api('run', `{"definition":${JSON.stringify(stepsWith(value))},"wait":"1h"}`),
  'api source': (value) =>
    api('run', `{"source":{"text":${JSON.stringify(stepsWith(value))}},"wait":"1h"}`),
  'api signal': (value) =>
    signalled('waiting', (workflow_id) =>
      api(
        'signal',
        `{"workflow_id":"${workflow_id}","signal_type":"data","name":"go","payload":{"x":${value}}}`,
      ),
    ),
  'cli decide --data': (value) =>
    signalled('asking', (id) => cli(['decide', id, 'yes', '--data', `{"x":${value}}`])),
  'api decision': (value) =>
    signalled('asking', (id) =>
      api(
        'signal',
        `{"workflow_id":"${id}","signal_type":"decision","step_id":"q",
          "payload":{"choice":"yes","data":{"x":${value}}}}`,
      ),
    ),
  'mcp streamable': streamable,
  'mcp streamable, newest protocol': modern,
  'mcp sse': sse,
  'mcp stdio through a daemon': (value) => stdio(value, home.path),
  webhook,
};

describe('a number is read the same at every door:', () => {
  for (const [door, through] of Object.entries(DOORS)) {
    test(door, async () => {
      expect(told(await through(WRITTEN))).toEqual(EXPECTED);
    });
    test(`${door}, a number that none can hold`, async () => {
      expect(told(await through(TOO_LARGE))).toContain('1e999');
    });
  }

  test('output of a command', async () => {
    const answer = await stepOutput({ run: `echo '${WRITTEN}'` }, '${{steps.s.output.stdout}}');
    expect(told(answer)).toEqual(EXPECTED);
  });

  test('body of an answer over HTTP', async () => {
    const { port } = server.address() as AddressInfo;
    const params = { url: `http://127.0.0.1:${port}/` };
    const answer = await stepOutput({ action: 'http.get', params }, '${{steps.s.output.body}}');
    expect(told(answer)).toEqual(EXPECTED);
  });
});

const DIGITS = /1234567890123456789 has more digits than a number can hold exactly.*"string"/;

describe('a declared number of too many digits is refused before a run exists,', () => {
  beforeAll(async () => {
    const properties = {
      id: { type: 'integer' },
      f: { type: ['number', 'null'] },
      list: { type: 'array', items: { type: 'integer' } },
      text: { type: 'string' },
      either: { type: ['integer', 'string'] },
    };
    const schema = { type: 'object', properties };
    await api('define', JSON.stringify({ name: 'typed', definition: ECHO, input_schema: schema }));
  });

  test.each([
    ['-p as JSON', () => cli(['run', 'typed', '-p', 'id:=1234567890123456789'])],
    ['-p typed by the schema', () => cli(['run', 'typed', '-p', 'id=1234567890123456789'])],
    ['-p of several types', () => cli(['run', 'typed', '-p', 'f=-1234567890123456789'])],
    ['-p inside a list', () => cli(['run', 'typed', '-p', 'list=[1234567890123456789]'])],
    ['API', () => api('run', '{"template_name":"typed","params":{"id":1234567890123456789}}')],
    [
      'API, inside',
      () => api('run', '{"template_name":"typed","params":{"list":[1234567890123456789]}}'),
    ],
  ])('%s', async (_name, run) => {
    const before = await api(
      'query',
      '{"resource":"workflows","filter":{"template_name":"typed"}}',
    );
    expect(told(await run())).toMatch(DIGITS);
    const after = await api('query', '{"resource":"workflows","filter":{"template_name":"typed"}}');
    expect(after).toEqual(before);
  });

  test('a declared text keeps the digits', async () => {
    const params = ['-p', 'text:=1234567890123456789', '-p', 'either=1234567890123456789'];
    const answer = await cli(['run', 'typed', ...params]);
    expect(answer.status).toBe('completed');
  });
});

test('what an answer gives for a double is a double at the next door', async () => {
  const printed = await api('run', '{"template_name":"echo","params":{"x":1e20},"wait":"1h"}');
  const terminal = fakeTerminal();
  const env = { OPCODE_HOME: home.path, PATH: process.env.PATH, HOME: home.path };
  await execute(['status', String(printed.workflow_id), '--json'], terminal, env);
  const [, written = ''] = /"x":\s*([^,}\s]+)/.exec(terminal.stdout.text()) ?? [];
  expect(told(await cli(['run', 'echo', '-p', `x:=${written}`]))).toBe(1e20);
});
