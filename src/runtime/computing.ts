/**
 * Evaluations that are out at a compute process: one request per run and key, the answer comes back
 * as an input and lives in memory only.
 */

import type { PendingEvaluation } from '../core/context.ts';
import { failure, messageOf } from '../model/error.ts';
import type { ComputeAnswer } from '../model/expression.ts';
import type { EngineInput } from '../model/input.ts';
import type { ComputePool } from '../model/ports.ts';
import { requestKey } from './decide-context.ts';
import type { LiveRun } from './live-run.ts';

/** Evaluations of one run at compute processes at once: one run must not hold them all. */
const MAX_OUT = 1;

/** Sends what a turn left pending; answers are delivered as `evaluated` inputs. */
export function startEvaluations(
  compute: ComputePool,
  run: LiveRun,
  pending: readonly PendingEvaluation[],
  deliver: (run: LiveRun, input: EngineInput) => void,
): void {
  for (const { path, request } of pending) {
    const key = requestKey(request);
    const waiting = run.computing.get(key);
    if (waiting !== undefined) {
      if (!waiting.includes(path)) waiting.push(path);
      continue;
    }
    run.computing.set(key, [path]);
    const send = (): void => {
      run.computeOut += 1;
      compute.run(request).then(
        (answer) => answered(run, key, answer, deliver),
        (thrown: unknown) => {
          const error = failure('EXECUTION_ERROR', messageOf(thrown));
          answered(run, key, { ok: false, error }, deliver);
        },
      );
    };
    if (run.computeOut < MAX_OUT) send();
    else run.computeQueue.push(send);
  }
}

function answered(
  run: LiveRun,
  key: string,
  answer: ComputeAnswer,
  deliver: (run: LiveRun, input: EngineInput) => void,
): void {
  const paths = run.computing.get(key) ?? [];
  run.computing.delete(key);
  run.computeOut -= 1;
  if (run.lost) return;
  run.computeQueue.shift()?.();
  run.memo.set(key, answer);
  for (const waiter of paths) deliver(run, { type: 'evaluated', path: waiter });
}
