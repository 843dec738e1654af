/**
 * Errors of the operating system in words: what was tried, on which path, why it did not work.
 */
import { AppError, messageOf } from '../model/error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EEXIST: 'it exists already',
  ENOTDIR: 'not a directory',
  EISDIR: 'it is a directory',
  ENOTEMPTY: 'the directory is not empty',
  ENOSPC: 'no space left on the device',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  EBUSY: 'it is in use',
};

/** The `code` of a system error (`ENOENT`, …), or an empty text. */
export function errnoOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return '';
  return String(thrown.code);
}

/** A failure of the step: `cannot <doing> <path>: <reason>`. An `AppError` stays what it is. */
export function osFailure(doing: string, path: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = errnoOf(thrown);
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : messageOf(thrown);
  // The same name is too long each time.
  const kind = code === 'ENAMETOOLONG' ? 'LIMIT_EXCEEDED' : 'EXECUTION_ERROR';
  return new AppError(kind, `cannot ${doing} ${path}: ${reason}`, {
    details: { path, ...(code === '' ? {} : { errno: code }) },
    cause: thrown,
  });
}

/** A failure of the step for a reason of our own. */
export const refused = (doing: string, path: string, reason: string): AppError =>
  new AppError('EXECUTION_ERROR', `cannot ${doing} ${path}: ${reason}`, { details: { path } });

/** The failure of a write that must not replace what is there; someone may take that away. */
export const occupied = (path: string): AppError =>
  new AppError(
    'EXECUTION_ERROR',
    `cannot write ${path}: it exists already and \`overwrite\` is false`,
    { details: { path, errno: 'EEXIST' } },
  );

/** @throws AppError CANCELLED when the step has been stopped */
export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('CANCELLED', 'the step was stopped');
}
