/**
 * Both stores are told the same random things and must answer the same, call for call, and then show
 * the same in everything that can be read.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import fc from 'fast-check';
import { asNodeId, asRunId, type RunId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import type { StartKey } from '../../src/model/keys.ts';
import {
  type AskedPlace,
  type PlaceChange,
  type Queue,
  type QueueLimit,
  templateGroup,
  type WhenFull,
} from '../../src/model/place.ts';
import { isRunEnded, RUN_STATUSES } from '../../src/model/run-status.ts';
import type { NewRun, RunAppend, Store } from '../../src/model/store.ts';
import { ENDED_STATUSES } from '../../src/model/upkeep-store.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import {
  append,
  completed,
  custom,
  decision,
  message,
  newRun,
  node,
  patch,
  startFacts,
  T0,
  template,
} from '../contract/store-fixtures.ts';
import { TEST_MS } from '../support/patience.ts';
import { aNoticeOperation, noticesOf } from './notice-operations.ts';
import { aScheduleOperation, schedulesOf } from './schedule-operations.ts';
import { type TempDatabases, tempDatabases } from './sqlite/temp-database.ts';

const RUNS = ['ra', 'rb', 'rc', 'sd'];
const NODES = ['n1', 'n2', 'n3'];

/** Does one thing to a store; what it needs to know of the state it reads from the store itself. */
type Operation = (store: Store) => unknown;

const aRun = fc.constantFrom(...RUNS);
const aNode = fc.constantFrom(...NODES).map(asNodeId);
const aTime = fc.integer({ min: 0, max: 30 }).map((ms) => T0 + ms);
const maybeTime = fc.option(aTime, { nil: null });
const dead = fc.subarray(NODES.map(asNodeId));
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.constant('large '.repeat(4000)),
  fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as Json),
);

const QUEUES: readonly Queue[] = [
  { group: templateGroup('t1'), key: 'c' },
  { group: templateGroup('t1'), key: 'd' },
];
const aQueue = fc.constantFrom(...QUEUES);
const asked = (queue: Queue, limit: number | null, whenFull: WhenFull): AskedPlace => ({
  ...queue,
  limit,
  isCommon: limit !== 2,
  whenFull,
});
const anAsked = fc
  .record({
    queue: aQueue,
    limit: fc.constantFrom(1, 1, 2, null),
    whenFull: fc.constantFrom<WhenFull>('queue', 'queue', 'reject', 'replace'),
  })
  .map(({ queue, limit, whenFull }) => asked(queue, limit, whenFull));
const aPlace = fc.option(anAsked, { nil: null });
const aLimit = fc.constantFrom<QueueLimit>(null, { limit: 1 }, { limit: 2 }, { limit: null });
const aChange: fc.Arbitrary<PlaceChange | null> = fc.option(
  fc.record(
    {
      takes: fc.record({ asked: anAsked, expects: fc.constantFrom('holds', 'waits') }),
      leaves: fc.record({ limit: aLimit }),
    },
    { requiredKeys: [] },
  ),
  { nil: null },
);

const aNewRun: fc.Arbitrary<NewRun> = fc
  .record({
    id: aRun,
    createdAt: aTime,
    claimableFrom: aTime,
    key: fc.constantFrom(null, 'k1', 'k2'),
    fingerprint: fc.constantFrom('f', 'g'),
    place: aPlace,
    template: fc.constantFrom(null, 't1', 't2'),
    agentId: fc.constantFrom(null, 'ann'),
    parent: fc.option(aRun, { nil: null }),
  })
  .map(({ id, key, fingerprint, template: name, agentId, parent, ...rest }) =>
    newRun(id, {
      ...rest,
      start: startFacts({
        ...{ name, template: name, agentId },
        parent: parent === null ? null : { runId: parent, path: 'a', depth: 1 },
      }),
      idempotency: key === null ? null : keyOf(key, fingerprint, rest.claimableFrom % 3),
    }),
  );

/** Of before, or of now with or without one of before in the other scope. */
const keyOf = (key: string, fingerprint: string, kind: number): StartKey =>
  kind === 0
    ? { scope: 's', key, fingerprint }
    : {
        scope: kind === 1 ? 'o' : 'p',
        key,
        fingerprint,
        earlier: { scope: 's', fingerprint: 'f' },
      };

const aMessage = fc
  .record({
    id: aRun,
    receivedAt: aTime,
    body: value,
    idempotencyKey: fc.constantFrom(null, 'm', 'n'),
    fingerprint: fc.constantFrom(null, 'f', 'g'),
  })
  .map(({ id, fingerprint, ...rest }) =>
    message(id, {
      ...rest,
      ...(fingerprint === null ? {} : { keyed: { fingerprint, earlier: 'n' } }),
    }),
  );

