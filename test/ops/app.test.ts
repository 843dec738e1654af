/** The catalogue over everything that ships: a database file, real actions, compute processes. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { person, steps } from './harness.ts';

let home = '';
const opened: App[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-ops-'));
});
afterEach(async () => {
  for (const app of opened.splice(0).reverse()) await app.close();
  rmSync(home, { recursive: true, force: true });
});

async function open(execute: boolean, claims = false): Promise<App> {
  const config = loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home }, home });
  const app = await openApp(config, { execute, claims, role: claims ? 'serve' : 'cli' });
  opened.push(app);
  return app;
}

const here = { ...person, exec: { cwd: '/', env: { PATH: process.env.PATH ?? '' } } };
const shell = { id: 'sh', run: 'echo hello; echo oops >&2' };

describe('a process that executes', () => {
  test('runs shell steps and shows what they printed', async () => {
    const { ops } = await open(true);
    const result = await ops.run(here, { definition: steps(shell) });
    expect(result).toMatchObject({
      status: 'completed',
      output: { sh: { stdout_raw: 'hello\n', exit_code: 0 } },
    });
    const printed: string[] = [];
    for await (const chunk of ops.followLogs(here, { workflow_id: '@last' })) {
      printed.push(`${chunk.stream}: ${chunk.text}`);
    }
    expect(printed.sort()).toEqual(['stderr: oops\n', 'stdout: hello\n']);
    const { chunks } = await ops.logs(here, { workflow_id: '@last', step_id: 'sh' });
    expect(chunks).toHaveLength(2);
  });

  test('evaluates inputs before the run and expressions in it', async () => {
    const { ops } = await open(true);
    const expr = { id: 'e', action: 'expr.eval', params: { expression: 'inputs.n * 2' } };
    const result = await ops.run(here, {
      definition: { ...steps(expr), inputs: { n: '${{context.base + 1}}' }, context: { base: 3 } },
    });
    expect(result).toMatchObject({ status: 'completed', output: { e: { result: 8 } } });
  });
});

describe('two processes over one file', () => {
  test('a run left by one is executed by the other, and both see it', async () => {
    const daemon = await open(true, true);
    const client = await open(false);
    const result = await client.ops.run(here, { definition: steps(shell), wait: '2m' });
    expect(result).toMatchObject({ status: 'completed' });
    const { nodes, without_executor } = await client.ops.nodes(here, {});
    expect(nodes.map((node) => node.role)).toEqual(['serve']);
    expect(without_executor).toBe(0);
    const { workflows } = await daemon.ops.query(here, { resource: 'workflows' });
    expect(workflows).toHaveLength(1);
  });

  test('a signal sent by one is applied by the other', async () => {
    await open(true, true);
    const client = await open(false);
    const wait = { id: 'w', type: 'wait', config: { signal: 'go' } };
    const run = await client.ops.run(here, { definition: steps(wait), wait: '2m' });
    expect(run).toMatchObject({ status: 'suspended' });
    const answer = await client.ops.signal(here, {
      workflow_id: '@last',
      signal_type: 'data',
      name: 'go',
      payload: { n: 1 },
      wait: '2m',
    });
    expect(answer).toMatchObject({ status: 'completed', output: { w: { payload: { n: 1 } } } });
  });
});

describe('pictures', () => {
  test('are drawn by a compute process', async () => {
    const { ops } = await open(false);
    const definition = steps(shell);
    const svg = await ops.diagram(here, { definition, format: 'svg' });
    expect(svg.text).toContain('<svg');
    const png = await ops.diagram(here, { definition, format: 'image' });
    expect(
      Buffer.from(png.data_base64 ?? '', 'base64')
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });
});
