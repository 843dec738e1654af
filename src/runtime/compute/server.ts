/**
 * The inside of a compute process: reads requests as JSON lines, answers each with one line.
 *
 * What the tasks do is handed in; whatever they throw becomes an answer. Ends with its input.
 */
import { failure, messageOf } from '../../model/error.ts';
import type { ComputeAnswer, ComputeRequest } from '../../model/expression.ts';

export type ComputeTask = (request: ComputeRequest) => Promise<ComputeAnswer>;

/** Serves until the input closes. `write` puts one line out. */
export async function serveCompute(
  input: AsyncIterable<string>,
  write: (line: string) => void,
  task: ComputeTask,
): Promise<void> {
  write('ready');
  for await (const line of input) {
    if (line === '') continue;
    write(JSON.stringify(await answer(line, task)));
  }
}

async function answer(line: string, task: ComputeTask): Promise<ComputeAnswer> {
  try {
    return await task(JSON.parse(line) as ComputeRequest);
  } catch (thrown) {
    return { ok: false, error: failure('EXECUTION_ERROR', messageOf(thrown)) };
  }
}
