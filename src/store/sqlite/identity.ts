/**
 * Whose a database file is and which programs may work on it, looked at before anything is done with
 * it: what cannot be used is left as it is, to the last byte.
 */
import type { AppError } from '../../model/error.ts';
import { hasKind, storeError } from './errors.ts';
import { untilFree } from './patience.ts';
import { openToIdentify, openToRead } from './reading.ts';

/** "opcd": marks a SQLite file as ours. */
export const APPLICATION_ID = 0x6f_70_63_64;

/** The first schema that records the schema of each process and from which on a file can be read. */
export const FIRST_WITH_BOUNDS = 8;

export interface Bounds {
  /** The number of the last migration in the file; 0 when it holds nothing yet. */
  readonly schema: number;
  /** The oldest schema whose programs may still work on the file. */
  readonly readableFrom: number;
}

const EMPTY: Bounds = { schema: 0, readableFrom: 0 };

/** The first row of a statement. */
type One = (sql: string) => unknown;

/** The bounds of a database. @throws STORE_ERROR `not_a_database`, `newer_schema` */
export function identify(one: One, path: string, known: number): Bounds {
  if (numberOf(one('PRAGMA application_id')) !== APPLICATION_ID) {
    if (one('SELECT 1 FROM sqlite_schema LIMIT 1') === null) return EMPTY;
    throw storeError('not_a_database', 'a SQLite database of another program', path);
  }
  const schema = numberOf(one('PRAGMA user_version'));
  const readableFrom =
    schema < FIRST_WITH_BOUNDS
      ? schema
      : numberOf(one('SELECT readable_from FROM schema_bounds'), schema);
  if (schema > known && readableFrom > known)
    throw newerSchema({ schema, readableFrom }, known, path);
  return { schema, readableFrom };
}

/** What is said of a database that a newer program made. */
export const newerSchema = (
  { schema, readableFrom }: Bounds,
  known: number,
  path: string,
): AppError =>
  storeError(
    'newer_schema',
    `made by a newer Opcode: its schema is ${schema}, this program knows ${known}`,
    path,
    { details: { schema, known, readable_from: readableFrom } },
  );

/** The number in the one column of a row. */
function numberOf(row: unknown, otherwise = 0): number {
  const value = typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
  return typeof value === 'number' ? value : otherwise;
}

/** As often a file is looked at as it stands before it is shared with whoever writes to it. */
const MAX_LOOKS = 3;

/**
 * Refuses a file that this program cannot work on before it is opened for writing, which may change it.
 * @throws STORE_ERROR `not_a_database`, `newer_schema`, or why it cannot be read
 */
export function refuseUnfit(path: string, known: number, limitMs: number): void {
  try {
    untilFree({ path, limitMs }, () => lookAt(path, known));
  } catch (thrown) {
    // What a killed process left can only be read after what it had begun is undone, by who may write.
    if (!hasKind(thrown, 'readonly')) throw thrown;
  }
}

function lookAt(path: string, known: number): void {
  for (let looks = 1; ; looks += 1) {
    const reading = looks < MAX_LOOKS ? openToIdentify(path) : openToRead(path);
    if (reading === null) return;
    try {
      identify((sql) => reading.database.query(sql).get(), path, known);
      return;
    } catch (thrown) {
      // What was read while somebody wrote may be of no one time.
      if (!reading.hasMoved() || looks >= MAX_LOOKS) throw thrown;
    } finally {
      reading.close();
    }
  }
}
