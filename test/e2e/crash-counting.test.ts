/**
 * `kill -9` of a process again and again, each time when every step has begun once more: a step that
 * was alone is to blame at the third, runs that were killed together are held back at the ninth.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const begun = (): number => {
  const sink = join(world.folder, 'sink');
  return existsSync(sink) ? readFileSync(sink, 'utf8').length : 0;
};

/** Runs whose one step, which may be repeated, goes on until there is a file `go`. */
async function prepare(count: number): Promise<string[]> {
  const run = "printf x >> sink; until test -e go; do sleep 0.1; done; printf 'done'";
  const step = { id: 'hold', run, on_interrupt: 'rerun' };
  const file = world.file('hold.json', { steps: [step] });
  const starts = Array.from({ length: count }, () => world.run('run', file, '--detach', '--json'));
  return (await Promise.all(starts)).map((start) => start.json<View>().workflow_id);
}

interface View {
  readonly workflow_id: string;
  readonly status: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly waiting_for: readonly { readonly name?: string; readonly text: string }[];
  readonly next?: { readonly arguments?: object };
}

const statusOf = async (id: string): Promise<View> =>
  (await world.run('status', id, '--json')).json<View>();

/** So often a process takes everything on and is killed when all steps have begun in it. */
async function killTimes(times: number, runs: number): Promise<void> {
  for (let round = 0; round < times; round++) {
    const before = begun();
    const executor = world.start('recover');
    await eventually(() => begun() === before + runs, 'every step has begun');
    executor.kill('SIGKILL');
    await executor.exited;
  }
}

test(
  'runs that are killed together are never failed for it, and held back at the ninth time',
  async () => {
    const ids = await prepare(4);
    await killTimes(9, ids.length);
    // The tenth process finds nine crashes: it begins no step.
    expect((await world.run('recover')).code).toBe(0);
    expect(begun()).toBe(9 * ids.length);
    for (const id of ids) {
      const held = await statusOf(id);
      expect(held).toMatchObject({
        status: 'suspended',
        next: { arguments: { workflow_id: id, signal_type: 'resume' } },
      });
      expect(held.waiting_for).toMatchObject([
        {
          name: 'quarantined',
          text: 'it is quarantined, because processes that executed it died again and again (they caught "hold" 9 times), until "resume"',
        },
        { text: '"hold" begins when the run goes on' },
      ]);
    }
    writeFileSync(join(world.folder, 'go'), '');
    const [first = '', ...others] = ids;
    expect((await world.run('recover', first)).code).toBe(5);
    expect((await world.run('resume', first)).code).toBe(0);
    for (const id of others) await world.run('resume', id, '--detach');
    expect((await world.run('recover')).code).toBe(0);
    for (const id of ids) expect(await statusOf(id)).toMatchObject({ status: 'completed' });
  },
  TEST_MS,
);

test(
  'a run that is alone has its step failed at the third time',
  async () => {
    const [id = ''] = await prepare(1);
    await killTimes(3, 1);
    await world.run('recover');
    const { status, error } = await statusOf(id);
    expect([status, error?.code]).toEqual(['failed', 'INTERRUPTED']);
    expect(error?.message).toContain('interrupted by 3 crashes while it was running;');
    // What to do about it is a person's to say.
    writeFileSync(join(world.folder, 'go'), '');
    expect((await world.run('retry', id)).code).toBe(0);
  },
  TEST_MS,
);
