/** Contract of retention: what may go, what goes with it, and what stays. */
import { describe, expect, test } from 'bun:test';
import { asDefinitionHash, asRunId, type NodeId } from '../../src/model/ids.ts';
import type { NewRun, RunPatch, Store } from '../../src/model/store.ts';
import type { EndedStatus, ExpiredFilter } from '../../src/model/upkeep-store.ts';
import {
  append,
  creation,
  custom,
  decision,
  HASH,
  ids,
  message,
  NODE,
  node,
  OTHER,
  patch,
  startFacts,
  T0,
  template,
} from './store-fixtures.ts';

const LATER = T0 + 1000;
/** More than one value of this length is stored apart in SQLite. */
const LARGE = 'large '.repeat(4000);

const ended = (status: EndedStatus = 'completed', change: Partial<RunPatch> = {}) =>
  patch({ status, endedAt: T0 + 10, release: true, ...change });

const filter = (change: Partial<ExpiredFilter> = {}): ExpiredFilter => ({
  status: 'completed',
  endedBefore: LATER,
  keepLast: 0,
  dead: [],
  limit: 100,
  ...change,
});

const parentIs = (runId: string): Partial<NewRun> => ({
  start: startFacts({ parent: { runId, path: 'call', depth: 1 } }),
});

const expired = (store: Store, change: Partial<ExpiredFilter> = {}): readonly string[] =>
  store.expiredRuns(filter(change)).items.map((run) => run.runId);

function removeAll(store: Store, runs: readonly string[], dead: readonly NodeId[] = []) {
  const removed = store.removeRuns(ids(...runs), dead);
  let left = 1000;
  while (!store.clearRemoved(1000).done && left > 0) left -= 1;
  expect(left).toBeGreaterThan(0);
  return removed;
}

