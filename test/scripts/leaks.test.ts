import { expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchForLeaks } from '../../scripts/leaks.ts';
import { eventually } from '../support/patience.ts';

test('a run that cleans up leaves nothing to report', async () => {
  const leaks = watchForLeaks();
  expect(await leaks.finish()).toEqual([]);
  expect(existsSync(leaks.folder)).toBe(false);
});

test('files left behind are named and removed', async () => {
  const leaks = watchForLeaks();
  writeFileSync(join(leaks.folder, 'forgotten.db'), '');
  expect(await leaks.finish()).toEqual(['left in the temporary folder: forgotten.db']);
  expect(existsSync(leaks.folder)).toBe(false);
});

test.skipIf(process.platform !== 'linux')(
  'a process that works in the folder is named and ended',
  async () => {
    const leaks = watchForLeaks();
    const child = Bun.spawn(['sleep', '30'], { cwd: leaks.folder, env: { PATH: '/usr/bin:/bin' } });
    // Between its start and its program a process has no command line.
    await eventually(
      () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').startsWith('sleep'),
      'the program of the process',
    );
    expect(await leaks.finish({ graceMs: 0 })).toEqual([
      `process ${child.pid} outlived the tests (ended now): sleep 30`,
    ]);
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
  },
);
