/** Contract of the outbox and of the messages kept for agents. */
import { describe, expect, test } from 'bun:test';
import type { RunEvent } from '../../src/model/event.ts';
import { asRunId } from '../../src/model/ids.ts';
import type { EventNotice, NewNotice } from '../../src/model/notice-store.ts';
import type { Store } from '../../src/model/store.ts';
import { append, completed, creation, decision, patch, T0 } from './store-fixtures.ts';

const LEASE = T0 + 60_000;

const notice = (key: string, change: Partial<NewNotice> = {}): NewNotice => ({
  key,
  kind: 'run_failed',
  channel: 'team',
  payload: { message: key },
  createdAt: T0,
  ...change,
});

const ofEvent = (seq: number, change: Partial<EventNotice> = {}): EventNotice => ({
  seq,
  key: null,
  kind: 'decision',
  channel: 'team',
  payload: { seq },
  createdAt: T0,
  ...change,
});

const notification = (seq: number, message: string): RunEvent => ({
  seq,
  at: T0 + seq,
  type: 'notification',
  path: 'tell',
  payload: { message, level: 'info', ttl_ms: 1000 },
});

const claim = (store: Store, nowMs = T0, channel = 'team', limit = 10) =>
  store.claimNotices({ channel, nowMs, leaseUntil: nowMs + 60_000, limit });

const keys = (rows: readonly { readonly key: string }[]): string[] => rows.map(({ key }) => key);