export function upkeepContract(subject: { readonly store: Store }): void {
  describe('runs that may go', () => {
    test('have ended before a time with a status, oldest first, in pages', async () => {
      const { store } = subject;
      await store.append([
        creation('new', { patch: ended('completed', { endedAt: LATER }) }, { createdAt: T0 + 1 }),
        creation('third', { patch: ended() }, { createdAt: T0 + 3 }),
        creation('first', { patch: ended() }, { createdAt: T0 + 2 }),
        creation('second', { patch: ended() }, { createdAt: T0 + 2 }),
        creation('failed', { patch: ended('failed') }),
        creation('active', { patch: patch() }),
        creation('waits', { patch: patch({ status: 'suspended', release: true }) }),
      ]);
      expect(expired(store)).toEqual(['first', 'second', 'third']);
      expect(expired(store, { status: 'failed' })).toEqual(['failed']);
      expect(expired(store, { status: 'cancelled' })).toEqual([]);
      const first = store.expiredRuns(filter({ limit: 2 }));
      expect(first.items.map((run) => String(run.runId))).toEqual(['first', 'second']);
      expect(expired(store, { cursor: first.nextCursor ?? '' })).toEqual(['third']);
    });

    test('have no living owner and no mail', async () => {
      const { store } = subject;
      store.register(node(NODE));
      store.register(node(OTHER));
      await store.append([
        creation('owned', { patch: ended('completed', { release: false }) }),
        creation('mail', { patch: ended('failed') }),
      ]);
      store.send(message('mail', { body: { type: 'retry' } }));
      expect(expired(store)).toEqual([]);
      expect(expired(store, { status: 'failed' })).toEqual([]);
      expect(store.removeRuns(ids('owned', 'mail', 'none'), [])).toEqual([]);
      expect(expired(store, { dead: [NODE] })).toEqual(['owned']);
      store.remove(NODE);
      expect(expired(store)).toEqual(['owned']);
      expect(removeAll(store, ['owned'])).toEqual(ids('owned'));
      expect(store.run(asRunId('mail'))).not.toBeNull();
    });

    test('take their children along, and wait for one that has not ended', async () => {
      const { store } = subject;
      const child = (id: string, of: string, status: RunPatch) =>
        creation(id, { patch: status }, parentIs(of));
      await store.append([
        creation('top', { patch: ended() }),
        child('child', 'top', ended('failed')),
        child('grandchild', 'child', patch({ status: 'suspended', release: true })),
      ]);
      expect(expired(store)).toEqual([]);
      expect(expired(store, { status: 'failed' })).toEqual([]);
      store.claim(asRunId('grandchild'), NODE, []);
      await store.append([
        append('grandchild', { epoch: 2, expectedSeq: 1, events: [custom(2, {})], patch: ended() }),
      ]);
      expect(store.expiredRuns(filter()).items).toEqual([{ runId: asRunId('top'), children: 2 }]);
      removeAll(store, ['top']);
      expect(store.queryRuns({ limit: 10 }).items).toEqual([]);
      expect(store.tail(0, 10)).toEqual([]);
    });

    test('are not the newest of their template when those are kept', async () => {
      const { store } = subject;
      const run = (id: string, at: number, name: string | null, status: EndedStatus) =>
        creation(
          id,
          { patch: ended(status) },
          { createdAt: T0 + at, start: startFacts({ template: name }) },
        );
      await store.append([
        run('a1', 1, 'a', 'completed'),
        run('a2', 2, 'a', 'failed'),
        run('a3', 3, 'a', 'completed'),
        run('b1', 1, 'b', 'completed'),
        run('file', 1, null, 'completed'),
      ]);
      expect(expired(store, { keepLast: 1 })).toEqual(['a1', 'file']);
      expect(expired(store, { keepLast: 2 })).toEqual(['a1', 'file']);
      expect(expired(store, { keepLast: 3 })).toEqual(['file']);
    });
  });

  describe('a removed run', () => {
    test('is gone with everything it left, and nothing else is', async () => {
      const { store } = subject;
      const run = (id: string) =>
        creation(
          id,
          {
            events: [custom(1, LARGE), custom(2, { of: id })],
            patch: ended(),
            decisions: [decision(id, 1, { status: 'resolved' })],
          },
          { idempotency: { scope: 's', key: id, fingerprint: 'f' } },
        );
      await store.append([run('gone'), run('stays')]);
      for (const id of ['gone', 'stays']) {
        store.appendLogs([
          { runId: asRunId(id), path: 'a', attempt: 1, stream: 'stdout', text: 'hi', at: T0 },
        ]);
      }
      expect(removeAll(store, ['gone'])).toEqual(ids('gone'));
      expect(store.run(asRunId('gone'))).toBeNull();
      expect(store.head(asRunId('gone'))).toBeNull();
      expect(store.findIds('', 10)).toEqual(ids('stays'));
      expect(store.events(asRunId('gone'), 0, 10)).toEqual([]);
      expect(store.logs(asRunId('gone'), 0, 10)).toEqual([]);
      expect(store.decision('gone.1')).toBeNull();
      expect(store.countRuns().completed).toBe(1);
      expect(store.events(asRunId('stays'), 0, 10)).toEqual([
        custom(1, LARGE),
        custom(2, { of: 'stays' }),
      ]);
      expect(store.logs(asRunId('stays'), 0, 10)).toHaveLength(1);
      expect(store.queryDecisions({ limit: 10 }).items.map((row) => row.id)).toEqual(['stays.1']);
      const left = (events: readonly { runId: string }[]) => events.map((event) => event.runId);
      expect(left(store.tail(0, 1))).toEqual(['stays']);
      expect(left(store.queryEvents({ limit: 10 }).items)).toEqual(['stays', 'stays']);
    });

    test('is there for nobody before its rows are cleared', async () => {
      const { store } = subject;
      await store.append([
        creation('gone', { events: [custom(1, 1)], patch: ended() }),
        creation('stays', { events: [custom(1, 1)], patch: ended() }),
      ]);
      store.removeRuns(ids('gone'), []);
      expect(store.tail(0, 1).map((event) => String(event.runId))).toEqual(['stays']);
      expect(store.send(message('gone'))).toBeNull();
      expect(store.claim(asRunId('gone'), NODE, [])).toBeNull();
      const lost = append('gone', { expectedSeq: 1, events: [custom(2, 1)] });
      expect(await store.append([lost])).toEqual([{ ok: false, reason: 'lost' }]);
    });

    test('frees its idempotency key, and ids and order go on', async () => {
      const { store } = subject;
      const keyed = (id: string) =>
        creation(
          id,
          { patch: ended() },
          { idempotency: { scope: 's', key: 'k', fingerprint: id } },
        );
      await store.append([keyed('first')]);
      const last = store.lastEventId();
      expect(await store.append([keyed('second')])).toEqual([
        { ok: false, reason: 'duplicate', runId: asRunId('first'), sameRequest: false },
      ]);
      removeAll(store, ['first']);
      expect(store.lastEventId()).toBe(last);
      expect(await store.append([keyed('second')])).toEqual([{ ok: true, lastEventId: last + 1 }]);
      await store.append([creation('third')]);
      expect(store.latestId()).toBe(asRunId('third'));
    });
  });

  describe('definitions that nothing refers to', () => {
    const loose = asDefinitionHash('a'.repeat(64));
    const ran = asDefinitionHash('b'.repeat(64));

    test('are found, and dropped when they have been so for a while', async () => {
      const { store } = subject;
      for (const hash of [loose, ran, HASH]) store.putDefinition(hash, { steps: [] });
      store.define(template('deploy'));
      await store.append([creation('run', {}, { definitionHash: ran })]);
      expect(store.looseDefinitions()).toEqual([loose, ran]);
      expect(store.definitionsOfRuns(0, 1).hashes).toEqual([ran]);
      store.noteUnusedDefinitions([loose], T0);
      expect(store.dropDefinitions(T0 - 1, 10)).toBe(0);
      store.noteUnusedDefinitions([loose], T0 + 5);
      expect(store.dropDefinitions(T0, 10)).toBe(1);
      expect(store.definition(loose)).toBeNull();
      expect(store.definition(ran)).not.toBeNull();
    });

    test('stay when somebody has put them again, or a template has them', () => {
      const { store } = subject;
      store.putDefinition(loose, { steps: [] });
      store.putDefinition(HASH, { steps: [] });
      store.noteUnusedDefinitions([loose, HASH], T0);
      store.putDefinition(loose, { steps: [] });
      store.define(template('deploy'));
      store.dropDefinitions(T0, 10);
      expect(store.definition(loose)).not.toBeNull();
      expect(store.definition(HASH)).not.toBeNull();
    });

    test('runs are walked in pages to the end', async () => {
      const { store } = subject;
      await store.append(['r1', 'r2', 'r3'].map((id) => creation(id, {}, { definitionHash: ran })));
      let next: number | null = 0;
      let pages = 0;
      while (next !== null) {
        next = store.definitionsOfRuns(next, 2).next;
        pages += 1;
      }
      expect(pages).toBe(2);
    });
  });

  test('what was done is remembered with its last time', () => {
    const { store } = subject;
    expect(store.lastUpkeep('gc')).toBeNull();
    store.noteUpkeep('gc', T0);
    store.noteUpkeep('gc', T0 + 5);
    expect([store.lastUpkeep('gc'), store.lastUpkeep('backup')]).toEqual([T0 + 5, null]);
  });

  test('nodes that are long gone are forgotten, unless a run still names them', async () => {
    const { store } = subject;
    const [idle, busy] = [NODE, OTHER];
    store.register(node(idle));
    store.register(node(busy));
    await store.append([creation('open', { owner: busy })]);
    const leaseBefore = T0 + 100_000;
    expect(store.forgetNodes([], leaseBefore)).toBe(0);
    expect(store.forgetNodes([idle, busy], T0)).toBe(0);
    expect(store.forgetNodes([idle, busy], leaseBefore)).toBe(1);
    expect(store.nodes().map((row) => row.nodeId)).toEqual([busy]);
  });
}
