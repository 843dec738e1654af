/**
 * What is left after a crash: whole transactions only, and all that somebody was told is durable. The
 * process is killed for real; the loss of power is a write-ahead log cut at any length.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { copyFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRunId } from '../../../src/model/ids.ts';
import type { Store } from '../../../src/model/store.ts';
import { verifyDatabase } from '../../../src/store/sqlite/verify.ts';
import { append, completed, creation, newRun } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

/** Sequences of the runs; each log is checked to be what its row says. */
function sequences(store: Store, names: readonly string[]): number[] {
  return names.map((name) => {
    const seq = store.head(asRunId(name))?.seq ?? 0;
    expect(store.events(asRunId(name), 0, 100_000).map((event) => event.seq)).toEqual(
      Array.from({ length: seq }, (_, index) => index + 1),
    );
    return seq;
  });
}

test('killed at any moment: every group is there whole or not at all, and none that was reported is missing', async () => {
  for (let round = 0; round < 4; round += 1) {
    const path = join(files.folder, `killed-${round}.db`);
    files.open({ path }).createPending(newRun('shared'));
    const writer = Bun.spawn([process.execPath, WRITER, path, 'w', '3', '100000'], {
      stdout: 'pipe',
      stderr: 'inherit',
    });
    let reported = 0;
    let killed = false;
    for await (const chunk of writer.stdout) {
      const lines = Buffer.from(chunk).toString().trim().split('\n');
      reported = Number(lines.at(-1));
      if (killed || reported < 20 + round * 13) continue;
      killed = true;
      writer.kill('SIGKILL');
    }
    await writer.exited;
    const [first = 0, ...others] = sequences(files.open({ path }), ['w-0', 'w-1', 'w-2']);
    expect(others).toEqual([first, first]);
    // One more group may have been committed before the process could say so.
    expect([reported + 1, reported + 2]).toContain(first);
    expect(verifyDatabase(path).ok).toBe(true);
  }
});

test('power lost with the log cut at any length: a beginning of the transactions, each whole', async () => {
  const store = files.open({ synchronous: 'full' });
  await store.append([creation('a'), creation('b')]);
  for (let seq = 2; seq <= 12; seq += 1) {
    const events = [completed(seq, 'x'.repeat(seq * 700))];
    await store.append(['a', 'b'].map((run) => append(run, { expectedSeq: seq - 1, events })));
  }
  const wal = `${files.path}-wal`;
  const { length } = readFileSync(wal);
  const copy = join(files.folder, 'copy.db');
  let before = 0;
  for (let step = 0; step <= 40; step += 1) {
    // Odd steps end inside a page, every fourth exactly between two frames.
    const frames = Math.floor(((length - 32) * step) / 40 / 4120);
    const cut = step % 4 === 0 ? 32 + frames * 4120 : Math.floor((length * step) / 40);
    copyFileSync(files.path, copy);
    copyFileSync(wal, `${copy}-wal`);
    truncateSync(`${copy}-wal`, cut);
    const survivor = files.open({ path: copy });
    const [a = 0, b = 0] = sequences(survivor, ['a', 'b']);
    survivor.close();
    expect(b).toBe(a);
    expect(a).toBeGreaterThanOrEqual(before);
    before = a;
  }
  expect(before).toBe(12);
});
