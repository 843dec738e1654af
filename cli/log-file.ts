/**
 * A log file that stays small: at its limit it becomes `<path>.1`, in place of the one before, and a
 * new one begins. Readable by its owner only.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

const MAX_LOG_BYTES = 10 * 1024 * 1024;

export interface LogFile {
  /** Appends a line that ends itself. */
  write(line: string): void;
  close(): void;
}

/** Opens or makes the file. @throws what the system says when that cannot be done */
export function openLogFile(path: string, maxBytes: number = MAX_LOG_BYTES): LogFile {
  let descriptor = openSync(path, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  const rotate = (): void => {
    closeSync(descriptor);
    renameSync(path, `${path}.1`);
    descriptor = openSync(path, 'a', 0o600);
    size = fstatSync(descriptor).size;
  };
  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (size > 0 && size + bytes.length > maxBytes) rotate();
      size += writeSync(descriptor, bytes);
    },
    close: () => closeSync(descriptor),
  };
}
