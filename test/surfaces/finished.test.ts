/** A finished run is told once, the same over MCP, HTTP and the command line. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { App } from '../../src/app.ts';
import { freshHome } from '../mcp/session.ts';
import {
  directly,
  inWorld,
  onCommandLine,
  overHttp,
  overMcp,
  PERSON,
  type Way,
} from './surfaces.ts';

/** A service whose answers have headers that nobody asked for. */
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => Response.json({ ok: true }, { headers: { 'x-noise': 'n'.repeat(200) } }),
});
let url = '';

beforeAll(() => {
  url = server.url.href;
});
afterAll(() => server.stop(true));

const get = (): object => ({ id: 'get', action: 'http.get', params: { url } });
const loop = (more: object = {}): object => ({
  id: 'each',
  type: 'loop',
  config: { mode: 'for_each', over: '[1,2,3,4,5,6,7,8]', body: [get()] },
  ...more,
});
const finished = (): object => ({
  steps: [loop()],
  output: { n: '${{steps.each.output.iterations}}' },
});

const tokens = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) / 4;
const answerOf = (outcome: object): Record<string, unknown> =>
  (outcome as { value: Record<string, unknown> }).value;

const run =
  (definition: () => object) =>
  (app: App): Promise<unknown> =>
    app.ops.run(PERSON, { definition: definition() as never, wait: '2m' });

describe('a loop of eight requests', () => {
  const prepared = { prepare: run(finished) };
  const asked: Way = {
    input: { workflow_id: '@last' },
    cli: ['status', '@last'],
    mcp: { tool: 'status', args: { workflow_id: '@last' } },
  };

  test('is told by its output and how its top steps ended, on every surface', async () => {
    const told = {
      status: 'completed',
      output: { n: 8 },
      steps: { each: { status: 'completed', duration_ms: expect.any(Number) } },
    };
    await inWorld(prepared, async (world) => {
      for (const outcome of [
        await directly('status', asked, world),
        await overHttp('GET', 'status', asked, world),
        await overHttp('POST', 'status', asked, world),
        await onCommandLine(asked, world),
        await overMcp({ tool: 'status', args: { workflow_id: '@last' } }, world),
      ]) {
        const { status, output, steps, events } = answerOf(outcome);
        expect({ status, output, steps }).toEqual(told);
        expect(events).toEqual([]);
      }
    });
  });

  test('costs at most 150 tokens over MCP', async () => {
    await inWorld({}, async (world) => {
      const ran = await overMcp({ tool: 'run', args: { definition: finished() } }, world);
      expect(answerOf(ran)).toMatchObject({ status: 'completed', output: { n: 8 } });
      expect(tokens(answerOf(ran))).toBeLessThanOrEqual(150);
    });
  });

  test('comes with every step when they are asked for', async () => {
    const include = ['steps'];
    const inputs: Way = {
      input: { definition: finished(), include, wait: '2m' },
      cli: ['run', '$HOME/flow.json', '--include', 'steps'],
      mcp: null,
    };
    await inWorld({ files: { 'flow.json': finished() } }, async (world) => {
      for (const outcome of [
        await directly('run', inputs, world),
        await overHttp('POST', 'run', inputs, world),
        await onCommandLine(inputs, world),
        await overMcp({ tool: 'run', args: { definition: finished(), include } }, world),
      ]) {
        expect(answerOf(outcome).steps).toMatchObject({
          each: { step_id: 'each', output: { iterations: 8 } },
          'each.iter_7.get': { status: 'completed', output: { headers: expect.any(Object) } },
        });
      }
    });
  });
});

test('a run of one step costs no more than its output and 80 tokens', async () => {
  await inWorld({}, async (world) => {
    const definition = { steps: [{ id: 'a', action: 'expr.eval', params: { expression: '1' } }] };
    const ran = await overMcp({ tool: 'run', args: { definition } }, world);
    expect(answerOf(ran)).toMatchObject({ output: { a: { result: 1 } } });
    expect(tokens(answerOf(ran))).toBeLessThanOrEqual(80);
  });
});

test('more than 200 steps are counted', async () => {
  const steps = Array.from({ length: 201 }, (_, i) => ({
    id: `s${i}`,
    action: 'expr.eval',
    params: { expression: '1' },
    ...(i === 0 ? { condition: 'false' } : {}),
  }));
  await inWorld({ prepare: run(() => ({ steps, output: {} })) }, async (world) => {
    const way: Way = { input: { workflow_id: '@last' }, cli: ['status', '@last'], mcp: null };
    const mcp = await overMcp({ tool: 'status', args: { workflow_id: '@last' } }, world);
    for (const outcome of [
      await directly('status', way, world),
      await onCommandLine(way, world),
      mcp,
    ]) {
      const { steps: listed, step_counts } = answerOf(outcome);
      expect(listed).toEqual({});
      expect(step_counts).toEqual({ completed: 200, skipped: 1 });
    }
  });
});

test('a run that failed shows what failed, and nothing twice and no headers over MCP', async () => {
  const definition = (): object => ({
    steps: [
      loop(),
      { id: 'bad', action: 'workflow.fail', params: { reason: 'no' }, depends_on: ['each'] },
    ],
  });
  const home = freshHome();
  await inWorld({}, async (world) => {
    const ran = answerOf(await overMcp({ tool: 'run', args: { definition: definition() } }, world));
    expect(Object.keys(ran.steps as object)).toEqual(['each', 'bad']);
    expect(JSON.stringify(ran)).not.toContain('x-noise');
    expect(ran.steps).toMatchObject({ bad: { status: 'failed', input: { reason: 'no' } } });
  });
  home.remove();
});
