/** Long work of a command: a line that says how far it is, and Ctrl-C that ends it in good order. */
import type { Cli } from '../command.ts';
import { createRegion } from './region.ts';

/**
 * The result of the work. `signal` is aborted by the first Ctrl-C; `draw` shows a line on a terminal,
 * which is gone when the work has ended, however it ended.
 */
export async function interruptible<T>(
  cli: Cli,
  work: (signal: AbortSignal, draw: (line: string) => void) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  const { stderr } = cli.terminal;
  const region = stderr.isTerminal && !cli.json ? createRegion(stderr) : null;
  process.once('SIGINT', onInterrupt);
  try {
    return await work(stop.signal, (line) => region?.draw([line]));
  } finally {
    process.off('SIGINT', onInterrupt);
    region?.clear();
  }
}
