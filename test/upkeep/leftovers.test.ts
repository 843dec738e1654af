/** Half copies of killed backups and restores go; what belongs to a living process or to others stays. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { lookAtDisk } from '../../src/app-doctor-files.ts';
import { leftovers } from '../../src/app-leftovers.ts';
import { restoreBackup } from '../../src/app-restore.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { APPLICATION_ID } from '../../src/store/sqlite/identity.ts';
import { person } from '../ops/harness.ts';

let home = '';
let config: Config;
let dead = 0;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'opcode-leftovers-'));
  config = loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home }, home });
  mkdirSync(join(home, 'backups'));
  mkdirSync(join(home, 'elsewhere'));
  const gone = Bun.spawn(['true']);
  await gone.exited;
  dead = gone.pid;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function halfCopy(...names: string[]): string {
  const path = join(home, ...names);
  const database = new Database(path);
  database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.run('CREATE TABLE IF NOT EXISTS half (a)');
  database.close();
  return path;
}

/** What a kill leaves, and what only looks like it. */
function scatter() {
  const left = [
    halfCopy('backups', `opcode-2026.db.part-${dead}`),
    halfCopy(`opcode.db.restoring-${dead}.part-${dead}`),
    halfCopy(`opcode.db.restoring-${dead}`),
  ];
  const journal = `${left[0]}-journal`;
  writeFileSync(journal, 'half');
  const empty = join(home, `opcode.db.part-${dead}`);
  writeFileSync(empty, '');
  const kept = [
    halfCopy('backups', `opcode-2027.db.part-${process.pid}`),
    join(home, 'backups', `film.part-${dead}`),
    halfCopy('backups', 'whole.db'),
  ];
  writeFileSync(kept[1] ?? '', 'of somebody else');
  return { left: [...left, journal, empty], kept };
}

const there = (paths: readonly string[]): string[] => paths.filter((path) => existsSync(path));

test('gc removes them, and doctor names them before', async () => {
  const app = await openApp(config, { execute: false });
  const { left, kept } = scatter();
  expect(
    leftovers(config)
      .map(({ path }) => path)
      .sort(),
  ).toEqual([...left].sort());
  const [finding] = lookAtDisk(config).filter(({ text }) => text.includes('killed'));
  expect(finding).toMatchObject({ level: 'warn', text: expect.stringContaining('and 4 more') });
  await app.ops.gc({ ...person, exec: null }, {});
  await app.close();
  expect(there(left)).toEqual([]);
  expect(there(kept)).toEqual(kept);
});

test('the next backup removes them, also beside a file that it is to write elsewhere', async () => {
  const app = await openApp(config, { execute: false });
  const { left, kept } = scatter();
  const file = join(home, 'elsewhere', 'copy.db');
  const beside = join(home, 'elsewhere', `copy.db.part-${dead}`);
  writeFileSync(beside, '');
  await app.ops.backup({ ...person, exec: { cwd: home, env: {} } }, { file });
  await app.close();
  expect(there([...left, beside])).toEqual([]);
  expect(there([...kept, file])).toEqual([...kept, file]);
  const { left: again } = scatter();
  await restoreBackup(config, file, Date.now());
  expect(there(again)).toEqual([]);
});
