/**
 * One story told by every client that people use, against the executable: define, run until it asks,
 * see the question, answer it, look, draw.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/processes.ts';
import { newWorld } from '../../e2e/opcode.ts';
import { TEST_MS } from '../../support/patience.ts';
import { ASKING } from '../session.ts';
import type { ClientKind, TestClient } from './client.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';
import { inspect, inspectorKinds } from './inspector.ts';
import { mcporterKinds, seedServer } from './mcporter.ts';
import { findPrograms } from './programs.ts';
import { SDK_1 } from './sdk-1.ts';
import { SDK_2 } from './sdk-2.ts';

const programs = await findPrograms();
const others = programs === null ? [] : [...mcporterKinds(programs), ...inspectorKinds(programs)];
const KINDS: readonly ClientKind[] = [...SDK_1, ...SDK_2, ...others];

const PNG = 'iVBORw0KGgo';

let daemon: DaemonProcess;

beforeAll(async () => {
  daemon = await startDaemonProcess();
});

afterAll(() => daemon.stop());

const TOOLS = ['run', 'status', 'signal', 'define', 'query', 'diagram'];

async function tell(client: TestClient, kind: ClientKind, name: string): Promise<void> {
  const prefix = kind.names === 'dots' ? 'opcode.' : 'opcode_';
  expect(await client.tools()).toEqual(TOOLS.map((tool) => `${prefix}${tool}`));

  const defined = await client.call('define', { name, definition: ASKING });
  expect(defined.data).toMatchObject({ name, version: 1, created: true });

  const asked = await client.call('run', { template_name: name });
  expect(asked.data).toMatchObject({
    status: 'suspended',
    pending_decisions: [{ step_id: 'approve', prompt: 'Deploy?' }],
    next: { tool: `${prefix}signal` },
  });
  const { workflow_id } = asked.data;

  const seen = await client.call('status', { workflow_id });
  expect(seen.data).toMatchObject({
    status: 'suspended',
    pending_decisions: [{ step_id: 'approve', options: [{ id: 'yes' }, { id: 'no' }] }],
  });

  const signal_type = 'decision';
  const signalled = await client.call('signal', {
    workflow_id,
    signal_type,
    payload: { choice: 'yes' },
  });
  expect(signalled.data).toMatchObject({ ok: true, resumed: true, status: 'completed' });

  const filter = { workflow_id };
  const found = await client.call('query', { resource: 'decisions', filter });
  expect(found.data).toMatchObject({
    decisions: [{ step_id: 'approve', status: 'resolved', resolution: { choice: 'yes' } }],
  });

  const ascii = await client.call('diagram', { workflow_id, format: 'ascii' });
  expect(ascii.text).toContain('approve');
  const image = await client.call('diagram', { workflow_id, format: 'image' });
  expect(image.image).toStartWith(PNG);
}

describe('the story is told by', () => {
  test.each(KINDS.map((kind) => [kind.name, kind] as const))(
    '%s',
    async (name, kind) => {
      const world = newWorld();
      const client = await kind.connect(daemon, world);
      try {
        await tell(client, kind, name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase());
      } finally {
        await client.close();
        if (kind.stdio === true) expect((await world.run('stop')).code).toBe(0);
        world.close();
      }
    },
    TEST_MS,
  );
});

describe.if(programs !== null)('the inspector', () => {
  test(
    'finds no argument of a tool that a client could stumble over',
    async () => {
      if (programs === null) return;
      const world = newWorld();
      const target = [`${daemon.url}/mcp`, '--transport', 'http'];
      const { code, stderr } = await inspect(programs, world, target, 'tools/list', '--strict');
      expect(code).toBe(0);
      expect(stderr).not.toContain('inputSchema');
      world.close();
    },
    TEST_MS,
  );

  test.each([
    ['resources/templates/list', [], 'opcode://runs/{id}/diagram'],
    ['resources/read', ['--uri', 'opcode://templates/looked-at'], 'approve'],
    ['prompts/list', [], 'triage_run'],
    [
      'prompts/get',
      ['--prompt-name', 'define_workflow', '--prompt-args', 'name=x'],
      'opcode_define',
    ],
  ])(
    '%s',
    async (method, args, shown) => {
      if (programs === null) return;
      const world = newWorld();
      const definer = await SDK_1[1]?.connect(daemon, world);
      await definer?.call('define', { name: 'looked-at', definition: ASKING });
      const target = [`${daemon.url}/mcp`, '--transport', 'http'];
      const { code, stdout } = await inspect(programs, world, target, method, ...args);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(shown) });
      await definer?.close();
      world.close();
    },
    TEST_MS,
  );
});

describe('the configuration that must always work', () => {
  test('names the SSE endpoint at localhost', () => {
    expect(seedServer(4100)).toEqual({ type: 'sse', url: 'http://localhost:4100/sse' });
  });

  test('is the one that the front page shows', () => {
    const page = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const shown = [...page.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, text = '']) => text);
    const servers = shown.flatMap((text) => JSON.parse(text).mcpServers?.opcode ?? []);
    expect(servers).toContainEqual(seedServer(4100));
  });

  test('connects a client', async () => {
    const kind = SDK_1[0];
    const { url } = seedServer(daemon.port);
    expect(new URL(url).hostname).toBe('localhost');
    const there = { ...daemon, url: url.replace(/\/sse$/, '') };
    const client = await kind?.connect(there, daemon.world);
    expect(await client?.tools()).toContain('opcode.run');
    await client?.close();
  });
});
