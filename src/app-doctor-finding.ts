/** What `opcode doctor` finds, and how it opens a database without changing it. */
import { existsSync } from 'node:fs';
import { type App, openApp } from './app.ts';
import type { Config } from './config.ts';
import { inspectDatabase } from './store/sqlite/backup.ts';
import { MIGRATIONS } from './store/sqlite/migrate.ts';

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly area: string;
  readonly level: Level;
  /** One sentence. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string;
}

/** Looks into the database; [] when there is none, or one that opening would bring up to date. */
export async function withDatabase(
  config: Config,
  look: (app: App) => readonly Finding[] | Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (!existsSync(config.dbPath)) return [];
  if (inspectDatabase(config.dbPath).schema < MIGRATIONS.length) return [];
  const app = await openApp(config, { execute: false, looks: true });
  try {
    return await look(app);
  } finally {
    await app.close();
  }
}
