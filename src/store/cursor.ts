/**
 * Page cursors: the key of the last row of a page as opaque base64url text.
 *
 * A cursor names the query it belongs to, so one that was cut, edited or taken from another query is
 * refused instead of silently starting somewhere else. Both stores speak the same cursors.
 */
import { AppError } from '../model/error.ts';

export type CursorKind =
  | 'runs'
  | 'events'
  | 'decisions'
  | 'templates'
  | 'expired'
  | 'schedules'
  | 'occurrences'
  | 'agents'
  | 'audit';

/** Text that stands for the place after the row with this key. */
export function encodeCursor(kind: CursorKind, key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url');
}

/**
 * The two numbers of a cursor made by `encodeCursor` (time and row).
 * @throws VALIDATION_ERROR when the text is no cursor of this query
 */
export function decodeRowCursor(kind: CursorKind, cursor: string): readonly [number, number] {
  const [time, row] = decode(kind, cursor);
  if (typeof time === 'number' && typeof row === 'number') return [time, row];
  throw badCursor(kind, cursor);
}

/** Text that stands for the place after an event with this time and id, in this database only. */
export const encodeEventsCursor = (databaseId: string, at: number, id: number): string =>
  encodeCursor('events', [at, id, databaseId]);

/**
 * Time and id in a cursor made by `encodeEventsCursor`; those that name no database are of any.
 * @throws VALIDATION_ERROR for text that is no cursor of this query, CONFLICT for another database's
 */
export function decodeEventsCursor(databaseId: string, cursor: string): readonly [number, number] {
  const place = decodeRowCursor('events', cursor);
  const [, , named] = decode('events', cursor);
  if (named === undefined || named === databaseId) return place;
  throw new AppError('CONFLICT', 'cursor: the page before was of another database', {
    details: { path: 'cursor', kind: 'other_database' },
    hint: 'the database was restored or replaced since: begin with the first page, without a cursor',
  });
}

/**
 * The name in a cursor made by `encodeCursor`.
 * @throws VALIDATION_ERROR when the text is no cursor of this query
 */
export function decodeNameCursor(kind: CursorKind, cursor: string): string {
  const [name] = decode(kind, cursor);
  if (typeof name === 'string') return name;
  throw badCursor(kind, cursor);
}

function decode(kind: CursorKind, cursor: string): readonly unknown[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (cause) {
    throw badCursor(kind, cursor, cause);
  }
  if (!Array.isArray(parts) || parts[0] !== kind) throw badCursor(kind, cursor);
  return parts.slice(1);
}

function badCursor(kind: CursorKind, cursor: string, cause?: unknown): AppError {
  return new AppError('VALIDATION_ERROR', `cursor: not a cursor of a ${kind} query`, {
    details: { path: 'cursor', cursor: cursor.slice(0, 100) },
    hint: 'pass next_cursor of the page before, with the same filter, or none for the first page',
    cause,
  });
}
