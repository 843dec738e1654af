/**
 * A decision that only a person may make, with clients of the SDK's second line that show forms: over
 * the newest protocol the call comes back with the answer, over older ones the server asks in between.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { BINARY } from '../../e2e/opcode.ts';
import { ASKING } from '../session.ts';
import { answerOf } from './client.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { stdioServer } from './stdio-server.ts';

let daemon: DaemonProcess;

beforeAll(async () => {
  daemon = await startDaemonProcess();
});

afterAll(() => daemon.stop());

const http = (): Transport => new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp`));
const stdio = (): Transport =>
  new StdioClientTransport({ command: BINARY, stderr: 'ignore', ...stdioServer(daemon.world) });

const NEWEST: ClientOptions = { versionNegotiation: { mode: 'auto' } };

const [approve, tell] = ASKING.steps;
const FOR_PERSON = {
  steps: [{ ...approve, config: { ...approve?.config, by: 'person' } }, tell],
};

describe.each([
  ['the newest protocol over HTTP', http, NEWEST],
  ['an older protocol over HTTP', http, {}],
  ['the newest protocol over stdio', stdio, NEWEST],
  ['an older protocol over stdio', stdio, {}],
] as const)('%s', (_, transport, options) => {
  test.each([
    ['decides', { action: 'accept', content: { choice: 'yes' } }, 'completed'],
    ['leaves it open', { action: 'cancel' }, 'suspended'],
  ] as const)('the person %s', async (_name, given, status) => {
    const capabilities = { elicitation: { form: {} } };
    const client = new Client({ name: 'forms', version: '1' }, { ...options, capabilities });
    const forms: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      forms.push(params.message);
      return { ...given } as never;
    });
    await client.connect(transport());
    const call = { name: 'opcode_run', arguments: { definition: FOR_PERSON } };
    const { data } = answerOf(await client.callTool(call));
    expect(data.status).toBe(status);
    expect(forms).toEqual(['Deploy?']);
    await client.close();
  });
});
