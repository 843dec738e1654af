/** Contract of `append` and of reading the log. */
import { describe, expect, test } from 'bun:test';
import type { RunEvent } from '../../src/model/event.ts';
import { asRunId } from '../../src/model/ids.ts';
import type { Store } from '../../src/model/store.ts';
import {
  append,
  completed,
  creation,
  custom,
  decision,
  eventsAfter,
  ids,
  message,
  NODE,
  newRun,
  node,
  OTHER,
  patch,
  startFacts,
  T0,
} from './store-fixtures.ts';

const LOST = { ok: false, reason: 'lost' } as const;

export function appendContract(subject: { readonly store: Store }): void {
  describe('names of secrets', () => {
    const named = (root: string, ...names: string[]) => ({
      secrets: { root: asRunId(root), used: names.map((name) => ({ name, mark: null })) },
    });
    const names = (root: string): string[] =>
      subject.store.usedSecrets(asRunId(root)).map(({ name }) => name);
    test('keep what tells their first value from others', async () => {
      const root = asRunId('r1');
      const used = (mark: string | null) => ({ root, used: [{ name: 'a', mark }] });
      await subject.store.append([creation('r1', { secrets: used('123') })]);
      await subject.store.append([append('r1', { expectedSeq: 1, secrets: used('456') })]);
      expect(subject.store.usedSecrets(root)).toEqual([{ name: 'a', mark: '123' }]);
    });

    test('are kept for the tree, each once, and go with its topmost run', async () => {
      const { store } = subject;
      expect(names('r1')).toEqual([]);
      await store.append([
        creation('r1', { ...named('r1', 'b', 'a') }),
        creation('r2', {
          ...named('r1', 'a', 'c'),
          patch: patch({ status: 'completed', endedAt: T0, release: true }),
        }),
        creation('r3', { ...named('r3', 'z') }),
      ]);
      expect(names('r1')).toEqual(['a', 'b', 'c']);
      expect(store.removeRuns([asRunId('r2')], [])).toHaveLength(1);
      expect(store.clearRemoved(10_000).done).toBe(true);
      expect(names('r1')).toEqual(['a', 'b', 'c']);
      const ended = patch({ status: 'completed', endedAt: T0, release: true });
      await store.append([append('r1', { expectedSeq: 1, patch: ended })]);
      expect(store.removeRuns([asRunId('r1')], [])).toHaveLength(1);
      expect(store.clearRemoved(10_000).done).toBe(true);
      expect(names('r1')).toEqual([]);
      expect(names('r3')).toEqual(['z']);
    });
  });

  describe('append', () => {
    test('creates a run with its first events, owned by the caller', async () => {
      const { store } = subject;
      const outcomes = await store.append([creation('r1', { events: eventsAfter(0, 2) })]);
      expect(outcomes).toEqual([{ ok: true, lastEventId: 2 }]);
      expect(store.events(asRunId('r1'), 0, 100)).toEqual(eventsAfter(0, 2));
      expect(store.head(asRunId('r1'))).toEqual({
        runId: asRunId('r1'),
        owner: NODE,
        epoch: 1,
        seq: 2,
        status: 'active',
        wakeAt: null,
      });
    });

    test.each([1, 2, 3, 7, 16, 17, 37, 100])(
      'numbers %d events of a run in their order, and the next run after them',
      async (count) => {
        const { store } = subject;
        const first = Array.from({ length: count }, (_, index) => custom(index + 1, index));
        const outcomes = await store.append([
          creation('r1', { events: first }),
          creation('r2', { events: eventsAfter(0, 2) }),
        ]);
        expect(outcomes).toEqual([
          { ok: true, lastEventId: count },
          { ok: true, lastEventId: count + 2 },
        ]);
        expect(store.events(asRunId('r1'), 0, 1000)).toEqual(first);
        const ordered = store.tail(0, 1000).map(({ id, runId, event }) => [id, runId, event.seq]);
        expect(ordered).toEqual([
          ...first.map(({ seq }) => [seq, asRunId('r1'), seq]),
          [count + 1, asRunId('r2'), 1],
          [count + 2, asRunId('r2'), 2],
        ]);
      },
    );

    test('the first owner goes on with the run it has made; nobody else can', async () => {
      const { store } = subject;
      await store.append([creation('r1', { events: eventsAfter(0, 2) })]);
      const next = append('r1', { expectedSeq: 2, events: eventsAfter(2, 1) });
      expect(await store.append([{ ...next, owner: OTHER }])).toEqual([LOST]);
      expect(await store.append([{ ...next, epoch: 2 }])).toEqual([LOST]);
      expect(await store.append([next])).toEqual([{ ok: true, lastEventId: 3 }]);
    });

    test('writes the row that queries see', async () => {
      const { store } = subject;
      const start = startFacts({
        parent: { runId: 'p', path: 'call', depth: 1 },
        trigger: { kind: 'cron', at: 'noon' },
      });
      const change = patch({
        status: 'suspended',
        paused: true,
        updatedAt: T0 + 9,
        waitingFor: [{ step_id: 'ask', kind: 'decision' }],
        wakeAt: T0 + 500,
        release: true,
      });
      await store.append([creation('r1', { patch: change }, { start })]);
      expect(store.run(asRunId('r1'))).toEqual({
        runId: asRunId('r1'),
        owner: null,
        epoch: 1,
        seq: 1,
        status: 'suspended',
        wakeAt: T0 + 500,
        definitionHash: newRun('r1').definitionHash,
        rules: 2,
        name: 'deploy',
        template: 'deploy',
        version: 1,
        agentId: 'ops',
        parentId: asRunId('p'),
        parentPath: 'call',
        trigger: { kind: 'cron', at: 'noon' },
        createdAt: T0,
        updatedAt: T0 + 9,
        endedAt: null,
        paused: true,
        error: null,
        waitingFor: [{ step_id: 'ask', kind: 'decision' }],
        start: null,
      });
    });

    test('goes on where the log ends, and changes the row each time', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      await store.append([append('r1', { expectedSeq: 1, events: [completed(2)] })]);
      const error = { code: 'TIMEOUT_ERROR', message: 'too slow', details: { ms: 5 } } as const;
      const ended = patch({ status: 'failed', endedAt: T0 + 3, error, release: true });
      await store.append([append('r1', { expectedSeq: 2, events: [completed(3)], patch: ended })]);
      expect(store.run(asRunId('r1'))).toMatchObject({
        seq: 3,
        status: 'failed',
        endedAt: T0 + 3,
        error,
        owner: null,
      });
      expect(store.events(asRunId('r1'), 0, 10).map((event) => event.seq)).toEqual([1, 2, 3]);
    });

    test('is refused as lost when owner, epoch or sequence differ, or there is no such run', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const next = { expectedSeq: 1, events: [completed(2)] };
      const refused = [
        append('r1', { ...next, owner: OTHER }),
        append('r1', { ...next, epoch: 2 }),
        append('r1', { ...next, epoch: 0 }),
        append('r1', { expectedSeq: 0, events: [completed(1)] }),
        append('r1', { expectedSeq: 2, events: [completed(3)] }),
        append('none', next),
      ];
      for (const one of refused) expect(await store.append([one])).toEqual([LOST]);
      expect(store.events(asRunId('r1'), 0, 10)).toEqual([completed(1)]);
      expect(store.lastEventId()).toBe(1);
    });

    test('a lost run writes nothing at all, the others of the group go on', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2'), creation('r3')]);
      const { id } = store.send(message('r2')) ?? { id: 0 };
      const lost = append('r2', {
        epoch: 7,
        expectedSeq: 1,
        events: [completed(2)],
        patch: patch({ status: 'failed', release: true }),
        decisions: [decision('r2', 2)],
        settled: [{ inboxId: id, ok: true, result: {} }],
        sends: [message('r1')],
        children: [newRun('child')],
      });
      const outcomes = await store.append([
        append('r1', { expectedSeq: 1, events: [completed(2)] }),
        lost,
        append('r3', { expectedSeq: 1, events: [completed(2)] }),
      ]);
      expect(outcomes).toEqual([{ ok: true, lastEventId: 4 }, LOST, { ok: true, lastEventId: 5 }]);
      expect(store.head(asRunId('r2'))).toMatchObject({ seq: 1, status: 'active', owner: NODE });
      expect(store.decision('r2.2')).toBeNull();
      expect(store.unsettled(asRunId('r2'))).toHaveLength(1);
      expect(store.unsettled(asRunId('r1'))).toEqual([]);
      expect(store.run(asRunId('child'))).toBeNull();
    });

    test('a gap in the sequence is a broken caller, and nothing is written', async () => {
      const { store } = subject;
      const gap = creation('r1', { events: [completed(1), completed(3)] });
      await expect(store.append([creation('r2'), gap])).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(store.run(asRunId('r1'))).toBeNull();
      expect(store.run(asRunId('r2'))).toBeNull();
    });

    test('without events only the row and the verdicts change', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const paused = append('r1', { expectedSeq: 1, patch: patch({ paused: true }) });
      expect(await store.append([paused])).toEqual([{ ok: true, lastEventId: 1 }]);
      expect(store.run(asRunId('r1'))).toMatchObject({ seq: 1, paused: true });
    });

    test('two runs with one id: the second is lost', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      expect(await store.append([creation('r1')])).toEqual([LOST]);
      expect(store.createPending(newRun('r1'))).toEqual(LOST);
    });

    test('an idempotency key belongs to its first run, in its scope', async () => {
      const { store } = subject;
      const keyed = (scope: string, fingerprint: string) => ({
        idempotency: { scope, key: 'k', fingerprint },
      });
      await store.append([creation('r1', {}, keyed('t', 'same'))]);
      const first = { ok: false, reason: 'duplicate', runId: asRunId('r1') } as const;
      expect(await store.append([creation('r2', {}, keyed('t', 'same'))])).toEqual([
        { ...first, sameRequest: true },
      ]);
      expect(store.createPending(newRun('r3', keyed('t', 'other')))).toEqual({
        ...first,
        sameRequest: false,
      });
      expect(store.createPending(newRun('r4', keyed('u', 'other'))).ok).toBe(true);
      expect(store.run(asRunId('r2'))).toBeNull();
      expect(store.run(asRunId('r3'))).toBeNull();
    });

    test('two starts with one key in one group: one run', async () => {
      const { store } = subject;
      const key = { idempotency: { scope: 't', key: 'k', fingerprint: 'f' } };
      const outcomes = await store.append([creation('r1', {}, key), creation('r2', {}, key)]);
      expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false]);
    });

    test('start facts stay until the first event', async () => {
      const { store } = subject;
      store.createPending(newRun('r1'));
      store.register(node());
      store.claim(asRunId('r1'), NODE, []);
      const waiting = append('r1', { patch: patch({ status: 'pending' }) });
      await store.append([waiting]);
      expect(store.run(asRunId('r1'))?.start).toEqual(startFacts());
      await store.append([append('r1', { events: [completed(1)] })]);
      expect(store.run(asRunId('r1'))?.start).toBeNull();
      await store.append([append('r1', { expectedSeq: 1, events: [completed(2)] })]);
      expect(store.events(asRunId('r1'), 0, 9)).toHaveLength(2);
    });

    test('children, decisions and messages to others are written with the events', async () => {
      const { store } = subject;
      store.createPending(newRun('parent'));
      const child = newRun('child', {
        start: startFacts({ parent: { runId: 'r1', path: 'call', depth: 1 } }),
      });
      await store.append([
        creation('r1', {
          children: [child],
          decisions: [decision('r1', 1)],
          sends: [message('parent', { kind: 'child_changed' }), message('nobody')],
        }),
      ]);
      expect(store.run(asRunId('child'))).toMatchObject({
        status: 'pending',
        owner: null,
        seq: 0,
        parentId: asRunId('r1'),
        parentPath: 'call',
      });
      expect(store.run(asRunId('child'))?.start).toEqual(child.start);
      expect(store.decision('r1.1')).toEqual(decision('r1', 1));
      expect(store.unsettled(asRunId('parent')).map((row) => row.kind)).toEqual(['child_changed']);
    });

    test('a decision is replaced by its later row', async () => {
      const { store } = subject;
      await store.append([creation('r1', { decisions: [decision('r1', 1)] })]);
      const resolved = decision('r1', 1, {
        status: 'resolved',
        resolution: { choice: 'go', resolved_by: 'ann' },
      });
      await store.append([append('r1', { expectedSeq: 1, decisions: [resolved] })]);
      expect(store.decision('r1.1')).toEqual(resolved);
    });

    test('a verdict is given once, and only by the run that has the message', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2')]);
      const { id } = store.send(message('r1')) ?? { id: 0 };
      const refusal = { code: 'CONFLICT', message: 'nothing waits' } as const;
      const verdict = { inboxId: id, ok: false, error: refusal } as const;
      await store.append([append('r2', { expectedSeq: 1, settled: [verdict] })]);
      expect(store.row(id)?.verdict).toBeNull();
      await store.append([append('r1', { expectedSeq: 1, settled: [verdict] })]);
      expect(store.row(id)?.verdict).toEqual({ ok: false, error: refusal });
      const late = { inboxId: id, ok: true, result: { resumed: true } } as const;
      await store.append([append('r1', { expectedSeq: 1, settled: [late] })]);
      expect(store.row(id)?.verdict).toEqual({ ok: false, error: refusal });
      expect(store.unsettled(asRunId('r1'))).toEqual([]);
    });
  });

  describe('the log', () => {
    test('gives one run in order, from any sequence, in pieces', async () => {
      const { store } = subject;
      await store.append([creation('r1', { events: eventsAfter(0, 5) }), creation('r2')]);
      const seqs = (after: number, limit: number) =>
        store.events(asRunId('r1'), after, limit).map((event) => event.seq);
      expect(seqs(0, 3)).toEqual([1, 2, 3]);
      expect(seqs(3, 3)).toEqual([4, 5]);
      expect(seqs(5, 3)).toEqual([]);
      expect(store.events(asRunId('none'), 0, 3)).toEqual([]);
    });

    test('ids rise without gaps in commit order, over all runs', async () => {
      const { store } = subject;
      expect(store.lastEventId()).toBe(0);
      await store.append([creation('r1'), creation('r2', { events: eventsAfter(0, 2) })]);
      await store.append([append('r1', { expectedSeq: 1, events: [completed(2)] })]);
      const seen = store.tail(0, 10).map((stored) => [stored.id, stored.runId, stored.event.seq]);
      expect(seen).toEqual([
        [1, asRunId('r1'), 1],
        [2, asRunId('r2'), 1],
        [3, asRunId('r2'), 2],
        [4, asRunId('r1'), 2],
      ]);
      expect(store.lastEventId()).toBe(4);
    });

    test('the tail goes on after an id, of all runs or of one', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2', { events: eventsAfter(0, 2) })]);
      await store.append([append('r1', { expectedSeq: 1, events: eventsAfter(1, 2) })]);
      const tail = (after: number, limit: number, run?: string) =>
        store.tail(after, limit, run === undefined ? undefined : asRunId(run)).map((e) => e.id);
      expect(tail(1, 2)).toEqual([2, 3]);
      expect(tail(5, 2)).toEqual([]);
      expect(tail(0, 10, 'r1')).toEqual([1, 4, 5]);
      expect(tail(1, 10, 'r1')).toEqual([4, 5]);
      expect(tail(2, 1, 'r1')).toEqual([4]);
      expect(tail(0, 10, 'none')).toEqual([]);
    });

    test('any JSON comes back as it was, large values too', async () => {
      const { store } = subject;
      const large = { text: 'ä'.repeat(20_000), list: [1, null, { deep: true }] };
      const hostile = JSON.parse('{"__proto__": {"x": 1}, "constructor": "c", "$ref": "blob"}');
      const events: RunEvent[] = [
        completed(1, large),
        completed(2, large),
        custom(3, hostile),
        completed(4, 'x'.repeat(16 * 1024 - 2)),
        completed(5, 'x'.repeat(16 * 1024 - 1)),
        completed(6, null),
        { seq: 7, at: T0 + 7, type: 'step_completed', path: 'b', payload: { duration_ms: 0.25 } },
      ];
      await store.append([creation('r1', { events })]);
      const read = store.events(asRunId('r1'), 0, 10);
      expect(read).toEqual(events);
      expect(JSON.stringify(read)).toBe(JSON.stringify(events));
    });

    test('unknown runs have no head, no row and no mail', () => {
      const { store } = subject;
      expect(store.head(asRunId('none'))).toBeNull();
      expect(store.run(asRunId('none'))).toBeNull();
      expect(store.unsettled(asRunId('none'))).toEqual([]);
      expect(store.claim(asRunId('none'), NODE, [])).toBeNull();
      expect(store.latestId()).toBeNull();
      expect(store.findIds('', 5)).toEqual(ids());
    });
  });
}
