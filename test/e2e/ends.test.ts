/** Calls that wait, made by MCP clients at the executable: cancelled, and ended by a daemon that stops. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { cleanEnvironment } from '../../scripts/processes.ts';
import { eventually } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { BINARY, newWorld, type World } from './opcode.ts';

let world: World;
let daemon: DaemonProcess;

beforeEach(async () => {
  world = newWorld();
  daemon = await startDaemon(world);
});

afterEach(async () => {
  await end(daemon);
  world.close();
});

const STREAMABLE = 'Streamable HTTP';
const KINDS = [STREAMABLE, 'SSE', 'opcode mcp'] as const;
type Kind = (typeof KINDS)[number];

async function connect(kind: Kind): Promise<Client> {
  const client = new Client({ name: 'probe', version: '1' });
  const env = { ...cleanEnvironment(), OPCODE_HOME: world.home };
  const transport =
    kind === STREAMABLE
      ? new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp`))
      : kind === 'SSE'
        ? new SSEClientTransport(new URL(`${daemon.url}/sse?names=underscores`))
        : new StdioClientTransport({ command: BINARY, args: ['mcp'], env, stderr: 'ignore' });
  // The SDK's transports do not say that a session id may be undefined.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return client;
}

interface Told {
  readonly workflow_id: string;
  readonly status: string;
}

async function call(client: Client, name: string, args: object, signal?: AbortSignal) {
  const params = { name: `opcode_${name}`, arguments: { ...args } };
  const options = { timeout: 600_000, ...(signal === undefined ? {} : { signal }) };
  const { structuredContent } = await client.callTool(params, undefined, options);
  return structuredContent as unknown as Told;
}

const WAITING = { steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }] };
const go = (workflow_id: string) => ({
  workflow_id,
  signal_type: 'data',
  name: 'go',
  payload: {},
  wait: '30m',
});
const untilEnd = (workflow_id: string) => ({ workflow_id, wait: '30m', until: 'ended' });

describe.each(KINDS)('%s', (kind) => {
  test('a call that its client cancels leaves run and session as they were', async () => {
    const client = await connect(kind);
    const { workflow_id } = await call(client, 'run', { definition: WAITING });
    const enough = new AbortController();
    const waiting = call(client, 'status', untilEnd(workflow_id), enough.signal);
    // Another call is answered meanwhile: the first one is being waited for.
    expect((await call(client, 'status', { workflow_id })).status).toBe('suspended');
    enough.abort();
    await expect(waiting).rejects.toThrow();
    expect((await call(client, 'signal', go(workflow_id))).status).toBe('completed');
    await client.close();
  });

  test('a call that waits when the daemon stops is told how things stand, and the run goes on', async () => {
    const client = await connect(kind);
    const { workflow_id } = await call(client, 'run', { definition: WAITING });
    const waiting = call(client, 'status', untilEnd(workflow_id));
    expect((await call(client, 'status', { workflow_id })).status).toBe('suspended');
    // Long before the half hour that the call would wait.
    expect((await world.run('stop')).code).toBe(0);
    expect(await daemon.exited).toBe(0);
    if (kind !== 'opcode mcp') {
      expect((await waiting).status).toBe('suspended');
      await client.close();
    }
    daemon = await startDaemon(world);
    const other = await connect(STREAMABLE);
    expect((await call(other, 'signal', go(workflow_id))).status).toBe('completed');
    await other.close();
    if (kind !== 'opcode mcp') return;
    // Answered by the daemon that stopped, or by the next one.
    expect((await waiting).status).toBeOneOf(['suspended', 'completed']);
    await client.close();
  });
});

test('an idle session does not hold a daemon that stops', async () => {
  const clients = await Promise.all(KINDS.slice(0, 2).map(connect));
  const events = await fetch(`${daemon.url}/api/v1/events`);
  expect((await world.run('stop')).code).toBe(0);
  expect(await daemon.exited).toBe(0);
  expect(await events.text()).not.toContain('event: end');
  await Promise.all(clients.map((client) => client.close()));
  await eventually(
    () =>
      fetch(daemon.url).then(
        () => false,
        () => true,
      ),
    'nothing answers',
  );
});
