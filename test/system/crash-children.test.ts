/** `kill -9` of the process that executes a parent and its child: the same child goes on. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { eventually, TEST_MS } from '../support/patience.ts';
import { countTypes, isAlive, newHome, openSystem, removeHome } from './support.ts';

setDefaultTimeout(TEST_MS);

const PROCESS_TO_KILL = fileURLToPath(new URL('./process-to-kill.ts', import.meta.url));

let home = '';
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  home = newHome();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  removeHome(home);
});

const lines = (name: string): string[] =>
  existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8').trim().split('\n') : [];

interface Started {
  readonly parent: string;
  readonly child: string;
  kill(): Promise<void>;
}

async function start(definition: object): Promise<Started> {
  const executor = Bun.spawn(
    [process.execPath, PROCESS_TO_KILL, home, JSON.stringify(definition)],
    {
      stdout: 'pipe',
      stderr: 'inherit',
      env: { PATH: process.env.PATH, HOME: home, TMPDIR: process.env.TMPDIR },
    },
  );
  const kill = async (): Promise<void> => {
    executor.kill('SIGKILL');
    await executor.exited;
  };
  closers.push(kill);
  const reader = executor.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  return { ...(JSON.parse(new TextDecoder().decode(value)) as Started), kill };
}

async function recover() {
  const system = await openSystem(home, {}, { claims: true });
  closers.push(() => system.close());
  const status = (id: string, until: 'ended' | 'stopped' = 'ended') =>
    system.ops.status(system.me, { workflow_id: id, wait: '2m', until, include: [...RUN_PARTS] });
  return { system, status };
}

test('a child that waited for a decision is decided in the next process, and ends both', async () => {
  const ask = { prompt_context: 'Go?', options: [{ id: 'yes' }] };
  const { parent, child, kill } = await start({
    steps: [{ id: 'ask', type: 'reasoning', config: ask }],
    output: '${{steps.ask.choice}}',
  });
  await kill();
  const { system, status } = await recover();
  expect(await status(parent, 'stopped')).toMatchObject({ status: 'suspended' });
  await system.ops.signal(system.me, {
    workflow_id: child,
    signal_type: 'decision',
    payload: { choice: 'yes' },
  });
  const ended = await status(parent);
  expect(ended).toMatchObject({
    status: 'completed',
    steps: { child: { child_id: child, output: 'yes' } },
  });
  expect(lines('log')).toEqual(['before', 'after']);
  const { workflows } = await system.ops.query(system.me, { resource: 'workflows' });
  expect(workflows?.map((run) => run.workflow_id).sort()).toEqual([parent, child].sort());
});

test('a child whose command was running runs it again, once the old one is gone', async () => {
  const { parent, child, kill } = await start({
    steps: [
      { id: 'first', run: 'echo first >> log' },
      {
        id: 'slow',
        on_interrupt: 'rerun',
        run: 'echo $$ >> pids; echo slow >> log; test $(wc -l < pids) -gt 1 || sleep 600',
        depends_on: ['first'],
      },
    ],
  });
  const pid = await eventually(() => Number(lines('pids')[0] ?? 0));
  await kill();
  expect(isAlive(pid)).toBe(true);
  const { system, status } = await recover();
  expect(await status(parent)).toMatchObject({
    status: 'completed',
    steps: { child: { child_id: child } },
  });
  expect(isAlive(pid)).toBe(false);
  expect(lines('log')).toEqual(['before', 'first', 'slow', 'slow', 'after']);
  const counts = countTypes(await system.log(child));
  expect(counts).toMatchObject({
    workflow_started: 1,
    workflow_interrupted: 1,
    step_interrupted: 1,
  });
});

test('a command of which nobody knows how it ended is asked about, on the child', async () => {
  const { parent, child, kill } = await start({
    steps: [{ id: 'slow', run: 'echo $$ >> pids; sleep 600' }],
    output: '${{steps.slow.stdout}}',
  });
  const pid = await eventually(() => Number(lines('pids')[0] ?? 0));
  await kill();
  const { system, status } = await recover();
  const stopped = await status(child, 'stopped');
  expect(isAlive(pid)).toBe(false);
  expect(stopped.pending_decisions).toMatchObject([{ kind: 'outcome_unknown', step_id: 'slow' }]);
  await system.ops.signal(system.me, {
    workflow_id: child,
    signal_type: 'decision',
    payload: { choice: 'completed', data: { stdout: 'it was done' } },
  });
  expect(await status(parent)).toMatchObject({
    status: 'completed',
    steps: { child: { output: 'it was done' } },
  });
  expect(lines('pids')).toHaveLength(1);
});
