/** `opcode mcp` as a client starts it: a process that speaks on its standard streams. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { call, freshHome, type Home } from './session.ts';

const MAIN = join(import.meta.dir, '..', '..', 'cli', 'main.ts');

let home: Home;
let client: Client;

beforeAll(async () => {
  home = freshHome();
  client = await connected();
});

afterAll(async () => {
  await client.close();
  home.remove();
});

async function connected(): Promise<Client> {
  const made = new Client({ name: 'probe', version: '1' });
  const env = { PATH: process.env.PATH ?? '', HOME: home.path, OPCODE_HOME: home.path };
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'mcp', '--no-daemon'],
    env,
    stderr: 'ignore',
  });
  await made.connect(transport);
  return made;
}

test('runs a shell step in the work folder of the home', async () => {
  const definition = { steps: [{ id: 'where', run: 'pwd' }] };
  const { data } = await call(client, 'opcode_run', { definition });
  expect(data).toMatchObject({
    status: 'completed',
    output: { where: { stdout: expect.stringContaining(join(home.path, 'work')) } },
  });
});

test('what it left open goes on with the next one', async () => {
  const first = await connected();
  const definition = { steps: [{ id: 'nap', type: 'wait', config: { duration: '400ms' } }] };
  const { data } = await call(first, 'opcode_run', { definition, wait: 0 });
  await first.close();
  const args = { workflow_id: data.workflow_id, wait: '2m' };
  expect((await call(client, 'opcode_status', args)).data.status).toBe('completed');
});
