/** Changes of runs reach the SDK's 2.x client as the newest protocol has it: by a stream it listens to. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  Client,
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

const WAYS: readonly (readonly [string, () => Transport])[] = [
  ['HTTP', () => new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp`))],
  [
    'stdio',
    () =>
      new StdioClientTransport({ command: BINARY, stderr: 'ignore', ...stdioServer(daemon.world) }),
  ],
];

describe.each(WAYS)('over %s', (way, transport) => {
  test('a run that changes is told', async () => {
    const options = { versionNegotiation: { mode: 'auto' as const } };
    const client = new Client({ name: `listener-${way}`, version: '1' }, options);
    await client.connect(transport());
    const changed = Promise.withResolvers<string>();
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      changed.resolve(params.uri);
    });
    const call = async (name: string, args: Record<string, unknown>) =>
      answerOf(await client.callTool({ name, arguments: args })).data;
    const { workflow_id } = await call('run', { definition: ASKING });
    const uri = `opcode://runs/${workflow_id}`;
    const listening = await client.listen({ resourceSubscriptions: [uri] });
    await call('signal', { workflow_id, signal_type: 'decision', payload: { choice: 'yes' } });
    expect(await changed.promise).toBe(uri);
    await listening.close();
    const { contents } = await client.readResource({ uri });
    expect(contents[0]).toMatchObject({ text: expect.stringContaining('"completed"') });
    await client.close();
  });
});
