/** A folder of its own for each test that needs a database file, removed afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../../src/model/store.ts';
import { openSqliteStore, type SqliteOptions } from '../../../src/store/sqlite/open.ts';

export interface TempDatabases {
  /** A path nothing stands at yet, the same for the whole test. */
  readonly path: string;
  readonly folder: string;
  open(options?: Partial<SqliteOptions>): Store;
  /** Closes every store opened here and removes the folder. */
  remove(): void;
}

export function tempDatabases(): TempDatabases {
  const folder = mkdtempSync(join(tmpdir(), 'opcode-store-'));
  const path = join(folder, 'opcode.db');
  const opened: Store[] = [];
  return {
    path,
    folder,
    open(options = {}) {
      const store = openSqliteStore({ path, synchronous: 'normal', ...options });
      opened.push(store);
      return store;
    },
    remove() {
      for (const store of opened) store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
