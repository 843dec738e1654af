/** `/proc`, `/sys` and `/dev` are closed to fs actions and `save_to`, whatever path leads there. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionDeps } from '../../src/actions/deps.ts';
import { fsActions } from '../../src/actions/fs.ts';
import { systemDenial } from '../../src/actions/system-paths.ts';
import { createPathPolicy } from '../../src/app-parts.ts';
import { AppError } from '../../src/model/error.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { call, find, openDeps, tempFolder } from './action-world.ts';

let root = '';
let remove = (): void => undefined;
beforeEach(() => {
  ({ path: root, remove } = tempFolder());
});
afterEach(() => remove());

async function outcome(
  name: string,
  params: JsonObject,
  changes: Partial<ActionDeps> = {},
): Promise<string> {
  try {
    await call(find(fsActions(openDeps(changes)), name), params, { cwd: root });
    return 'done';
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : String(thrown);
  }
}

const onLinux = test.skipIf(process.platform !== 'linux');

describe('paths that show processes and the machine', () => {
  onLinux('are closed to every fs action', async () => {
    symlinkSync('/proc/self', join(root, 'me'));
    symlinkSync('/proc', join(root, 'p'));
    symlinkSync('/proc/self/environ', join(root, 'env'));
    writeFileSync(join(root, 'a'), 'x');
    for (const path of [
      '/proc/self/environ',
      '/proc//self/../self/environ',
      `/proc/${process.pid}/environ`,
      '/proc/thread-self/comm',
      '/proc/self/task/1/environ',
      '/proc/self/root/etc/hostname',
      '/proc/self/cwd/package.json',
      '/proc/self/fd/0',
      '/proc/1/root',
      '/proc/cpuinfo',
      '/proc/no-such',
      '/sys/kernel',
      '/dev/fd/0',
      '/dev/mem',
      'me/environ',
      'p/self/environ',
      'env',
    ]) {
      expect([path, await outcome('fs.read', { path })]).toEqual([path, 'PATH_DENIED']);
      expect([path, await outcome('fs.stat', { path })]).toEqual([path, 'PATH_DENIED']);
      expect([path, await outcome('fs.copy', { src: path, dst: 'b' })]).toEqual([
        path,
        'PATH_DENIED',
      ]);
    }
    for (const path of ['/proc/self/comm', '/dev/shm/other', '/sys/x', 'me/comm']) {
      expect([path, await outcome('fs.append', { path, content: 'x' })]).toEqual([
        path,
        'PATH_DENIED',
      ]);
      expect(await outcome('fs.write', { path, content: 'x' })).toBe('PATH_DENIED');
      expect(await outcome('fs.copy', { src: 'a', dst: path })).toBe('PATH_DENIED');
      expect(await outcome('fs.move', { src: 'a', dst: path })).toBe('PATH_DENIED');
      expect(await outcome('fs.delete', { path })).toBe('PATH_DENIED');
    }
    for (const path of ['/proc', '/proc/self/fd', '/sys', '/dev', 'p', 'me/fd']) {
      expect([path, await outcome('fs.list', { path })]).toEqual([path, 'PATH_DENIED']);
    }
    expect(readFileSync('/proc/self/comm', 'utf8')).not.toContain('x\n\n');
  });

  onLinux('stay closed where a setting opens the folder around them', async () => {
    const systemPaths = ['/proc', '/sys', '/dev'];
    expect(await outcome('fs.read', { path: '/proc/uptime' }, { systemPaths })).toBe('done');
    for (const path of [
      '/proc/self/environ',
      '/proc/1/environ',
      '/proc/thread-self/environ',
      '/proc/kcore',
      '/proc/kmsg',
      '/proc/sysrq-trigger',
      '/proc/mounts',
      '/dev/mem',
      '/dev/port',
    ]) {
      expect([path, await outcome('fs.read', { path }, { systemPaths })]).toEqual([
        path,
        'PATH_DENIED',
      ]);
    }
    const paths: ActionDeps['paths'] = { check: () => 'a rule of the settings says so' };
    const denied = await outcome('fs.read', { path: '/proc/uptime' }, { systemPaths, paths });
    expect(denied).toBe('PATH_DENIED');
  });

  onLinux('but for a few devices, and shared memory of our own name', async () => {
    const own = `/dev/shm/opcode-test-${process.pid}`;
    mkdirSync(own);
    try {
      expect(await outcome('fs.write', { path: `${own}/a`, content: 'x' })).toBe('done');
      expect(await outcome('fs.read', { path: `${own}/a` })).toBe('done');
      expect(await outcome('fs.stat', { path: '/dev/null' })).toBe('done');
      expect(await outcome('fs.read', { path: `${own}/../x` })).toBe('PATH_DENIED');
      // A device is never replaced by a file.
      expect(await outcome('fs.write', { path: '/dev/null', content: '' })).toBe('EXECUTION_ERROR');
    } finally {
      rmSync(own, { recursive: true });
    }
  });

  test('are known by whole names', () => {
    expect(systemDenial('/process/a', [])).toBeNull();
    expect(systemDenial('/devel', [])).toBeNull();
    expect(systemDenial('/proc/uptime', ['/proc/up'])).toContain('paths.open');
    expect(systemDenial('/proc/123abc', ['/proc'])).toBeNull();
    expect(systemDenial('/dev/shm/opcode', ['/proc'])).toContain('/dev is closed');
  });
});

describe('rules of the settings', () => {
  test('bind a folder under each name that leads to it', async () => {
    mkdirSync(join(root, 'real'));
    symlinkSync(join(root, 'real'), join(root, 'alias'));
    writeFileSync(join(root, 'real', 'a'), 'x');
    const none = { deny: [], readOnly: [], writable: [] };
    const denied = createPathPolicy({ ...none, deny: [join(root, 'alias')] });
    const only = createPathPolicy({ ...none, writable: [join(root, 'alias', 'new')] });
    for (const path of ['real/a', 'alias/a']) {
      expect(await outcome('fs.read', { path }, { paths: denied })).toBe('PATH_DENIED');
    }
    const write = { path: 'alias/new/b', content: 'x', create_dirs: true };
    expect(await outcome('fs.write', write, { paths: only })).toBe('done');
    expect(await outcome('fs.write', { path: 'real/b', content: 'x' }, { paths: only })).toBe(
      'PATH_DENIED',
    );
  });
});