interface AppendPlan {
  readonly run: string;
  readonly stale: 'no' | 'owner' | 'epoch' | 'seq';
  readonly outputs: readonly Json[];
  readonly status: (typeof RUN_STATUSES)[number];
  readonly wakeAt: number | null;
  readonly release: boolean;
  readonly paused: boolean;
  readonly settle: boolean;
  readonly decides: boolean;
  readonly sends: readonly ReturnType<typeof message>[];
  readonly create: NewRun | null;
  readonly child: NewRun | null;
  readonly place: PlaceChange | null;
}

const aPlan: fc.Arbitrary<AppendPlan> = fc.record({
  run: aRun,
  stale: fc.constantFrom('no', 'no', 'no', 'owner', 'epoch', 'seq'),
  outputs: fc.array(value, { maxLength: 3 }),
  status: fc.constantFrom(...RUN_STATUSES),
  wakeAt: maybeTime,
  release: fc.boolean(),
  paused: fc.boolean(),
  settle: fc.boolean(),
  decides: fc.boolean(),
  sends: fc.array(aMessage, { maxLength: 2 }),
  create: fc.option(aNewRun, { nil: null, freq: 3 }),
  child: fc.option(aNewRun, { nil: null, freq: 4 }),
  place: aChange,
});

/** The append a holder of the run would make, or one that is out of date in one respect. */
function toAppend(store: Store, plan: AppendPlan): RunAppend {
  const id = plan.create?.runId ?? asRunId(plan.run);
  const head = plan.create === null ? store.head(id) : null;
  const seq = (head?.seq ?? 0) + (plan.stale === 'seq' && plan.create === null ? 1 : 0);
  const owner = plan.stale === 'owner' ? asNodeId('nx') : (head?.owner ?? asNodeId('n1'));
  return append(id, {
    owner,
    epoch: (head?.epoch ?? 1) + (plan.stale === 'epoch' ? 1 : 0),
    expectedSeq: seq,
    events: plan.outputs.map((output, index) =>
      index % 2 === 0 ? completed(seq + 1 + index, output) : custom(seq + 1 + index, output),
    ),
    create: plan.create === null ? null : { ...plan.create, place: null },
    patch: patch({
      status: plan.status,
      paused: plan.paused,
      wakeAt: plan.wakeAt,
      release: plan.release,
      updatedAt: T0 + seq,
      endedAt: isRunEnded(plan.status) ? T0 + seq : null,
      waitingFor: plan.paused ? [{ step_id: 'a', kind: 'signal', name: 'go' }] : [],
    }),
    decisions: plan.decides
      ? [decision(id, seq, { status: plan.paused ? 'resolved' : 'pending' })]
      : [],
    settled: plan.settle
      ? store
          .unsettled(id)
          .slice(0, 1)
          .map((row) => ({ inboxId: row.id, ok: true, result: {} }))
      : [],
    sends: plan.sends,
    ...(plan.place === null ? {} : { place: plan.place }),
    children: plan.child === null ? [] : [{ ...plan.child, idempotency: null }],
  });
}

