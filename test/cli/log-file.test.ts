import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogFile } from '../../cli/log-file.ts';

test('a log file is for its owner, goes on where it was, and keeps one of before at its limit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'opcode-log-'));
  const path = join(folder, 'daemon.log');
  openLogFile(path, 20).close();
  const log = openLogFile(path, 20);
  for (const word of ['first', 'second', 'third', 'fourth']) log.write(`${word} line\n`);
  log.close();
  expect(readFileSync(path, 'utf8')).toBe('fourth line\n');
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('third line\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  rmSync(folder, { recursive: true });
});
