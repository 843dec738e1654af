/** Taking everything on: in what order, how far, and what stays behind. */
import { expect, test } from 'bun:test';
import { asNodeId, asRunId, type NodeId, type RunId } from '../../src/model/ids.ts';
import type { LiveRun } from '../../src/runtime/live-run.ts';
import { createRecovery, type RecoveryParts } from '../../src/runtime/recovery.ts';
import { createRunTable } from '../../src/runtime/run-table.ts';

interface Field {
  readonly parts: RecoveryParts;
  readonly claimable: Set<RunId>;
  readonly claimed: RunId[];
  readonly looks: number[];
}

/** Runs `0 … count - 1` are claimable; those that `mayHave` refuses stay so. */
function field(count: number, mayHave: (index: number) => boolean, maxLiveRuns = 1e9): Field {
  const all = Array.from({ length: count }, (_, index) => asRunId(String(index)));
  const claimable = new Set(all);
  const claimed: RunId[] = [];
  const looks: number[] = [];
  const runs = createRunTable();
  const parts = {
    runs,
    ownership: { deadNodes: () => [asNodeId('dead')] },
    deps: {
      config: { maxLiveRuns },
      clock: { now: () => 0, soon: (callback: () => void) => setImmediate(callback) },
      store: {
        claimable: (_now: number, _dead: readonly NodeId[], limit: number) => {
          looks.push(limit);
          return [...claimable].slice(0, limit);
        },
      },
    },
    claim: (runId: RunId) => {
      if (!mayHave(Number(runId))) return Promise.resolve(null);
      claimable.delete(runId);
      claimed.push(runId);
      const run = { runId } as LiveRun;
      runs.live.set(runId, run);
      return Promise.resolve(run);
    },
  } as unknown as RecoveryParts;
  return { parts, claimable, claimed, looks };
}

test('runs that cannot be had do not keep those behind them waiting', async () => {
  const { parts, claimed, looks } = field(3000, (index) => index >= 2000);
  expect(await createRecovery(parts)()).toBe(1000);
  expect(claimed.length).toBe(1000);
  expect(looks.length).toBeLessThan(10);
});

test('it stops at the runs that memory may hold and goes on when there is room', async () => {
  const { parts, claimed } = field(100, () => true, 40);
  const recover = createRecovery(parts);
  await recover();
  // A batch is claimed whole.
  expect(claimed.length).toBe(48);
  parts.runs.live.clear();
  await recover();
  expect(claimed.length).toBe(96);
});

test('who asks while a round is under way gets another look after it', async () => {
  const { parts, claimable, claimed } = field(3, () => true);
  const recover = createRecovery(parts);
  const first = recover();
  claimable.add(asRunId('late'));
  const second = recover();
  expect([await first, await second]).toEqual([4, 4]);
  expect(claimed).toContain(asRunId('late'));
});

test('a process that stops takes no more on', async () => {
  const { parts, claimed } = field(100, () => true);
  const recovering = createRecovery(parts)();
  parts.runs.stopping = true;
  await recovering;
  expect(claimed.length).toBe(16);
});
