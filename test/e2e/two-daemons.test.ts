/** Two daemons by mistake on one database: they share its runs, and one that was stopped writes nothing stale. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon, writeSettings } from './daemon.ts';
import { flow, newWorld, type World } from './opcode.ts';

const LEASE = '2s';
/** Of the loop that is caught; its tenth of a second each is longer than the lease. */
const ITEMS = 30;

// Several processes at a time, on a machine that may have other work.
setDefaultTimeout(TEST_MS);

let first: World;
let second: World;
let daemons: DaemonProcess[];
beforeEach(() => {
  [first, second] = [newWorld(), newWorld()];
  const db_path = join(first.home, 'opcode.db');
  for (const { home } of [first, second]) {
    mkdirSync(home, { mode: 0o700 });
    writeSettings(home, { db_path, 'ownership.lease': LEASE });
  }
  daemons = [];
});
afterEach(async () => {
  for (const daemon of daemons) {
    daemon.signal('SIGCONT');
    await end(daemon);
  }
  first.close();
  second.close();
});

async function daemonOn(world: World): Promise<DaemonProcess> {
  const daemon = await startDaemon(world);
  daemons.push(daemon);
  return daemon;
}

interface Run {
  readonly workflow_id: string;
  readonly status: string;
}
const runs = async (): Promise<Run[]> =>
  (await first.run('query', 'workflows', '--limit', '500', '--json')).json<{ workflows: Run[] }>()
    .workflows;
const areDone = async (): Promise<boolean> =>
  (await runs()).every(({ status }) => status === 'completed');

const lines = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n');

/** One that is stopped while it writes would keep everybody from writing: it is let on to its commit. */
async function stopOutsideTransactions(daemon: DaemonProcess): Promise<void> {
  const database = new Database(join(first.home, 'opcode.db'));
  const isFree = (): boolean => {
    daemon.signal('SIGSTOP');
    try {
      database.run('BEGIN IMMEDIATE');
      database.run('ROLLBACK');
      return true;
    } catch {
      daemon.signal('SIGCONT');
      return false;
    }
  };
  await eventually(isFree, 'it is stopped between two transactions');
  database.close();
}

interface Event {
  readonly sequence: number;
  readonly event_type: string;
  readonly step_id?: string;
}
const eventsOf = async (id: string): Promise<Event[]> =>
  (await first.run('events', id, '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

describe('two daemons on one database', () => {
  test('share its runs, and every step runs once', async () => {
    const sink = join(first.folder, 'marks.txt');
    const mark = { run: `echo "$OPCODE_IDEMPOTENCY_KEY" >> '${sink}'` };
    const steps = [
      { id: 'one', ...mark },
      { id: 'wait', type: 'wait', config: { duration: '300ms' }, depends_on: ['one'] },
      { id: 'two', ...mark, depends_on: ['wait'] },
    ];
    await first.run('define', first.file('marks.json', flow('marks', steps)));
    await Promise.all([daemonOn(first), daemonOn(second)]);
    const started = Array.from({ length: 12 }, (_, at) =>
      (at % 2 === 0 ? first : second).run('run', 'marks', '--detach'),
    );
    expect((await Promise.all(started)).map(({ code }) => code)).toEqual(Array(12).fill(0));
    await eventually(areDone, 'all have ended');
    expect(new Set(lines(sink)).size).toBe(24);
    expect(lines(sink)).toHaveLength(24);
    for (const daemon of daemons) expect(daemon.log()).not.toMatch(/"level":"(warn|error)"/);
  });

  test(
    'one that was stopped past its lease has lost its runs, and writes nothing of them',
    async () => {
      const sink = join(first.folder, 'marks.txt');
      const body = [
        { id: 'mark', run: `sleep 0.1; echo \${{loop.index}} >> '${sink}'`, on_interrupt: 'rerun' },
      ];
      const loop = { id: 'loop', type: 'loop', config: { over: 'inputs.items', body } };
      const items = Array.from({ length: ITEMS }, (_, at) => at);
      await first.run('define', first.file('loops.json', flow('loops', [loop])));
      const stopped = await daemonOn(first);
      const params = first.file('params.json', { items });
      const { stdout } = await first.run('run', 'loops', '--params', params, '--detach');
      const id = stdout.trim();
      await eventually(async () => (await eventsOf(id)).length > 20, 'it is in its loop');
      await stopOutsideTransactions(stopped);
      await daemonOn(second);
      const wasTaken = async (): Promise<boolean> =>
        (await eventsOf(id)).some((event) => event.event_type === 'workflow_interrupted');
      await eventually(wasTaken, 'the other takes it over');
      stopped.signal('SIGCONT');
      await eventually(areDone, 'it has ended');
      const events = await eventsOf(id);
      expect(events.map((event) => event.sequence)).toEqual(events.map((_, at) => at + 1));
      const taken = events.filter((event) => event.event_type === 'workflow_interrupted');
      expect(taken).toHaveLength(1);
      // Only what was in flight when it was stopped may have been done before it was done again.
      const caught = events.filter((event) => event.event_type === 'step_interrupted').length;
      expect(lines(sink).length - new Set(lines(sink)).size).toBeLessThanOrEqual(caught);
      expect(new Set(lines(sink)).size).toBe(ITEMS);
      // It goes on as an executor like any other.
      await end(daemons[1] as DaemonProcess);
      expect((await first.run('run', 'loops', '-p', 'items:=[1]', '-q')).code).toBe(0);
      expect((await first.run('verify')).code).toBe(0);
    },
    TEST_MS,
  );
});
