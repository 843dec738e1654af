/** `recover`: takes on a run, or everything that is unfinished and that nobody executes. */
import { AppError } from '../model/error.ts';
import { countWithoutExecutor } from './executors.ts';
import type { Operation, Surface } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun } from './run-ref.ts';
import { recoverInput, recoverOutput } from './schemas.ts';

const SURFACES: readonly Surface[] = ['cli', 'http'];

export function createRecover(
  parts: OpsParts,
): Operation<typeof recoverInput, typeof recoverOutput> {
  return {
    name: 'recover',
    summary: 'Go on with unfinished runs that no process executes',
    input: recoverInput,
    output: recoverOutput,
    surfaces: SURFACES,
    access: 'operate',
    async handle(_ctx, input) {
      if (parts.engine === null) {
        throw new AppError('CONFLICT', 'this process does not execute runs');
      }
      const runId =
        input.workflow_id === undefined ? null : resolveRun(parts.store, input.workflow_id);
      const claimed = await parts.engine.recover(runId);
      return { claimed, without_executor: countWithoutExecutor(parts) };
    },
  };
}
