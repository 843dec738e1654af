/**
 * The fenced append by itself: what the fence, the row and the encoding add to bare inserts.
 */
import { asDefinitionHash, asNodeId, asRunId, type RunId } from '../../../src/model/ids.ts';
import type { NewRun, RunAppend } from '../../../src/model/store.ts';
import { startFacts } from '../engine-harness.ts';
import type { Round } from '../figure.ts';
import { openRaw, openStore, type Sync } from '../raw-limit.ts';
import { type BenchContext, type Suite, timed, timedSync } from '../suite.ts';

const OWNER = asNodeId('bench-owner');
const AT = 1_800_000_000_000;

const newRun = (runId: RunId): NewRun => ({
  runId,
  definitionHash: asDefinitionHash('0'.repeat(64)),
  start: startFacts(),
  createdAt: AT,
  idempotency: null,
  place: null,
  claimableFrom: AT,
});

/** One `step_started` after `expectedSeq` events; the run is made when there are none. */
function oneEvent(runId: RunId, expectedSeq: number): RunAppend {
  const seq = expectedSeq + 1;
  return {
    runId,
    owner: OWNER,
    epoch: 1,
    expectedSeq,
    events: [
      {
        seq,
        at: AT + seq,
        type: 'step_started',
        path: `step_${seq}`,
        payload: { attempt: 1, params: { url: 'https://example.com/', seq } },
      },
    ],
    create: expectedSeq === 0 ? newRun(runId) : null,
    patch: {
      status: 'active',
      paused: false,
      updatedAt: AT + seq,
      endedAt: null,
      error: null,
      waitingFor: [],
      wakeAt: null,
      release: false,
    },
    decisions: [],
    settled: [],
    sends: [],
    children: [],
  };
}

async function appends(
  context: BenchContext,
  sync: Sync,
  runs: number,
  count: number,
): Promise<readonly Round[]> {
  return context.withFile(async (path) => {
    const store = openStore(path, sync);
    const raw = openRaw(`${path}.raw`, sync);
    const ids = Array.from({ length: runs }, (_, index) => asRunId(`run-${index}`));
    const rounds: Round[] = [];
    let seq = 0;
    for (let round = 0; round <= context.rounds(9); round++) {
      const groups = Array.from({ length: count }, (_, index) =>
        ids.map((id) => oneEvent(id, seq + index)),
      );
      seq += count;
      const samples: number[] = [];
      for (const group of groups) samples.push(1000 * (await timed(() => store.append(group))));
      const ready = raw.prepare(groups);
      const raws = ready.map((transaction) => 1000 * timedSync(() => raw.write(transaction)));
      if (round > 0) rounds.push({ samples, raw: raws });
    }
    store.close();
    raw.close();
    return rounds;
  });
}

export const append: Suite = {
  name: 'append',
  about: 'the fenced append of one event, alone and in groups of 100 runs',
  async run(context) {
    for (const sync of ['normal', 'full'] as const) {
      const one = await appends(context, sync, 1, context.quick ? 50 : 300);
      context.add('append of one event with its row', one, {
        settings: sync,
        unit: 'µs',
        bar: { ratio: 1.5 },
      });
      const hundred = await appends(context, sync, 100, context.quick ? 5 : 30);
      context.add('append of a group: 100 runs, one event each', hundred, {
        settings: sync,
        unit: 'µs',
        bar: { ratio: 2 },
      });
    }
  },
};
