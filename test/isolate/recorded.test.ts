import { describe, expect, test } from 'bun:test';
import { isGroupAlive } from '../../src/isolate/process-group.ts';
import { isAlive, ownIdentity, startTimeOf, statOf } from '../../src/isolate/process-info.ts';
import { createProcessControl, killRecorded } from '../../src/isolate/recorded.ts';
import type { RecordedProcess } from '../../src/model/event.ts';

const own = ownIdentity();

/** A shell text running in a group of its own, as a crash would leave it. */
const leftBehind = async (
  text: string,
  first = ':',
): Promise<{ record: RecordedProcess; exited: Promise<number> }> => {
  const child = Bun.spawn(['sh', '-c', `${first}; echo up; ${text}`], {
    detached: true,
    stdin: 'ignore',
    stderr: 'ignore',
  });
  const record = {
    pid: child.pid,
    started: startTimeOf(child.pid) ?? '',
    boot_id: own.bootId,
    host: own.host,
  };
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return { record, exited: child.exited };
};

describe('a recorded process group', () => {
  test('is killed and gone', async () => {
    const { record } = await leftBehind('sleep 30 & sleep 30', 'trap "" TERM');
    expect(await killRecorded(record, { graceMs: 0 })).toBe('killed');
    expect(isGroupAlive(record.pid)).toBe(false);
    expect(await killRecorded(record)).toBe('gone');
  });

  test('gets TERM first when there is time', async () => {
    const { record, exited } = await leftBehind(
      'while :; do sleep 0.01; done',
      'trap "exit 7" TERM',
    );
    expect(await killRecorded(record, { graceMs: 2000 })).toBe('killed');
    expect(await exited).toBe(7);
  });

  test('is killed also when its leader has ended', async () => {
    const { record, exited } = await leftBehind('sleep 30 & sleep 0.05; exit 0');
    await exited;
    expect(isGroupAlive(record.pid)).toBe(true);
    expect(await killRecorded(record, { graceMs: 0 })).toBe('killed');
    expect(isGroupAlive(record.pid)).toBe(false);
  });

  test('that is another process by now is left alone', async () => {
    const { record } = await leftBehind('sleep 30');
    expect(await killRecorded({ ...record, started: '1' })).toBe('gone');
    expect(await killRecorded({ ...record, boot_id: 'another' })).toBe('gone');
    expect(await killRecorded({ ...record, host: 'another' })).toBe('not_ours');
    expect(isGroupAlive(record.pid)).toBe(true);
    await createProcessControl().killRecorded(record);
    expect(isGroupAlive(record.pid)).toBe(false);
  });
});

describe('whether a process lives', () => {
  test('ours does; one that has ended, or whose pid is used again, does not', async () => {
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, started: '1' })).toBe(false);
    const child = Bun.spawn(['true']);
    const identity = { ...own, pid: child.pid, started: startTimeOf(child.pid) ?? '0' };
    await child.exited;
    expect(isAlive(identity)).toBe(false);
  });

  test('cannot be told across hosts, boots, namespaces and users', () => {
    for (const change of [
      { host: 'x' },
      { bootId: 'x' },
      { bootId: '' },
      { pidNamespace: 'x' },
      { uid: -2 },
      { started: '' },
    ]) {
      expect(isAlive({ ...own, ...change })).toBe(null);
    }
  });

  test('a name with brackets and blanks is read past', () => {
    const stat = statOf(process.pid);
    expect(stat).toMatchObject({ pid: process.pid, ended: false });
    expect(statOf(2 ** 22 + 1)).toBe(null);
  });
});
