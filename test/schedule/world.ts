/**
 * Schedulers over a store, with a clock that stands still until a test lets time pass, and runs that
 * end when a test says so.
 */
import { createHash } from 'node:crypto';
import { asRunId, type RunId } from '../../src/model/ids.ts';
import type { ToldFact } from '../../src/model/notice.ts';
import type { Logger } from '../../src/model/ports.ts';
import {
  nextOf,
  type OccurrenceRow,
  type ScheduleCalculator,
  type ScheduleRow,
  type ScheduleStarter,
} from '../../src/model/schedule.ts';
import type { Store } from '../../src/model/store.ts';
import { createCalculator } from '../../src/schedule/calculator.ts';
import { createScheduler, type Scheduler } from '../../src/schedule/scheduler.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ZoneSource } from '../../src/zones/source.ts';
import { append, completed, newRun, patch } from '../contract/store-fixtures.ts';
import { schedule } from '../contract/store-schedules.ts';
import { createHandClock, type HandClock } from '../runtime/hand-clock.ts';

export const START = Date.parse('2026-01-01T00:00:00Z');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const calculator = createCalculator(sha256);

/** A calculator with rules of zones of its own. */
export const calculatorOf = (source: ZoneSource): ScheduleCalculator =>
  createCalculator(sha256, () => source);

export interface World {
  readonly store: Store;
  readonly clock: HandClock;
  readonly told: ToldFact[];
  /** Runs that were begun, in order. */
  readonly executed: RunId[];
  /** What `prepare` answers instead of a run, when set. */
  refusal: { outcome: 'skipped' | 'failed'; reason: string } | null;
  add(change: Partial<ScheduleRow> & { expression: string }, by?: ScheduleCalculator): ScheduleRow;
  /** Starts a scheduler; several are several daemons. */
  daemon(store?: Store, by?: ScheduleCalculator): Scheduler;
  /** What daemons have warned of. */
  readonly warned: string[];
  /** Lets time pass, and everything that is due happen. */
  pass(ms: number): Promise<void>;
  end(runId: RunId, status: 'completed' | 'failed' | 'suspended'): Promise<void>;
  /** `MM:SS outcome` of each occurrence, oldest first. */
  seen(id?: string): string[];
  all(id?: string): readonly OccurrenceRow[];
  close(): Promise<void>;
}

const ignore = (): void => undefined;
const QUIET: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const TURNS = 12;

export function createWorld(store: Store = createMemoryStore()): World {
  const clock = createHandClock(START);
  const daemons: Scheduler[] = [];
  let ids = 0;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
  };
  const world: World = {
    store,
    clock,
    told: [],
    executed: [],
    warned: [],
    refusal: null,
    add({ expression, ...change }, by = calculator) {
      const row = schedule('s', {
        expression,
        createdAt: clock.now(),
        countedFrom: START,
        ...change,
      });
      const next = nextOf(by, row, clock.now());
      const added = {
        ...row,
        ...next,
        ...(change.nextAt === undefined ? {} : { nextAt: change.nextAt }),
      };
      store.addSchedule(added);
      return added;
    },
    daemon(over = store, by = calculator) {
      const starter: ScheduleStarter = {
        prepare: (row, { dueAt }) => {
          if (world.refusal !== null) return Promise.resolve({ ok: false, ...world.refusal });
          ids += 1;
          const run = newRun(`${row.id}-${dueAt - START}-${ids}`, {
            createdAt: clock.now(),
            claimableFrom: clock.now(),
          });
          return Promise.resolve({ ok: true, run, sends: [] });
        },
        execute: async (runId) => void world.executed.push(runId),
      };
      const warn = (message: string, fields?: object): void =>
        void world.warned.push(`${message} ${JSON.stringify(fields)}`);
      const log = { ...QUIET, warn };
      const deps = { store: over, clock, calculator: by, starter, log };
      const made = createScheduler({ ...deps, tell: (fact) => world.told.push(fact) });
      daemons.push(made);
      return made;
    },
    async pass(ms) {
      await settle();
      const until = clock.monotonic() + ms;
      while (clock.fireNext(until)) await settle();
      await settle();
    },
    async end(runId, status) {
      const { owner } = append('x');
      const head = store.head(runId);
      const claim = head?.owner === owner ? head : store.claim(runId, owner, []);
      if (claim === null || head === null) throw new Error(`${runId} cannot be claimed`);
      const ended = status !== 'suspended';
      await store.append([
        append(runId, {
          epoch: claim.epoch,
          expectedSeq: head.seq,
          events: [completed(head.seq + 1)],
          patch: patch({
            status,
            updatedAt: clock.now(),
            endedAt: ended ? clock.now() : null,
            release: ended,
            error: status === 'failed' ? { code: 'EXECUTION_ERROR', message: 'it broke' } : null,
          }),
        }),
      ]);
      if (ended) for (const each of daemons) each.runEnded(runId);
      await settle();
    },
    seen: (id = 's') =>
      world
        .all(id)
        .map((row) => `${new Date(row.dueAt).toISOString().slice(14, 19)} ${row.outcome}`),
    all: (id = 's') => [...store.occurrences({ scheduleId: id, limit: 10_000 }).items].reverse(),
    async close() {
      clock.auto = true;
      await Promise.all(daemons.map((each) => each.close()));
      clock.stop();
      store.close();
    },
  };
  return world;
}

/** The runs of a schedule, oldest first. */
export const runsOf = (world: World, id = 's'): RunId[] =>
  world.all(id).flatMap(({ run }) => (run === null ? [] : [asRunId(run.runId)]));
