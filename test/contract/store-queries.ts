/** Contract of queries: runs, events, decisions; order, filters, paging. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import type { DecisionFilter, EventFilter, Page, RunFilter, Store } from '../../src/model/store.ts';
import {
  completed,
  creation,
  custom,
  decision,
  ids,
  newRun,
  patch,
  startFacts,
  T0,
} from './store-fixtures.ts';

/** Reads all pages and checks that none but the last says it is the last. */
function allPages<T>(read: (cursor: string | undefined) => Page<T>): T[] {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

export function queryContract(subject: { readonly store: Store }): void {
  const runIds = (filter: Partial<RunFilter> = {}) =>
    subject.store.queryRuns({ limit: 50, ...filter }).items.map((row) => String(row.runId));

  describe('querying runs', () => {
    const fill = async () => {
      const run = (id: string, createdAt: number, start: Parameters<typeof startFacts>[0]) => ({
        createdAt,
        start: startFacts({ name: id, template: null, agentId: null, ...start }),
      });
      await subject.store.append([
        creation('a', {}, run('a', T0 + 1, { template: 't1', agentId: 'ann' })),
        creation(
          'b',
          { patch: patch({ status: 'failed', release: true }) },
          run('b', T0 + 3, { template: 't1' }),
        ),
        creation('c', {}, run('c', T0 + 2, { agentId: 'ann', template: 't2' })),
        creation(
          'd',
          { patch: patch({ status: 'failed', release: true }) },
          run('d', T0 + 2, { parent: { runId: 'a', path: 'x', depth: 1 } }),
        ),
      ]);
      subject.store.createPending(newRun('e', { createdAt: T0 + 9 }));
    };

    test('newest first by creation; same time: the later one first', async () => {
      await fill();
      expect(runIds()).toEqual(['e', 'b', 'd', 'c', 'a']);
      expect(subject.store.latestId()).toBe(asRunId('e'));
    });

    test('every filter counts, alone and together', async () => {
      await fill();
      expect(runIds({ status: ['failed'] })).toEqual(['b', 'd']);
      expect(runIds({ status: ['failed', 'pending'] })).toEqual(['e', 'b', 'd']);
      expect(runIds({ status: [] })).toEqual([]);
      expect(runIds({ template: 't1' })).toEqual(['b', 'a']);
      expect(runIds({ template: 't1', status: ['failed'] })).toEqual(['b']);
      expect(runIds({ agentId: 'ann' })).toEqual(['c', 'a']);
      expect(runIds({ agentId: 'ann', template: 't2' })).toEqual(['c']);
      expect(runIds({ name: 'c' })).toEqual(['c']);
      expect(runIds({ parentId: 'a' })).toEqual(['d']);
      expect(runIds({ since: T0 + 2, until: T0 + 3 })).toEqual(['b', 'd', 'c']);
      expect(runIds({ template: 'nope' })).toEqual([]);
    });

    test('pages go on where the last one ended, with any filter', async () => {
      await fill();
      const paged = (filter: Partial<RunFilter>) =>
        allPages((cursor) =>
          subject.store.queryRuns({ limit: 1, ...filter, ...(cursor && { cursor }) }),
        ).map((row) => String(row.runId));
      expect(paged({})).toEqual(['e', 'b', 'd', 'c', 'a']);
      expect(paged({ limit: 2 })).toEqual(['e', 'b', 'd', 'c', 'a']);
      expect(paged({ status: ['active', 'failed'] })).toEqual(['b', 'd', 'c', 'a']);
      expect(paged({ template: 't1' })).toEqual(['b', 'a']);
      expect(subject.store.queryRuns({ limit: 5 }).nextCursor).toBeNull();
    });

    test('a cursor that is none is refused', () => {
      const bad = ['', 'x', 'eyJhIjoxfQ', Buffer.from('["events",1,2]').toString('base64url')];
      for (const cursor of bad) {
        expect(() => subject.store.queryRuns({ limit: 1, cursor })).toThrow(/cursor/);
      }
    });

    test('ids by their beginning, newest first', async () => {
      const { store } = subject;
      store.createPending(newRun('ab1', { createdAt: T0 + 2 }));
      store.createPending(newRun('ab2', { createdAt: T0 + 3 }));
      store.createPending(newRun('ac1', { createdAt: T0 + 4 }));
      store.createPending(newRun('a_1', { createdAt: T0 + 5 }));
      expect(store.findIds('ab', 10)).toEqual(ids('ab2', 'ab1'));
      expect(store.findIds('a', 2)).toEqual(ids('a_1', 'ac1'));
      expect(store.findIds('AB', 2)).toEqual([]);
      expect(store.findIds('ab1', 2)).toEqual(ids('ab1'));
    });

    test('runs are counted by status, each status named', async () => {
      await fill();
      expect(subject.store.countRuns()).toEqual({
        pending: 1,
        active: 2,
        suspended: 0,
        completed: 0,
        failed: 2,
        cancelled: 0,
      });
    });
  });

  describe('querying events', () => {
    const eventIds = (filter: Partial<EventFilter> = {}) =>
      subject.store.queryEvents({ limit: 50, ...filter }).items.map((stored) => stored.id);

    const fill = () =>
      subject.store.append([
        creation('r1', {
          events: [custom(1, 'x', T0 + 1), completed(2, 1, T0 + 5), custom(3, 'y', T0 + 5)],
        }),
        creation('r2', { events: [completed(1, 1, T0 + 2), completed(2, 2, T0 + 9)] }),
      ]);

    test('newest first by time, then by id', async () => {
      await fill();
      expect(eventIds()).toEqual([5, 3, 2, 4, 1]);
      const [first] = subject.store.queryEvents({ limit: 1 }).items;
      expect(first).toEqual({ id: 5, runId: asRunId('r2'), event: completed(2, 2, T0 + 9) });
    });

    test('every filter counts, alone and together', async () => {
      await fill();
      expect(eventIds({ runId: 'r1' })).toEqual([3, 2, 1]);
      expect(eventIds({ runId: 'none' })).toEqual([]);
      expect(eventIds({ path: 'build' })).toEqual([5, 2, 4]);
      expect(eventIds({ types: ['custom'] })).toEqual([3, 1]);
      expect(eventIds({ types: ['custom', 'step_completed'] })).toEqual([5, 3, 2, 4, 1]);
      expect(eventIds({ types: ['custom', 'custom', 'log'] })).toEqual([3, 1]);
      expect(eventIds({ types: [] })).toEqual([]);
      expect(eventIds({ runId: 'r1', types: ['step_completed'] })).toEqual([2]);
      expect(eventIds({ since: T0 + 2, until: T0 + 5 })).toEqual([3, 2, 4]);
      expect(eventIds({ path: 'build', until: T0 + 4 })).toEqual([4]);
    });

    test('a cursor of events names its database; one of before names none and is taken', async () => {
      await fill();
      const { store } = subject;
      const all = store.queryEvents({ limit: 100 }).items;
      const { nextCursor } = store.queryEvents({ limit: 1 });
      const [kind, at, id, database] = JSON.parse(
        Buffer.from(nextCursor ?? '', 'base64url').toString(),
      );
      expect(database).toBe(store.databaseId());
      const read = (...parts: unknown[]) => {
        const cursor = Buffer.from(JSON.stringify(parts)).toString('base64url');
        return store.queryEvents({ limit: 100, cursor }).items;
      };
      expect(read(kind, at, id)).toEqual(all.slice(1));
      expect(read(kind, at, id, database)).toEqual(all.slice(1));
      expect(() => read(kind, at, id, '0123456789ab')).toThrow(/another database/);
    });

    test('pages go on where the last one ended, with any filter', async () => {
      await fill();
      const paged = (filter: Partial<EventFilter>) =>
        allPages((cursor) =>
          subject.store.queryEvents({ limit: 1, ...filter, ...(cursor && { cursor }) }),
        ).map((stored) => stored.id);
      expect(paged({})).toEqual([5, 3, 2, 4, 1]);
      expect(paged({ runId: 'r1' })).toEqual([3, 2, 1]);
      expect(paged({ types: ['custom'] })).toEqual([3, 1]);
      expect(paged({ path: 'build', limit: 2 })).toEqual([5, 2, 4]);
    });
  });

  describe('querying decisions', () => {
    const keys = (filter: Partial<DecisionFilter> = {}) =>
      subject.store.queryDecisions({ limit: 50, ...filter }).items.map((row) => row.id);

    const fill = () =>
      subject.store.append([
        creation('r1', {
          decisions: [
            decision('r1', 1, { createdAt: T0 + 1, targetAgent: 'ann' }),
            decision('r1', 2, { createdAt: T0 + 3, status: 'resolved', resolution: { by: 'x' } }),
          ],
        }),
        creation('r2', { decisions: [decision('r2', 1, { createdAt: T0 + 1 })] }),
      ]);

    test('newest first, by every filter, in pages', async () => {
      await fill();
      expect(keys()).toEqual(['r1.2', 'r2.1', 'r1.1']);
      expect(keys({ status: 'pending' })).toEqual(['r2.1', 'r1.1']);
      expect(keys({ runId: 'r1' })).toEqual(['r1.2', 'r1.1']);
      expect(keys({ runId: 'r1', status: 'pending' })).toEqual(['r1.1']);
      expect(keys({ targetAgent: 'ann' })).toEqual(['r1.1']);
      const paged = allPages((cursor) =>
        subject.store.queryDecisions({ limit: 1, ...(cursor && { cursor }) }),
      );
      expect(paged.map((row) => row.id)).toEqual(['r1.2', 'r2.1', 'r1.1']);
    });
  });
}
