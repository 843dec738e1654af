import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJunit } from '../../scripts/junit.ts';

test('the report of a real run gives its real counts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'junit-'));
  const report = join(folder, 'junit.xml');
  try {
    writeFileSync(
      join(folder, 'mixed.test.ts'),
      `import { describe, expect, test } from 'bun:test';
       test('a', () => {});
       describe('nested', () => { test('b', () => {}); test('c', () => { expect(1).toBe(2); }); });
       test.skip('d', () => {});`,
    );
    const run = Bun.spawnSync(
      [process.execPath, 'test', '--reporter=junit', `--reporter-outfile=${report}`],
      { cwd: folder },
    );
    expect(run.exitCode).toBe(1);
    expect(readJunit(readFileSync(report, 'utf8'))).toEqual({ passed: 2, failed: 1, skipped: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a report that was never finished counts nothing as passed', () => {
  expect(readJunit('')).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
