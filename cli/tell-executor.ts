/**
 * The line that says that unfinished runs have no executor, for every command that comes across them.
 */
import type { App, Cli } from './command.ts';
import { noExecutorLine } from './print/run-end.ts';
import { counted } from './print/text.ts';

/** Says on stderr when nothing moves one run. */
export async function tellNoExecutor(cli: Cli, app: App, workflowId: string): Promise<void> {
  const run = await app.ops.status(cli.context(), { workflow_id: workflowId, include: [] });
  const line = noExecutorLine(run, cli.terminal.stderr.style);
  if (line !== null) cli.note(line);
}

/** Says on stderr when unfinished runs are executed by nobody. */
export function tellWithoutExecutor(cli: Cli, count: number): void {
  if (count === 0) return;
  const { style } = cli.terminal.stderr;
  const what = `${counted(count, 'unfinished run')} without an executor; nothing moves until one lives.`;
  cli.note(`${style.yellow(what)} ${style.cyan('opcode recover')}`);
}
