/** The file that names the daemon: whom it names, and what names nobody. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type DaemonRecord,
  readPidFile,
  refuseSecondDaemon,
  releasePidFile,
  writePidFile,
} from '../../src/http/pid-file.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-pid-'));
  path = join(folder, 'opcode.pid');
});
afterEach(() => rmSync(folder, { recursive: true }));

const record: DaemonRecord = {
  pid: 4,
  started: '12',
  bootId: 'boot',
  host: 'here',
  pidNamespace: 'pid:[1]',
  uid: 0,
  version: '1.0.0',
  urls: ['http://127.0.0.1:4100'],
};

test('what was written is read, is for its owner only, and goes when its daemon ends', () => {
  writePidFile(path, record);
  expect(readPidFile(path)).toEqual(record);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => refuseSecondDaemon(path, () => true)).toThrow('a daemon runs already: pid 4');
  refuseSecondDaemon(path, () => false);
  releasePidFile(path, 5);
  expect(readPidFile(path)).not.toBeNull();
  releasePidFile(path, 4);
  expect(readPidFile(path)).toBeNull();
});

test('what no daemon wrote names nobody', () => {
  const { urls: _, ...withoutUrls } = record;
  const texts = ['', 'garbage', '{"pid":', '4', 'null', '[]', '{"pid":1}', '{"pid":"1"}'];
  for (const text of [...texts, JSON.stringify(withoutUrls)]) {
    writeFileSync(path, text);
    expect(readPidFile(path)).toBeNull();
    refuseSecondDaemon(path, () => true);
  }
});
