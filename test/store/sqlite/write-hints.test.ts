/** Hints that somebody has written. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { watchWrites } from '../../../src/store/sqlite/write-hints.ts';
import { creation } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

test('who watches hears of a write of another connection, until it stops', async () => {
  const store = files.open();
  const other = files.open();
  let stop = (): void => undefined;
  let hints = 0;
  const heard = new Promise<void>((resolve) => {
    stop = store.watchWrites(() => {
      hints += 1;
      resolve();
    });
  });
  await other.append([creation('r1')]);
  await heard;
  stop();
  const before = hints;
  await other.append([creation('r2')]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(hints).toBe(before);
  other.close();
  store.close();
});

test('where nothing can be watched there are no hints and no error', () => {
  const stop = watchWrites(join(files.path, 'no', 'such'), () => undefined);
  expect(stop()).toBeUndefined();
});
