/** Random things to do with schedules, for the comparison of two stores. */
import fc from 'fast-check';
import { asRunId } from '../../src/model/ids.ts';
import { OUTCOMES, type ScheduleRow } from '../../src/model/schedule.ts';
import type { NewOccurrence } from '../../src/model/schedule-store.ts';
import type { Store } from '../../src/model/store.ts';
import { message, newRun, T0 } from '../contract/store-fixtures.ts';
import { occurrence, record, schedule } from '../contract/store-schedules.ts';

type Operation = (store: Store) => unknown;

const IDS = ['s1', 's2', 's3'];
const anId = fc.constantFrom(...IDS);
const aTime = fc.integer({ min: 0, max: 12 }).map((ms) => T0 + ms);
const maybeTime = fc.option(aTime, { nil: null });
const revisionOf = (store: Store, id: string): number => store.schedule(id)?.revision ?? 1;

const aSchedule: fc.Arbitrary<ScheduleRow> = fc
  .record({
    id: anId,
    name: fc.constantFrom('a', 'b', 'c'),
    enabled: fc.boolean(),
    fireAt: maybeTime,
    owner: fc.constantFrom(null, { template: 't', entry: { n: 1 } }),
  })
  .map(({ id, ...rest }) => schedule(id, { ...rest, nextAt: rest.fireAt }));

const PLACES = [0, 1].map((pass) => ({ zone: 'UTC', local: '2026-03-29T02:30', pass }));

const anOccurrence: fc.Arbitrary<NewOccurrence> = fc
  .record({
    dueAt: aTime,
    outcome: fc.constantFrom(...OUTCOMES),
    replaces: fc.subarray([...OUTCOMES]),
    origin: fc.constantFrom('schedule', 'manual', 'backfill'),
    starts: fc.boolean(),
    local: fc.constantFrom(null, null, ...PLACES),
  })
  .map(({ dueAt, starts, ...rest }) =>
    occurrence(dueAt, { ...rest, run: starts ? newRun(`run-${dueAt}`) : null }),
  );

const aRecord = fc
  .record({
    id: anId,
    stale: fc.boolean(),
    first: anOccurrence,
    pause: fc.constantFrom(null, null, 'too many failures'),
    next: maybeTime,
    tells: fc.boolean(),
    sends: fc.boolean(),
  })
  .map(
    ({ id, stale, first, pause, next, tells, sends }): Operation =>
      (store) => {
        // A run's id is used once; a time that has had its run cannot have another.
        const isNew = first.run !== null && store.head(first.run.runId) === null;
        const revision = revisionOf(store, id) + (stale ? 1 : 0);
        return store.record(
          record(id, revision, {
            occurrences: [{ ...first, run: isNew ? first.run : null }],
            pause,
            next:
              next === null
                ? null
                : { nextAt: next, fireAt: next, nextLocal: first.local, zoneRules: null },
            notices: tells ? [{ kind: 'schedule_missed', payload: { id } }] : [],
            sends: sends ? [message('ra')] : [],
          }),
        );
      },
  );

const aChange = fc
  .record({ id: anId, name: fc.constantFrom('a', 'd'), enabled: fc.boolean(), at: aTime })
  .map(
    ({ id, name, enabled, at }): Operation =>
      (store) => {
        return store.changeSchedule(id, revisionOf(store, id), { name, enabled, updatedAt: at });
      },
  );

const aTriggerChange = fc
  .record({
    add: aSchedule,
    remove: fc.subarray(IDS),
    hook: fc.constantFrom('h1', 'h2'),
    template: fc.constantFrom('t', 'u'),
  })
  .map(
    ({ add, remove, hook, template }): Operation =>
      (store) => {
        const isNew = store.schedule(add.id) === null || remove.includes(add.id);
        return store.applyTriggers({
          template,
          at: T0,
          add: isNew ? [add] : [],
          change: [],
          remove,
          webhooks: [
            {
              name: hook,
              template,
              secret: 'KEY',
              form: 'forge',
              equalBodies: template === 'u',
              createdAt: T0,
            },
          ],
        });
      },
  );

/** Does one thing with schedules. */
export const aScheduleOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: aRecord },
  {
    weight: 3,
    arbitrary: aSchedule.map(
      (row): Operation =>
        (store) => {
          return store.schedule(row.id) === null ? store.addSchedule(row) : null;
        },
    ),
  },
  { weight: 1, arbitrary: aChange },
  { weight: 1, arbitrary: aTriggerChange },
  {
    weight: 1,
    arbitrary: anId.map(
      (id): Operation =>
        (store) =>
          store.pruneOccurrences(id, 2),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (all): Operation =>
        (store) => {
          return all ? store.suspendSchedules('restored', T0) : store.removeSchedule('s3');
        },
    ),
  },
);

/** Everything about schedules that can be read. */
export const schedulesOf = (store: Store): unknown => ({
  rows: IDS.map((id) => store.schedule(id)),
  listed: store.schedules({ limit: 2 }),
  ofTemplate: store.schedules({ limit: 2, owner: 't' }),
  next: store.nextFireAt(),
  due: store.dueSchedules(T0 + 6, 9),
  queued: store.schedulesWithQueued(),
  waiting: IDS.map((id) => store.queuedOccurrences(id, 'itself', 9)),
  backfills: IDS.map((id) => store.queuedOccurrences(id, 'backfill', 2)),
  occurrences: IDS.map((scheduleId) => store.occurrences({ scheduleId, limit: 50 })),
  unfinished: IDS.map((id) => store.unfinishedRuns(id)),
  standing: PLACES.map((place) => store.occurrenceAt('s1', place)),
  ofRun: Array.from({ length: 12 }, (_, ms) => store.occurrenceOfRun(asRunId(`run-${T0 + ms}`))),
  notices: store.untoldScheduleNotices(99).map(({ kind, payload }) => ({ kind, payload })),
  hooks: [store.webhook('h1'), store.webhooksOf('t'), store.webhooksOf('u')],
});
