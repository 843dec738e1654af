/** Random things to do with notices and messages for agents, for the comparison of two stores. */
import fc from 'fast-check';
import { asNodeId, asRunId } from '../../src/model/ids.ts';
import type { NewNotice, NoticeOutcome } from '../../src/model/notice-store.ts';
import type { Store } from '../../src/model/store.ts';
import { append, completed, T0 } from '../contract/store-fixtures.ts';

type Operation = (store: Store) => unknown;

const CHANNELS = ['team', 'bell'];
const AGENTS = ['ann', 'ben'];
const RUNS = ['ra', 'rb', 'rc', 'sd'];
const aTime = fc.integer({ min: 0, max: 30 }).map((ms) => T0 + ms);
const aChannel = fc.constantFrom(...CHANNELS);
const aRun = fc.constantFrom(...RUNS);
const aSeq = fc.integer({ min: 1, max: 4 });

const aNotice: fc.Arbitrary<NewNotice> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  kind: fc.constantFrom('run_failed', 'disk_low'),
  channel: aChannel,
  payload: fc.constantFrom({ message: 'x' }, {}),
  createdAt: aTime,
});

const anOutcome: fc.Arbitrary<NoticeOutcome> = fc.oneof(
  aTime.map((at): NoticeOutcome => ({ kind: 'delivered', at })),
  fc
    .tuple(aTime, aTime)
    .map(([at, nextAt]): NoticeOutcome => ({ kind: 'failed', error: `at ${at}`, at, nextAt })),
  aTime.map((at): NoticeOutcome => ({ kind: 'gave_up', error: `end ${at}`, at })),
);

/** The holder's next append, with something to tell. */
const tell =
  (run: string, agent: string | null, key: string | null, expiresAt: number): Operation =>
  (store) => {
    const head = store.head(asRunId(run));
    const seq = (head?.seq ?? 0) + 1;
    return store.append([
      append(run, {
        owner: head?.owner ?? asNodeId('n1'),
        epoch: head?.epoch ?? 1,
        expectedSeq: seq - 1,
        events: [completed(seq)],
        notices: [
          { seq, key, kind: 'notify', channel: 'team', payload: { run }, createdAt: T0 + seq },
        ],
        messages: [{ seq, agent, at: T0 + seq, expiresAt }],
      }),
    ]);
  };

export const aNoticeOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.array(aNotice, { maxLength: 3 }).map(
    (notices): Operation =>
      (store) =>
        store.addNotices(notices),
  ),
  fc.record({ channel: aChannel, nowMs: aTime, leaseUntil: aTime, limit: fc.nat({ max: 3 }) }).map(
    (claim): Operation =>
      (store) =>
        store.claimNotices(claim),
  ),
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat({ max: 3 }), anOutcome).map(
    ([id, attempts, outcome]): Operation =>
      (store) =>
        store.settleNotice(id, attempts, outcome),
  ),
  fc.tuple(aTime, aTime, fc.integer({ min: 1, max: 3 })).map(
    ([born, now, limit]): Operation =>
      (store) =>
        store.giveUpNotices(born, now, limit),
  ),
  aTime.map(
    (before): Operation =>
      (store) =>
        store.pruneNotices(before),
  ),
  fc
    .tuple(aRun, fc.constantFrom(null, ...AGENTS), fc.constantFrom(null, 'own'), aTime)
    .map(([run, agent, key, expires]) => tell(run, agent, key, expires)),
  fc.tuple(aRun, aSeq, fc.subarray(AGENTS), aTime).map(
    ([run, seq, agents, at]): Operation =>
      (store) =>
        store.markTold({ runId: asRunId(run), seq }, agents, at),
  ),
  fc.tuple(aTime, aTime).map(
    ([now, before]): Operation =>
      (store) =>
        store.pruneTold(now, before),
  ),
);

/** Everything that can be read of notices. */
export const noticesOf = (store: Store) => ({
  counts: store.noticeCounts().map(({ lastError, ...counts }) => ({
    ...counts,
    // Of several that failed in the same millisecond any may be the last.
    failed: lastError !== null,
  })),
  next: [CHANNELS, ['bell'], []].map((channels) => store.nextNoticeAt(channels)),
  messages: AGENTS.flatMap((agent) =>
    [0, 10, 25].map((ms) => store.untoldMessages(agent, T0 + ms, 5)),
  ),
  questions: AGENTS.map((agent) => store.untoldDecisions(agent, 5)),
});
