/**
 * Whether a database holds exactly what this program makes: a file that came from elsewhere may bring
 * triggers and views that would do something by themselves, whoever writes a row later.
 */
import { Database } from 'bun:sqlite';
import { storeError, toStoreError } from './errors.ts';
import { newerSchema } from './identity.ts';
import { MIGRATIONS, type Migration, sqlOf } from './migrate.ts';

interface Made {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

/** What SQLite makes by itself. */
const OF_SQLITE = /^(table sqlite_(sequence|stat1|stat4)|index sqlite_autoindex_\w+)$/;
const MAX_NAMED = 5;

/**
 * `file`: what the user calls it.
 * @throws STORE_ERROR `not_a_database` naming what is there and should not be, or is missing or other
 */
export function refuseForeignSchema(path: string, file: string): void {
  let database: Database | null = null;
  try {
    database = new Database(path, { readonly: true });
    const { user_version: schema } = database.query('PRAGMA user_version').get() as {
      user_version: number;
    };
    // What a newer program has made cannot be told from what was slipped in.
    if (schema > MIGRATIONS.length) {
      throw newerSchema({ schema, readableFrom: schema }, MIGRATIONS.length, file);
    }
    const [expected, found] = [madeBy(MIGRATIONS.slice(0, schema)), madeIn(database)];
    const odd = [
      ...[...found].filter(([name, sql]) => expected.get(name) !== sql),
      ...[...expected].filter(([name]) => !found.has(name)),
    ].map(([name]) => name);
    if (odd.length === 0) return;
    const named = odd.slice(0, MAX_NAMED).join(', ');
    const more = odd.length > MAX_NAMED ? ` and ${odd.length - MAX_NAMED} more` : '';
    throw storeError('not_a_database', `not as Opcode makes it: ${named}${more}`, file);
  } catch (thrown) {
    throw toStoreError(thrown, file);
  } finally {
    database?.close();
  }
}

/** Everything in a schema by its type and name, with how it was made. */
function madeIn(database: Database): ReadonlyMap<string, string | null> {
  const rows = database.query('SELECT type, name, sql FROM sqlite_schema').all() as Made[];
  return new Map(
    rows
      .map(({ type, name, sql }) => [`${type} ${name}`, sql] as const)
      .filter(([name]) => !OF_SQLITE.test(name)),
  );
}

function madeBy(migrations: readonly Migration[]): ReadonlyMap<string, string | null> {
  const database = new Database(':memory:');
  try {
    for (const migration of migrations) database.run(sqlOf(migration));
    return madeIn(database);
  } finally {
    database.close();
  }
}
