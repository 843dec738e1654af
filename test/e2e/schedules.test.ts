/** Schedules of real daemons: killed at any moment, and two by mistake, they start each time once. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon, writeSettings } from './daemon.ts';
import { newWorld, type World } from './opcode.ts';

let world: World;
let daemons: DaemonProcess[];
beforeEach(async () => {
  world = newWorld();
  daemons = [];
  const file = world.file('tick.json', {
    steps: [{ id: 'log', action: 'workflow.log', params: { message: 'tick' } }],
  });
  const defined = await world.run('define', file, '--name', 'tick');
  expect(defined.code).toBe(0);
});
afterEach(async () => {
  await Promise.all(daemons.map(end));
  world.close();
});

async function daemonOn(place: World): Promise<DaemonProcess> {
  const daemon = await startDaemon(place);
  daemons.push(daemon);
  return daemon;
}

interface Occurrence {
  readonly due_at: string;
  readonly outcome: string;
  readonly run?: { readonly workflow_id: string; readonly status: string };
}
const history = async (): Promise<Occurrence[]> =>
  (await world.run('schedule', 'history', 'ticker', '--limit', '500', '--json')).json<{
    occurrences: Occurrence[];
  }>().occurrences;
const startedOf = (all: readonly Occurrence[]): Occurrence[] =>
  all.filter(({ outcome }) => outcome === 'started');

const add = (...more: string[]) =>
  world.run('schedule', 'add', 'ticker', 'tick', '@every 1s', '--overlap', 'allow', ...more);

/** Every time of the schedule was decided, and each run belongs to one of them. */
async function expectSound(): Promise<void> {
  const all = await history();
  const times = all.map(({ due_at }) => Date.parse(due_at)).sort((a, b) => a - b);
  const [first = 0] = times;
  expect(times).toEqual(times.map((_, index) => first + index * 1000));
  const ids = startedOf(all).map(({ run }) => run?.workflow_id ?? 'none');
  expect(new Set(ids).size).toBe(ids.length);
  const { workflows } = (await world.run('query', 'workflows', '--limit', '500', '--json')).json<{
    workflows: { workflow_id: string }[];
  }>();
  expect(workflows.map((run) => run.workflow_id).sort()).toEqual([...ids].sort());
}

describe('a schedule of every second', () => {
  test('is told that nothing fires without a daemon', async () => {
    const added = await add();
    expect(added.code).toBe(0);
    expect(added.stderr).toContain('No daemon lives');
  });

  test(
    'misses no time and doubles none while its daemon is killed again and again',
    async () => {
      await add('--catch-up', 'all');
      for (let round = 0; round < 4; round++) {
        const daemon = await daemonOn(world);
        const before = startedOf(await history()).length;
        const enough = before + 1 + round;
        await eventually(
          async () => startedOf(await history()).length >= enough,
          'times were started',
        );
        daemon.signal('SIGKILL');
        await daemon.exited;
      }
      await daemonOn(world);
      await eventually(async () => {
        const all = await history();
        return all.length > 8 && all.every(({ run }) => run?.status === 'completed');
      }, 'all runs have ended');
      const all = await history();
      expect(all.every(({ outcome }) => outcome === 'started')).toBe(true);
      await world.run('schedule', 'disable', 'ticker');
      await expectSound();
    },
    { timeout: TEST_MS },
  );

  test(
    'starts each time once under two daemons',
    async () => {
      const other = newWorld();
      const db_path = join(world.home, 'opcode.db');
      mkdirSync(other.home, { recursive: true, mode: 0o700 });
      writeSettings(other.home, { db_path });
      try {
        await daemonOn(world);
        await daemonOn(other);
        await add();
        await eventually(async () => startedOf(await history()).length >= 5, 'times were started');
        await world.run('schedule', 'disable', 'ticker');
        await expectSound();
      } finally {
        await Promise.all(daemons.splice(0).map(end));
        other.close();
      }
    },
    { timeout: TEST_MS },
  );
});
