/** Places under `concurrency`: who holds, who waits, who is next, what no start and no end may break. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import {
  type AskedPlace,
  type PlaceChange,
  type Queue,
  templateGroup,
} from '../../src/model/place.ts';
import type { AppendOutcome, NewRun, RunAppend, Store } from '../../src/model/store.ts';
import { append, completed, ids, NODE, newRun, patch, startFacts, T0 } from './store-fixtures.ts';

const queueOf = (template: string, key = 'k'): Queue => ({ group: templateGroup(template), key });
const ask = (
  template: string,
  { limit = 1, whenFull = 'queue', key = 'k', isCommon = true }: Partial<AskedPlace> = {},
): AskedPlace => ({ ...queueOf(template, key), limit, isCommon, whenFull });

const childOf = (parent: string): Partial<NewRun> => ({
  start: startFacts({ parent: { runId: parent, path: 'c', depth: 1 } }),
});

export function placeContract(subject: { readonly store: Store }): void {
  let seconds = 0;
  const add = (id: string, place: AskedPlace, more: Partial<NewRun> = {}): AppendOutcome =>
    subject.store.createPending(newRun(id, { createdAt: T0 + seconds++, place, ...more }));
  const holders = (template: string) =>
    subject.store.placeHolders(queueOf(template), 99).map(({ runId }) => runId);
  const holds = (id: string) => subject.store.place(asRunId(id))?.holds;
  const wakeAt = (id: string) => subject.store.head(asRunId(id))?.wakeAt;
  /** Claims, writes one event, and puts the row as asked. */
  const write = async (id: string, change: Partial<RunAppend>): Promise<AppendOutcome> => {
    const { store } = subject;
    const claim = store.claim(asRunId(id), NODE, [NODE]);
    const seq = store.head(asRunId(id))?.seq ?? 0;
    const events = [completed(seq + 1)];
    const { epoch = 1 } = claim ?? {};
    const change_ = { epoch, expectedSeq: seq, events, ...change };
    const [outcome] = await store.append([append(id, change_)]);
    return outcome as AppendOutcome;
  };
  const end = (id: string, leaves: PlaceChange['leaves'] = { limit: null }) =>
    write(id, { patch: patch({ status: 'completed', release: true }), place: { leaves } });
  const kinds = (id: string) => subject.store.unsettled(asRunId(id)).map(({ kind }) => kind);

  describe('places', () => {
    test('the first gets it, the next ones wait and nothing but their turn wakes them', () => {
      for (const id of ['a', 'b', 'c']) expect(add(id, ask('t')).ok).toBe(true);
      expect(['a', 'b', 'c'].map(holds)).toEqual([true, false, false]);
      expect(['a', 'b', 'c'].map(wakeAt)).toEqual([T0, null, null]);
      expect(subject.store.claimable(T0 + 9e9, [], 9)).toEqual(ids('a'));
    });

    test('an end hands on to the oldest that waits, which can be claimed at once', async () => {
      for (const id of ['a', 'b', 'c']) add(id, ask('t'));
      const outcome = await end('a');
      expect(outcome).toMatchObject({ ok: true, woken: [{ runId: asRunId('b'), why: 'turn' }] });
      expect(['a', 'b', 'c'].map(holds)).toEqual([undefined, true, false]);
      expect(kinds('b')).toEqual(['turn']);
      expect(subject.store.claimable(T0 + 9e9, [], 9)).toEqual(ids('b'));
    });

    test('keys and groups are counted apart', () => {
      add('a', ask('t'));
      add('b', ask('t', { key: 'other' }));
      add('c', ask('u'));
      expect(['a', 'b', 'c'].map(holds)).toEqual([true, true, true]);
    });

    test('a limit of many, none at all, and one that was raised', () => {
      for (const id of ['a', 'b', 'c']) add(id, ask('t', { limit: 2 }));
      for (const id of ['d', 'e']) add(id, ask('u', { limit: null }));
      expect(['a', 'b', 'c', 'd', 'e'].map(holds)).toEqual([true, true, false, true, true]);
      for (const id of ['f', 'g', 'h', 'i']) add(id, ask('v'));
      expect(subject.store.waitingQueues(null)).toEqual([queueOf('t'), queueOf('v')]);
      expect(subject.store.waitingQueues(templateGroup('v'))).toEqual([queueOf('v')]);
      const given = subject.store.handOnPlaces(queueOf('v'), { limit: 3 }, T0);
      expect(given.map(({ runId }) => runId)).toEqual(ids('g', 'h'));
      expect(holds('i')).toBe(false);
    });

    test('a newcomer with a higher limit stays behind those who wait', () => {
      add('a', ask('t'));
      add('b', ask('t'));
      const outcome = add('c', ask('t', { limit: 3 }));
      // It is the limit as of now: the one before it gets its turn by it, and first.
      expect(outcome).toMatchObject({ ok: true });
      expect(['a', 'b', 'c'].map(holds)).toEqual([true, true, true]);
      const arrived = ['a', 'b', 'c'].map((id) => subject.store.place(asRunId(id))?.arrivedAt ?? 0);
      expect([...arrived].sort((x, y) => x - y)).toEqual(arrived);
    });

    test('a clock that goes back lets nobody overtake', async () => {
      add('a', ask('t'));
      add('b', ask('t'), { createdAt: T0 + 1000 });
      add('c', ask('t'), { createdAt: T0 - 1000 });
      const outcome = await end('a');
      expect(outcome).toMatchObject({ woken: [{ runId: asRunId('b') }] });
    });

    test('without a common limit each that waits has its own', async () => {
      add('a', ask('t'));
      add('b', ask('t', { limit: 1 }));
      add('c', ask('t', { limit: 1 }));
      const outcome = await end('a', { limit: null });
      expect(outcome).toMatchObject({ woken: [{ runId: asRunId('b') }] });
      expect(holders('t')).toEqual(ids('b'));
    });

    test('reject: refused with who is in the way, and nothing is written', () => {
      add('a', ask('t'));
      expect(add('b', ask('t', { whenFull: 'reject' }))).toMatchObject({
        ok: false,
        reason: 'no_place',
        refusal: { kind: 'full', running: ['a'] },
      });
      expect(subject.store.head(asRunId('b'))).toBeNull();
    });

    test('replace: the oldest are told to make room, and hold until they have ended', async () => {
      add('a', ask('t'));
      add('b', ask('t'));
      const outcome = add('c', ask('t', { whenFull: 'replace' }));
      const woken = ids('a', 'b').map((runId) => ({ runId, why: 'replaced' }));
      expect(outcome).toMatchObject({ ok: true, woken });
      expect(kinds('a')).toEqual(['signal']);
      expect(['a', 'b', 'c'].map(holds)).toEqual([true, false, false]);
      await end('b');
      expect(holds('c')).toBe(false);
      await end('a');
      expect(holds('c')).toBe(true);
    });

    test('a key that was used answers with its run, also where there is no place', () => {
      const idempotency = { scope: 's', key: 'x', fingerprint: 'f' };
      add('a', ask('t'), { idempotency });
      expect(add('b', ask('t', { whenFull: 'reject' }), { idempotency })).toMatchObject({
        ok: false,
        reason: 'duplicate',
        runId: 'a',
      });
    });
  });

  describe('places of descendants', () => {
    test('an awaiting ancestor that holds covers them, at any depth', () => {
      add('a', ask('t'));
      add('b', ask('other'), childOf('a'));
      expect(add('c', ask('t', { whenFull: 'reject' }), childOf('b'))).toMatchObject({ ok: true });
      expect(holds('c')).toBeUndefined();
      expect(wakeAt('c')).toBe(T0);
    });

    test('an ancestor that only waits covers nobody', () => {
      add('a', ask('t'));
      add('b', ask('t'));
      add('c', ask('t'), childOf('b'));
      expect(holds('c')).toBe(false);
    });

    test('a circle of two is refused to who would close it, with its way', () => {
      add('p', ask('t'));
      add('q', ask('u'));
      expect(add('pc', ask('u'), childOf('p'))).toMatchObject({ ok: true });
      expect(add('qc', ask('t'), childOf('q'))).toMatchObject({
        ok: false,
        reason: 'no_place',
        refusal: {
          kind: 'circle',
          waits: [
            { runId: 'qc', ...queueOf('t'), heldBy: 'p' },
            { runId: 'pc', ...queueOf('u'), heldBy: 'q' },
          ],
        },
      });
    });

    test('a circle of three, by a grandchild, behind someone who waits too', () => {
      add('p', ask('t'));
      add('q', ask('u'));
      add('r', ask('v'));
      add('pc', ask('u'), childOf('p'));
      add('qc', ask('v'), childOf('q'));
      add('other', ask('t'));
      add('mid', ask('w'), childOf('r'));
      expect(add('rc', ask('t'), childOf('mid'))).toMatchObject({ refusal: { kind: 'circle' } });
    });

    test('no circle where one holder can still end', () => {
      add('p', ask('t', { limit: 2 }));
      add('free', ask('t', { limit: 2 }));
      add('q', ask('u'));
      add('pc', ask('u'), childOf('p'));
      expect(add('qc', ask('t', { limit: 2 }), childOf('q'))).toMatchObject({ ok: true });
      expect(holds('qc')).toBe(false);
    });

    test('a child may not replace the run that waits for it', () => {
      add('p', ask('t'));
      add('q', ask('t'), childOf('elsewhere'));
      // The ancestor waits, so it does not cover; but it is among the runs in the way.
      const child = add('qc', ask('t', { whenFull: 'replace' }), childOf('q'));
      expect(child).toMatchObject({ refusal: { kind: 'full', ancestor: 'q' } });
    });
  });

  describe('places in appends', () => {
    const takes = (expects: 'holds' | 'waits', place = ask('t')): PlaceChange => ({
      takes: { asked: place, expects },
    });
    const failed = (id: string) =>
      write(id, {
        patch: patch({ status: 'failed', release: true }),
        place: { leaves: { limit: null } },
      });

    test('a run that comes back takes a place, or waits without being woken by time', async () => {
      add('a', ask('t'));
      await failed('a');
      expect(subject.store.queueOf(asRunId('a'))).toEqual(queueOf('t'));
      const { store } = subject;
      store.send({
        ...{ runId: asRunId('a'), kind: 'signal', body: {}, receivedAt: T0, idempotencyKey: null },
      });
      expect(await write('a', { place: takes('holds') })).toMatchObject({ ok: true });
      expect(holds('a')).toBe(true);
      add('b', ask('t'));
      await failed('a');
      store.send({
        ...{ runId: asRunId('a'), kind: 'signal', body: {}, receivedAt: T0, idempotencyKey: null },
      });
      const settled = store.unsettled(asRunId('a')).map(({ id }) => ({
        ...{ inboxId: id, ok: true as const, result: {} },
      }));
      const queued = { patch: patch({ status: 'pending', release: true }), settled };
      expect(await write('a', { ...queued, place: takes('waits') })).toMatchObject({ ok: true });
      expect(holds('a')).toBe(false);
      expect(wakeAt('a')).toBeNull();
      expect(await end('b')).toMatchObject({ woken: [{ runId: asRunId('a'), why: 'turn' }] });
      expect(wakeAt('a')).not.toBeNull();
    });

    test('what was decided over other places is refused and has written nothing', async () => {
      add('a', ask('t'));
      await failed('a');
      add('b', ask('t'));
      const { store } = subject;
      store.send({
        ...{ runId: asRunId('a'), kind: 'signal', body: {}, receivedAt: T0, idempotencyKey: null },
      });
      const before = store.head(asRunId('a'))?.seq;
      const refused = await write('a', { place: takes('holds') });
      expect(refused).toEqual({ ok: false, reason: 'places_changed' });
      expect(store.head(asRunId('a'))?.seq).toBe(before as number);
    });

    test('two children of one append that reject cannot both count on one place', async () => {
      add('p', ask('other'));
      const children = ['c1', 'c2'].map((id) =>
        newRun(id, { place: ask('t', { whenFull: 'reject' }), ...childOf('p') }),
      );
      expect(await write('p', { children })).toEqual({ ok: false, reason: 'places_changed' });
      expect(await write('p', { children: children.slice(1) })).toMatchObject({ ok: true });
    });
  });
}
