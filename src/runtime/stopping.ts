/**
 * A graceful stop: steps in flight may finish, unsafe ones longer than the others.
 */
import { isRunEnded } from '../model/run-status.ts';
import type { RuntimeDeps } from './deps.ts';
import { releaseRow } from './lifecycle.ts';
import type { LiveRun } from './live-run.ts';
import type { RunTable } from './run-table.ts';

const LOOK_MS = 20;

/** Resolves when nothing executes any more, or the time given for it is over. */
export async function drain(
  deps: RuntimeDeps,
  runs: RunTable,
  graceMs: number,
  graceUnsafeMs: number,
): Promise<void> {
  const { clock } = deps;
  const began = clock.monotonic();
  for (;;) {
    const { unsafe, other } = countExecuting(runs);
    const spent = clock.monotonic() - began;
    const waitMore = (unsafe > 0 && spent < graceUnsafeMs) || (other > 0 && spent < graceMs);
    if (!waitMore) return;
    await new Promise<void>((done) => clock.after(LOOK_MS, done));
  }
}

function countExecuting(runs: RunTable): { unsafe: number; other: number } {
  const counts = { unsafe: 0, other: 0 };
  for (const run of runs.live.values()) {
    for (const { path, givenUp } of run.unsettled)
      if (!givenUp) counts[isUnsafe(run, path) ? 'unsafe' : 'other'] += 1;
  }
  return counts;
}

function isUnsafe(run: LiveRun, path: string): boolean {
  const body = run.state?.steps.get(path)?.plan.body;
  return body?.type === 'action' && body.effect === 'unsafe';
}

/** An aborted process gets TERM and, after 5 s, KILL; a little more than that is waited for. */
const ABORT_MS = 7000;

/** Resolves when what was aborted is gone, or does not go. */
export async function settleAborted(deps: RuntimeDeps, runs: readonly LiveRun[]): Promise<void> {
  const { clock } = deps;
  const until = clock.monotonic() + ABORT_MS;
  while (
    runs.some(({ unsettled }) => [...unsettled].some(({ givenUp }) => !givenUp)) &&
    clock.monotonic() < until
  ) {
    await new Promise<void>((done) => clock.after(LOOK_MS, done));
  }
}

/**
 * A run with nothing in flight is free for the next executor at once; others count as crashed.
 * @returns false when it keeps this process as its owner
 */
export function releaseAtStop(deps: RuntimeDeps, run: LiveRun): boolean {
  if (run.state === null) return true;
  const executing = [...run.state.open].some(
    (step) => step.status === 'running' && step.plan.body.type === 'action' && step.sub === null,
  );
  if (executing) return false;
  releaseRow(deps, run, isRunEnded(run.state.status) ? null : deps.clock.now());
  return true;
}
