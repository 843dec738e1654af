/** In the home of the program of the same name that was there before: nothing of its is touched. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';

let home = '';
const path = (name: string): string => join(home, name);
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-former-'));
  const database = new Database(path('opcode.db'));
  database.run('PRAGMA journal_mode = WAL');
  database.run('CREATE TABLE workflow_templates (name TEXT, version TEXT, definition TEXT)');
  database.run('CREATE TABLE scheduled_jobs (id TEXT, cron TEXT)');
  database.close();
  writeFileSync(
    path('settings.json'),
    JSON.stringify({
      db_path: path('opcode.db'),
      listen_addr: ':4100',
      base_url: 'http://localhost:4100',
      log_level: 'info',
      pool_size: 10,
      panel: false,
    }),
  );
});
afterEach(() => rmSync(home, { recursive: true }));

async function opcode(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await execute(args, terminal, { OPCODE_HOME: home });
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

test('its database is left as it is and another is used beside it, which every command says', async () => {
  const before = readFileSync(path('opcode.db'));
  const looked = await opcode('status');
  expect(looked.code).toBe(0);
  expect(looked.stderr).toContain(`${path('opcode-runs.db')} is used`);
  expect(existsSync(path('opcode-runs.db'))).toBe(false);
  writeFileSync(path('flow.json'), JSON.stringify({ steps: [{ id: 'a', run: 'true' }] }));
  const defined = await opcode('define', path('flow.json'), '--name', 'flow');
  expect(defined.code).toBe(0);
  expect(defined.stderr).toContain('is the database of the program');
  expect((await opcode('query', 'templates', '--json')).stdout).toContain('"flow"');
  expect(readFileSync(path('opcode.db'))).toEqual(before);
  expect(existsSync(path('opcode.db-wal'))).toBe(false);
});

test('its daemon, which the pid file names by a number alone, is not taken for ours', async () => {
  writeFileSync(path('opcode.pid'), `${process.pid}\n`);
  const stopped = await opcode('stop');
  expect(stopped.code).toBe(4);
  expect(stopped.stderr).toContain(`names process ${process.pid}`);
  const { stdout } = await opcode('doctor');
  expect(stdout).toMatch(/warn {2}daemon .*the program before this one/);
});
