/**
 * A log file that stays small: at its limit it becomes `<path>.1`, in place of the one before, and a
 * new one begins. Readable by its owner only.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { AppError, messageOf } from '../src/model/error.ts';

const MAX_LOG_BYTES = 10 * 1024 * 1024;

export interface LogFile {
  /** Appends a line that ends itself. */
  write(line: string): void;
  close(): void;
}

/** Opens or makes the file. @throws EXECUTION_ERROR when that cannot be done */
export function openLogFile(path: string, maxBytes: number = MAX_LOG_BYTES): LogFile {
  let descriptor = open(path);
  let size = fstatSync(descriptor).size;
  const rotate = (): void => {
    closeSync(descriptor);
    renameSync(path, `${path}.1`);
    descriptor = openSync(path, 'a', 0o600);
    size = fstatSync(descriptor).size;
  };
  let lost = 0;
  return {
    write(line) {
      const missing = lost === 0 ? '' : lostLine(lost);
      const bytes = Buffer.from(`${missing}${line}`);
      try {
        if (size > 0 && size + bytes.length > maxBytes) rotate();
        size += writeSync(descriptor, bytes);
        lost = 0;
      } catch {
        // A full disk: what cannot be logged must not keep the daemon from its work.
        lost += 1;
      }
    },
    close: () => closeSync(descriptor),
  };
}

const lostLine = (count: number): string =>
  `${JSON.stringify({ time: new Date().toISOString(), level: 'warn', message: 'log lines could not be written', count })}\n`;

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (thrown) {
    throw new AppError('EXECUTION_ERROR', `no log can be written there: ${messageOf(thrown)}`, {
      hint: 'check the folder and its permissions, or leave --log-file out',
      cause: thrown,
    });
  }
}
