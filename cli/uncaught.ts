/**
 * The end of a process in which something failed that nobody caught: a timer, a listener, a promise. It
 * says so with the stack, closes what is open, and exits 70; a supervisor starts it again, and recovery
 * goes on. Half a process that answers while its broken part is dead for good would be worse.
 *
 * What it executed is left as a crash leaves it: nothing is recorded by a process that is not to be trusted.
 */
import { writeSync } from 'node:fs';
import { EXIT } from './exit.ts';

interface Open {
  /** Writes a line of the log; null: stderr is told. */
  readonly log: ((message: string, fields: Readonly<Record<string, unknown>>) => void) | null;
  /** Makes secrets unreadable in what stderr is told. */
  readonly mask?: (text: string) => string;
  readonly close: () => void | Promise<void>;
}

/** Closing takes no longer. */
const CLOSE_MS = 2000;

const open = new Set<Open>();
let isEnding = false;

/** What is to be closed, and told, should this process end that way; until the returned function is called. */
export function closeOnUncaught(what: Open): () => void {
  open.add(what);
  return () => void open.delete(what);
}

/** From now on an uncaught error or an unhandled rejection ends the process. */
export function endOnUncaught(): void {
  process.on('uncaughtException', (thrown) => void endWith('an uncaught error', thrown));
  process.on('unhandledRejection', (thrown) => void endWith('an unhandled rejection', thrown));
}

/** Says what happened, closes what is open, and ends the process. */
export async function endWith(what: string, thrown: unknown): Promise<void> {
  say(what, thrown);
  if (isEnding) return;
  isEnding = true;
  setTimeout(() => process.exit(EXIT.internal), CLOSE_MS);
  // The last opened first.
  for (const { close } of [...open].reverse()) {
    try {
      await close();
    } catch (failed) {
      say('closing after that failed', failed);
    }
  }
  process.exit(EXIT.internal);
}

function say(what: string, thrown: unknown): void {
  const { message, stack } = thrown instanceof Error ? thrown : { message: String(thrown) };
  const logged = [...open].reverse().find(({ log }) => log !== null);
  try {
    if (logged?.log == null) writeToStderr(`[INTERNAL] ${what}: ${stack ?? message}\n`);
    else logged.log(`${what} ends this process`, { error: message, stack });
  } catch (failed) {
    // The log cannot be written: stderr is the last to be told.
    writeToStderr(`[INTERNAL] ${what}: ${stack ?? message} (${String(failed)})\n`);
  }
}

/** At once: what is still on its way when the process ends is lost. */
function writeToStderr(text: string): boolean {
  const masked = [...open].reduce((told, { mask }) => mask?.(told) ?? told, text);
  try {
    return writeSync(2, masked) > 0;
  } catch {
    // Nobody listens there.
    return false;
  }
}
