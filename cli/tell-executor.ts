/**
 * The line that says that unfinished runs have no executor, for every command that comes across them.
 */
import type { App, Cli } from './command.ts';
import { noExecutorLine } from './print/run-end.ts';
import { shortId } from './print/run-id.ts';
import { counted } from './print/text.ts';

/** Prints the id of a run that was started and left, and says on stderr when nothing moves it. */
export async function tellDetached(
  cli: Cli,
  app: App,
  started: { readonly workflow_id: string },
): Promise<void> {
  const { workflow_id } = started;
  if (cli.json) {
    cli.printJson(started);
    return;
  }
  cli.print(workflow_id);
  const { has_executor } = await app.ops.status(cli.context(), { workflow_id, include: [] });
  if (has_executor) return;
  cli.note(
    `No daemon runs, so nothing moves yet: opcode serve, or opcode recover ${shortId(workflow_id)}`,
  );
}

/** Says on stderr when nothing moves one run. */
export async function tellNoExecutor(cli: Cli, app: App, workflowId: string): Promise<void> {
  const run = await app.ops.status(cli.context(), { workflow_id: workflowId, include: [] });
  const line = noExecutorLine(run, cli.terminal.stderr.style);
  if (line !== null) cli.note(line);
}

type Overview = Pick<Awaited<ReturnType<App['ops']['overview']>>, 'counts' | 'without_executor'>;

/** Says on stderr when runs that should go on are executed by nobody. */
export function tellWithoutExecutor(cli: Cli, { counts, without_executor }: Overview): void {
  // A suspended run needs no executor: whoever answers it goes on with it.
  const count = Math.min(without_executor, (counts.active ?? 0) + (counts.pending ?? 0));
  if (count === 0) return;
  const { style } = cli.terminal.stderr;
  const runs = `${counted(count, 'unfinished run')} without an executor`;
  cli.note(
    `${style.yellow(`${runs}; nothing moves until one lives.`)} ${style.cyan('opcode recover')}`,
  );
}
