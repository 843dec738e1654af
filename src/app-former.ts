/**
 * Beside the program of the same name that was here before: its database may stand where ours would.
 * It is left as it is, and ours has another name beside it.
 */
import { join } from 'node:path';
import type { Config } from './config.ts';
import { isFormerDatabase } from './store/sqlite/former.ts';

export interface OwnDatabase {
  readonly config: Config;
  /** What is to be said when the database is not where it is looked for; null when it is. */
  readonly notice: string | null;
}

const BESIDE = 'opcode-runs.db';

/** The configuration with the database that is ours. */
export function withOwnDatabase(config: Config): OwnDatabase {
  const { home, dbPath } = config;
  if (dbPath !== join(home, 'opcode.db') || !isFormerDatabase(dbPath)) {
    return { config, notice: null };
  }
  const own = join(home, BESIDE);
  const notice = `${dbPath} is the database of the program that was called opcode before this one; it is left as it is, and ${own} is used`;
  return { config: Object.freeze({ ...config, dbPath: own }), notice };
}
