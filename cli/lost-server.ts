/** Tells a user who followed a run that its server is gone for good. */
import { AppError } from '../src/model/error.ts';

/** The same error; when the server is gone, with the run that goes on without this command. */
export function withLeftRun(thrown: unknown, workflowId: string): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'ACTION_UNAVAILABLE') return thrown;
  const { code, message, details } = thrown;
  return new AppError(code, message, {
    hint: `run ${workflowId} is kept there and goes on with the server: opcode status ${workflowId}`,
    cause: thrown,
    ...(details === undefined ? {} : { details }),
  });
}