const anOperation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(aPlan, { minLength: 1, maxLength: 3 })
      .map((plans) => (store: Store) => store.append(plans.map((plan) => toAppend(store, plan)))),
  },
  { weight: 3, arbitrary: aNewRun.map((run) => (store: Store) => store.createPending(run)) },
  {
    weight: 1,
    arbitrary: fc.tuple(aQueue, aLimit).map(
      ([queue, limit]) =>
        (store: Store) =>
          store.handOnPlaces(queue, limit, T0),
    ),
  },
  { weight: 3, arbitrary: aMessage.map((sent) => (store: Store) => store.send(sent)) },
  {
    weight: 4,
    arbitrary: fc.tuple(aRun, aNode, dead).map(
      ([run, who, gone]) =>
        (store: Store) =>
          store.claim(asRunId(run), who, gone),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(aRun, aNode, maybeTime).map(([run, who, wakeAt]) => (store: Store) => {
      const id = asRunId(run);
      return store.release(id, who, store.head(id)?.epoch ?? 0, wakeAt);
    }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(aNode, aTime).map(([who, leaseUntil]) => (store: Store) => {
      if (!store.renew(who, leaseUntil)) store.register(node(who, { leaseUntil }));
    }),
  },
  { weight: 6, arbitrary: aScheduleOperation },
  { weight: 6, arbitrary: aNoticeOperation },
  { weight: 1, arbitrary: aNode.map((who) => (store: Store) => store.remove(who)) },
  { weight: 1, arbitrary: dead.map((gone) => (store: Store) => store.noteDeaths(gone)) },
  {
    weight: 2,
    arbitrary: fc.tuple(aRun, dead).map(([run, gone]) => (store: Store) => {
      const removed = store.removeRuns([asRunId(run)], gone);
      return [removed, store.clearRemoved(1000).done];
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        status: fc.constantFrom(...ENDED_STATUSES),
        endedBefore: aTime,
        keepLast: fc.constantFrom(0, 1, 2),
        dead,
        limit: fc.constantFrom(1, 10),
      })
      .map((filter) => (store: Store) => store.expiredRuns(filter)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', 'b'), fc.constantFrom(null, 'one', 'two'), fc.boolean())
      .map(([name, description, archive]) => (store: Store) => {
        if (archive) return store.setArchived(name, true);
        const first = template(name);
        return store.define({ ...first, pack: { ...first.pack, description } });
      }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(aRun, fc.constantFrom('a', 'b')).map(([run, path]) => (store: Store) => {
      const chunk = { runId: asRunId(run), path, attempt: 1, stream: 'stdout', text: 't', at: T0 };
      store.appendLogs([{ ...chunk, stream: 'stdout' }]);
    }),
  },
);

/** The items of all pages, page by page; cursors are opaque and each store's own. */
function pages<T>(
  read: (cursor: string | undefined) => { items: readonly T[]; nextCursor: string | null },
) {
  const all: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = read(cursor);
    all.push(page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

const ofRun = (store: Store, run: RunId) => ({
  head: store.head(run),
  row: store.run(run),
  events: store.events(run, 1, 50),
  tail: store.tail(2, 50, run),
  unsettled: store.unsettled(run),
  logs: store.logs(run, 0, 50),
  byRun: store.queryEvents({ limit: 50, runId: run }),
  decisions: store.queryDecisions({ limit: 50, runId: run }),
  children: store.queryRuns({ limit: 50, parentId: run }),
});

const everything = (store: Store) => ({
  runs: RUNS.map((run) => ofRun(store, asRunId(run))),
  tail: store.tail(0, 1000),
  last: store.lastEventId(),
  claimable: [0, 10, 30].flatMap((ms) =>
    [[], NODES.slice(0, 2)].map((gone) => store.claimable(T0 + ms, gone.map(asNodeId), 3)),
  ),
  wake: [0, 10, 30].map((ms) => store.nextWakeAt(T0 + ms)),
  without: [store.countWithoutExecutor([]), store.countWithoutExecutor([asNodeId('n1')])],
  mail: NODES.map((who) => store.runsWithUnsettled(asNodeId(who))),
  rows: Array.from({ length: 20 }, (_, index) => store.row(index + 1)),
  counts: store.countRuns(),
  ids: [store.findIds('r', 2), store.findIds('', 9), store.latestId()],
  places: QUEUES.map((queue) => [
    store.placeHolders(queue, 9),
    RUNS.map((run) => store.place(asRunId(run))),
  ]),
  queues: [store.waitingQueues(null), store.waitingQueues(QUEUES[0]?.group ?? null)],
  judged: RUNS.map((run) =>
    store.judgePlace(asked(QUEUES[0] as Queue, 2, 'queue'), {
      runId: asRunId('new'),
      parentId: asRunId(run),
    }),
  ),
  allRuns: pages((cursor) => store.queryRuns({ limit: 2, ...(cursor && { cursor }) })),
  someRuns: pages((cursor) =>
    store.queryRuns({ limit: 1, status: ['active', 'pending'], ...(cursor && { cursor }) }),
  ),
  ofTemplate: store.queryRuns({ limit: 9, template: 't1', agentId: 'ann', since: T0 + 5 }),
  allEvents: pages((cursor) => store.queryEvents({ limit: 3, ...(cursor && { cursor }) })),
  customEvents: store.queryEvents({ limit: 9, types: ['custom'], until: T0 + 3 }),
  pending: pages((cursor) =>
    store.queryDecisions({ limit: 1, status: 'pending', ...(cursor && { cursor }) }),
  ),
  schedules: schedulesOf(store),
  notices: noticesOf(store),
  nodes: store.nodes(),
  templates: [store.templateNames(), store.templates(9), store.template('a', 1)],
});

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

test(
  'memory and SQLite agree about everything',
  async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(anOperation, { minLength: 5, maxLength: 30 }),
        async (operations) => {
          round += 1;
          const memory = createMemoryStore();
          const sqlite = files.open({ path: `${files.path}-${round}` });
          for (const operation of operations) {
            const expected = await operation(memory);
            expect(await operation(sqlite)).toEqual(expected);
          }
          expect(everything(sqlite)).toEqual(everything(memory));
          sqlite.close();
        },
      ),
      { numRuns: 60 },
    );
  },
  { timeout: TEST_MS },
);
