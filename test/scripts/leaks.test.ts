import { expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { watchForLeaks } from '../../scripts/leaks.ts';

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
    expect(await leaks.finish({ graceMs: 0 })).toEqual([
      `process ${child.pid} outlived the tests (ended now): sleep 30`,
    ]);
    await child.exited;
    expect(child.signalCode).toBe('SIGKILL');
  },
);