export function noticeContract(subject: { readonly store: Store }): void {
  describe('the outbox', () => {
    test('is written with the events, whose ids are the keys', async () => {
      const { store } = subject;
      await store.append([creation('other')]);
      const events = [completed(1), completed(2), completed(3)];
      await store.append([
        creation('r1', { events, notices: [ofEvent(2), ofEvent(3, { key: 'own' })] }),
      ]);
      const rows = claim(store);
      expect(rows).toEqual([
        {
          id: expect.any(Number),
          key: '3',
          kind: 'decision',
          channel: 'team',
          payload: { seq: 2 },
          createdAt: T0,
          attempts: 1,
          nextAt: LEASE,
          deliveredAt: null,
          gaveUpAt: null,
          lastError: null,
        },
        expect.objectContaining({ key: 'own', payload: { seq: 3 } }),
      ]);
      expect(store.tail(2, 1)[0]?.event.seq).toBe(2);
    });

    test('holds nothing of an append that was refused', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const stale = append('r1', { events: [completed(2)], expectedSeq: 1, epoch: 9 });
      const [outcome] = await store.append([{ ...stale, notices: [ofEvent(2)] }]);
      expect(outcome).toEqual({ ok: false, reason: 'lost' });
      expect(store.nextNoticeAt(['team'])).toBeNull();
    });

    test('tells one fact once to each channel', () => {
      const { store } = subject;
      expect(store.addNotices([notice('a'), notice('a'), notice('a', { channel: 'b' })])).toBe(2);
      expect(store.addNotices([notice('a', { payload: { message: 'again' } })])).toBe(0);
      expect(claim(store)).toMatchObject([{ key: 'a', payload: { message: 'a' } }]);
      expect(claim(store, T0, 'b')).toMatchObject([{ key: 'a' }]);
    });

    test('gives no id to a repeat', () => {
      const { store } = subject;
      store.addNotices([notice('a')]);
      store.addNotices([notice('a')]);
      store.addNotices([notice('a'), notice('b')]);
      const [first, second] = claim(store);
      expect((second?.id ?? 0) - (first?.id ?? 0)).toBe(1);
    });

    test('hands a row to one worker, and again when its lease is over', () => {
      const { store } = subject;
      store.addNotices([notice('a')]);
      const [first] = claim(store);
      expect(claim(store)).toEqual([]);
      expect(claim(store, LEASE - 1)).toEqual([]);
      const [second] = claim(store, LEASE);
      expect([first?.attempts, second?.attempts]).toEqual([1, 2]);
      const id = first?.id ?? 0;
      // Whoever was too slow changes nothing.
      expect(store.settleNotice(id, 1, { kind: 'delivered', at: LEASE })).toBe(false);
      expect(store.settleNotice(id, 2, { kind: 'delivered', at: LEASE })).toBe(true);
      expect(store.settleNotice(id, 2, { kind: 'delivered', at: LEASE })).toBe(false);
      expect(claim(store, LEASE + 999_999)).toEqual([]);
    });

    test('hands out what has waited longest first, one channel at a time, no more than asked', () => {
      const { store } = subject;
      store.addNotices([
        notice('late', { createdAt: T0 + 2 }),
        notice('early', { createdAt: T0 }),
        notice('middle', { createdAt: T0 + 1 }),
        notice('elsewhere', { channel: 'b' }),
        notice('tomorrow', { createdAt: T0 + 99 }),
      ]);
      expect(keys(claim(store, T0 + 5, 'team', 2))).toEqual(['early', 'middle']);
      expect(keys(claim(store, T0 + 5, 'team', 0))).toEqual([]);
      expect(keys(claim(store, T0 + 5, 'team', 2))).toEqual(['late']);
      expect(store.nextNoticeAt(['team'])).toBe(T0 + 99);
      expect(store.nextNoticeAt(['b', 'team', 'none'])).toBe(T0);
      expect(store.nextNoticeAt(['none'])).toBeNull();
      expect(store.nextNoticeAt([])).toBeNull();
    });

    test('a failure waits until its next time and says why', () => {
      const { store } = subject;
      store.addNotices([notice('a')]);
      const [row] = claim(store);
      const outcome = { kind: 'failed', error: 'HTTP 500', at: T0 + 1, nextAt: T0 + 50 } as const;
      expect(store.settleNotice(row?.id ?? 0, 1, outcome)).toBe(true);
      expect(claim(store, T0 + 49)).toEqual([]);
      expect(claim(store, T0 + 50)).toMatchObject([{ attempts: 2, lastError: 'HTTP 500' }]);
    });

    test('gives up what is too old, but nothing that somebody is delivering', () => {
      const { store } = subject;
      store.addNotices([notice('old'), notice('busy'), notice('new', { createdAt: T0 + 100 })]);
      const [old] = claim(store, T0, 'team', 1);
      store.settleNotice(old?.id ?? 0, 1, { kind: 'failed', error: 'no', at: T0, nextAt: T0 + 1 });
      claim(store, T0, 'team', 1);
      const given = store.giveUpNotices(T0 + 100, T0 + 100, 10);
      expect(given).toMatchObject([{ key: 'old', lastError: 'no', gaveUpAt: T0 + 100 }]);
      expect(given[0]?.nextAt).toBeNull();
      expect(store.giveUpNotices(T0 + 100, T0 + 100, 10)).toEqual([]);
      expect(keys(claim(store, T0 + 100))).toEqual(['new']);
    });

    test('counts by channel, with the last error', () => {
      const { store } = subject;
      const names = ['a', 'b', 'c', 'd', 'e'];
      store.addNotices(names.map((key, at) => notice(key, { createdAt: T0 + at })));
      store.addNotices([notice('x', { channel: 'alone' })]);
      const [a, b, c] = claim(store, T0 + 5, 'team', 3);
      const fail = { kind: 'failed', error: 'first', at: T0 + 6, nextAt: T0 + 900 } as const;
      store.settleNotice(a?.id ?? 0, 1, { kind: 'delivered', at: T0 + 6 });
      store.settleNotice(b?.id ?? 0, 1, fail);
      store.settleNotice(c?.id ?? 0, 1, { kind: 'gave_up', error: 'second', at: T0 + 7 });
      expect(store.noticeCounts()).toEqual([
        {
          channel: 'alone',
          waiting: 1,
          delivered: 0,
          gaveUp: 0,
          oldestAt: T0,
          nextAt: T0,
          lastError: null,
        },
        {
          channel: 'team',
          waiting: 3,
          delivered: 1,
          gaveUp: 1,
          oldestAt: T0 + 1,
          nextAt: T0 + 3,
          lastError: 'second',
        },
      ]);
    });

    test('forgets what has been settled for long, and only that', () => {
      const { store } = subject;
      store.addNotices([notice('a'), notice('b'), notice('c'), notice('d')]);
      const [a, b, c] = claim(store);
      store.settleNotice(a?.id ?? 0, 1, { kind: 'delivered', at: T0 + 1 });
      store.settleNotice(b?.id ?? 0, 1, { kind: 'gave_up', error: 'no', at: T0 + 1 });
      store.settleNotice(c?.id ?? 0, 1, { kind: 'delivered', at: T0 + 50 });
      expect(store.pruneNotices(T0 + 50)).toBe(2);
      expect(store.pruneNotices(T0 + 50)).toBe(0);
      expect(store.noticeCounts()).toMatchObject([{ waiting: 1, delivered: 1, gaveUp: 0 }]);
    });
  });

  describe('messages for agents', () => {
    const run = asRunId('r1');
    const kept = async (store: Store): Promise<void> => {
      const texts = ['for ann', 'for ben', 'for anybody', 'short'];
      const events = texts.map((text, at) => notification(at + 1, text));
      await store.append([
        creation('r1', {
          events,
          messages: [
            { seq: 1, agent: 'ann', at: T0 + 1, expiresAt: T0 + 1000 },
            { seq: 2, agent: 'ben', at: T0 + 2, expiresAt: T0 + 1000 },
            { seq: 3, agent: null, at: T0 + 3, expiresAt: T0 + 1000 },
            { seq: 4, agent: 'ann', at: T0 + 4, expiresAt: T0 + 10 },
          ],
        }),
      ]);
    };

    test('are there for their agent and in their time, once', async () => {
      const { store } = subject;
      await kept(store);
      const at = (...seqs: number[]) => seqs.map((seq) => ({ runId: run, seq }));
      expect(store.untoldMessages('ann', T0, 10)).toEqual(at(1, 3, 4));
      expect(store.untoldMessages('ann', T0, 2)).toEqual(at(1, 3));
      expect(store.untoldMessages('ann', T0 + 10, 10)).toEqual(at(1, 3));
      expect(store.untoldMessages('ben', T0, 10)).toEqual(at(2, 3));
      expect(store.untoldMessages('cem', T0, 10)).toEqual(at(3));
      store.markTold({ runId: run, seq: 1 }, ['ann'], T0);
      store.markTold({ runId: run, seq: 1 }, ['ann'], T0);
      expect(store.untoldMessages('ann', T0 + 10, 10)).toEqual(at(3));
      // For whoever comes first: then it is told.
      store.markTold({ runId: run, seq: 3 }, ['cem', 'dan'], T0);
      expect(store.untoldMessages('ann', T0 + 10, 10)).toEqual([]);
      expect(store.untoldMessages('ben', T0 + 1000, 10)).toEqual([]);
    });

    test('of a run that nobody has are none', async () => {
      const { store } = subject;
      await kept(store);
      store.markTold({ runId: asRunId('none'), seq: 1 }, ['ann'], T0);
      const ended = patch({ status: 'failed', endedAt: T0 + 1, release: true });
      await store.append([append('r1', { expectedSeq: 4, patch: ended })]);
      expect(store.removeRuns([run], [])).toEqual([run]);
      expect(store.untoldMessages('ann', T0, 10)).toEqual([]);
    });

    test('pending decisions are told to the agent they ask, newest first, once', async () => {
      const { store } = subject;
      await store.append([
        creation('r1', {
          decisions: [
            decision('r1', 1, { targetAgent: 'ann' }),
            decision('r1', 2),
            decision('r1', 3, { targetAgent: 'ben' }),
            decision('r1', 4, { status: 'resolved', resolution: { choice: 'go' } }),
            decision('r1', 5),
          ],
        }),
      ]);
      const seqs = (agent: string, limit = 10) =>
        store.untoldDecisions(agent, limit).map((row) => row.seq);
      expect(store.untoldDecisions('ann', 10)[1]).toEqual({ runId: run, seq: 2 });
      expect([seqs('ann'), seqs('ben'), seqs('ann', 1)]).toEqual([[5, 2, 1], [5, 3, 2], [5]]);
      store.markTold({ runId: run, seq: 5 }, ['ann'], T0);
      store.markTold({ runId: run, seq: 1 }, ['ann'], T0);
      expect([seqs('ann'), seqs('ben')]).toEqual([[2], [5, 3, 2]]);
    });

    test('are forgotten after their time; what an open question was told stays', async () => {
      const { store } = subject;
      await kept(store);
      await store.append([creation('r2', { decisions: [decision('r2', 1)] })]);
      const asked = { runId: asRunId('r2'), seq: 1 };
      store.markTold(asked, ['ann'], T0);
      store.markTold({ runId: run, seq: 1 }, ['ann'], T0);
      store.markTold({ runId: run, seq: 4 }, ['ann'], T0);
      // Message 4 is over, and with it who was told of it.
      expect(store.pruneTold(T0 + 500, T0 + 400)).toBe(2);
      expect(store.untoldMessages('ann', T0, 10)).toEqual([{ runId: run, seq: 3 }]);
      expect(store.untoldDecisions('ann', 10)).toEqual([]);
      const closed = decision('r2', 1, { status: 'cancelled', resolution: {} });
      await store.append([append('r2', { expectedSeq: 1, decisions: [closed] })]);
      expect(store.pruneTold(T0 + 500, T0 + 400)).toBe(1);
      expect(store.pruneTold(T0 + 500, T0 + 400)).toBe(0);
    });
  });
}
