/**
 * Evaluations that are out at a compute process: one request per run and key, the answer comes back
 * as an input and lives in memory only.
 */

import type { PendingEvaluation } from '../core/context.ts';
import { failure, messageOf } from '../model/error.ts';
import type { EngineInput } from '../model/input.ts';
import type { ComputePool } from '../model/ports.ts';
import { requestKey } from './decide-context.ts';
import type { LiveRun } from './live-run.ts';

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
    const answered = (answer: Parameters<LiveRun['memo']['set']>[1]): void => {
      const paths = run.computing.get(key) ?? [];
      run.computing.delete(key);
      if (run.lost) return;
      run.memo.set(key, answer);
      for (const waiter of paths) deliver(run, { type: 'evaluated', path: waiter });
    };
    compute
      .run(request)
      .then(answered, (thrown: unknown) =>
        answered({ ok: false, error: failure('EXECUTION_ERROR', messageOf(thrown)) }),
      );
  }
}
