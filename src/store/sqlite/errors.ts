/**
 * What SQLite reports, as errors people can act on: one STORE_ERROR per kind, each with what to do.
 *
 * `details.kind` says what a caller can do about it: `busy` and `full` pass with time, `readonly`,
 * `corrupt`, `not_a_database`, `newer_schema`, `older_schema`, `in_use` and `path` need a person, `io`
 * is anything else.
 */
import { SQLiteError } from 'bun:sqlite';
import { AppError, messageOf } from '../../model/error.ts';
import type { Json } from '../../model/json.ts';

export type StoreErrorKind =
  | 'busy'
  | 'full'
  | 'readonly'
  | 'corrupt'
  | 'io'
  | 'not_a_database'
  | 'newer_schema'
  | 'older_schema'
  | 'in_use'
  | 'path'
  | 'closed';

const HINTS: Readonly<Record<StoreErrorKind, string>> = {
  busy: 'another process holds the write lock for long; stop it, or try again',
  full: 'make room on the disk, or remove old runs with opcode gc --older-than 7d; nothing was lost, waiting runs go on by themselves',
  readonly:
    'give this user write permission on the database, its -wal and -shm files and their folder',
  corrupt: 'keep a copy of the file with its -wal, then restore a backup of it',
  io: 'check the disk and the system log, then start again',
  not_a_database: 'choose another path (OPCODE_DB_PATH), or restore a backup over it',
  newer_schema: 'update this program, or choose another database',
  older_schema:
    'opcode restart brings it up to date, and so does opcode serve where no daemon runs, or any command that runs or changes something',
  in_use:
    'opcode restart ends a daemon and starts this version in its place; any other process has to end first',
  path: 'choose a path this user can read and write (OPCODE_DB_PATH)',
  closed: 'open the database again',
};

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html */
const KINDS: Readonly<Record<number, StoreErrorKind>> = {
  3: 'readonly',
  5: 'busy',
  6: 'busy',
  8: 'readonly',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'path',
  23: 'readonly',
  26: 'not_a_database',
};

/** Result codes whose primary one does not tell what can be done. */
const EXTENDED: Readonly<Record<number, StoreErrorKind>> = {
  // No room for the file by which processes share the log of changes: SQLITE_IOERR_SHMSIZE.
  4874: 'full',
};

/** Every statement is ours and fits our schema: what it does not find there was damaged. */
const NOT_OUR_SCHEMA = /^(no such (table|column|index|view)|malformed|table \S+ has no column)/;

function kindOf({ errno, message }: SQLiteError): StoreErrorKind {
  if (errno === 1 && NOT_OUR_SCHEMA.test(message)) return 'corrupt';
  return EXTENDED[errno] ?? KINDS[errno & 0xff] ?? 'io';
}

const MESSAGES: Readonly<Partial<Record<StoreErrorKind, string>>> = {
  busy: 'another process is writing to the database',
  full: 'the disk is full',
  readonly: 'the database cannot be written',
  corrupt: 'the database is damaged',
  not_a_database: 'the file is not a database',
  path: 'the database file cannot be opened',
};

/** A STORE_ERROR of one kind, naming the file, with what to do about it. */
export function storeError(
  kind: StoreErrorKind,
  message: string,
  path: string,
  options: {
    readonly cause?: unknown;
    readonly details?: Readonly<Record<string, Json>>;
    /** When what is to be done is not what it would be for the database in use. */
    readonly hint?: string;
  } = {},
): AppError {
  return new AppError('STORE_ERROR', `${path}: ${message}`, {
    details: { kind, path, ...options.details },
    hint: options.hint ?? HINTS[kind],
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

/** Anything thrown while the database was at work, as an AppError; ours pass unchanged. */
export function toStoreError(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof SQLiteError)) return thrown;
  const kind = kindOf(thrown);
  const known = MESSAGES[kind];
  const message = known === undefined ? thrown.message : `${known} (${thrown.message})`;
  return storeError(kind, message, path, {
    cause: thrown,
    details: { code: thrown.code ?? null },
  });
}

/** What the system says of a file, as a STORE_ERROR; anything else as it is. */
export function toFileError(thrown: unknown, path: string): unknown {
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return toStoreError(thrown, path);
  const kind = 'code' in thrown && thrown.code === 'ENOSPC' ? 'full' : 'path';
  const message = `${MESSAGES[kind] ?? kind} (${messageOf(thrown)})`;
  return storeError(kind, message, path, { cause: thrown });
}

/** True for the one failure that passes by waiting a moment. */
export const isBusy = (thrown: unknown): boolean => hasKind(thrown, 'busy');

export function hasKind(thrown: unknown, kind: StoreErrorKind): boolean {
  if (!(thrown instanceof AppError) || thrown.code !== 'STORE_ERROR') return false;
  const { details } = thrown;
  return (
    typeof details === 'object' && details !== null && 'kind' in details && details.kind === kind
  );
}
