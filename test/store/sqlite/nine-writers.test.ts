/** Nine processes that write to one file as fast as they can: all get on, nobody sees a lock. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRunId } from '../../../src/model/ids.ts';
import { verifyDatabase } from '../../../src/store/sqlite/verify.ts';
import { newRun } from '../../contract/store-fixtures.ts';
import { TEST_MS } from '../../support/patience.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url));
const WRITERS = 9;
const GROUPS = 60;

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

test(
  'nine writers on a new file',
  async () => {
    const path = join(files.folder, 'nine.db');
    const writers = Array.from({ length: WRITERS }, (_, index) =>
      Bun.spawn([process.execPath, WRITER, path, `w${index}`, '2', String(GROUPS)], {
        stdout: 'pipe',
        stderr: 'pipe',
      }),
    );
    const store = files.open({ path });
    store.createPending(newRun('shared'));
    const ends = await Promise.all(
      writers.map(async (writer) => ({
        code: await writer.exited,
        complaint: await new Response(writer.stderr).text(),
        groups: Number((await new Response(writer.stdout).text()).trim().split('\n').at(-1)),
      })),
    );
    expect(ends.map(({ code, complaint }) => ({ code, complaint }))).toEqual(
      Array.from({ length: WRITERS }, () => ({ code: 0, complaint: '' })),
    );
    ends.forEach(({ groups }, index) => {
      expect(groups).toBe(GROUPS);
      expect(store.head(asRunId(`w${index}-0`))?.seq).toBe(groups + 1);
      expect(store.head(asRunId(`w${index}-1`))?.seq).toBe(groups + 1);
    });
    const ids = store.tail(0, 1_000_000).map((stored) => stored.id);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(verifyDatabase(path)).toEqual({ ok: true, problems: [] });
  },
  { timeout: TEST_MS },
);
