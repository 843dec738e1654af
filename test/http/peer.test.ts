/** Whose process a loopback connection comes from, read off the kernel's table of sockets. */
import { describe, expect, test } from 'bun:test';
import { type Connection, createPeerCheck, type PeerCheck } from '../../src/http/peer.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

const row = (local: string, remote: string, state: string, uid: number): string =>
  `   3: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 268102 1\n`;

/** The port 4100 is 1004, 43800 is AB18. */
const SERVER = '0100007F:1004';
const PEER = '0100007F:AB18';
const FROM: Connection = { address: '127.0.0.1', port: 43_800, family: 'IPv4' };

async function checking(table: string | (() => string)): Promise<PeerCheck> {
  const read = async (): Promise<string> => HEAD + (typeof table === 'string' ? table : table());
  const check = await createPeerCheck({ uid: 1000, read });
  if (check === null) throw new Error('there is a table');
  return check;
}

describe('a connection', () => {
  test.each([
    ['of this user', row(PEER, SERVER, '01', 1000), true],
    ['of root', row(PEER, SERVER, '01', 0), true],
    ['of another user', row(PEER, SERVER, '01', 1001), false],
    ['that is not in the table', '', false],
    ['that was closed, which is listed as root', row(PEER, SERVER, '06', 0), false],
    ['to another port', row(PEER, '0100007F:1005', '01', 1000), false],
    ['of our own end only', row(SERVER, PEER, '01', 1000), false],
    ['in a table of which a line is cut', '   3: 0100007F', false],
  ])('%s', async (_, table, isOurs) => {
    expect(await (await checking(table)).isOurs(FROM, 4100)).toBe(isOurs);
  });

  test('over IPv6', async () => {
    const local = '00000000000000000000000001000000:AB18';
    const remote = '00000000000000000000000001000000:1004';
    const check = await checking(row(local, remote, '01', 1000));
    const from: Connection = { address: '::1', port: 43_800, family: 'IPv6' };
    expect(await check.isOurs(from, 4100)).toBe(true);
    expect(await check.isOurs({ ...from, address: 'fe80::1' }, 4100)).toBe(false);
  });

  test("is looked up for every request: its port may be another user's by the next", async () => {
    let uid = 1000;
    const check = await checking(() => row(PEER, SERVER, '01', uid));
    expect(await check.isOurs(FROM, 4100)).toBe(true);
    uid = 1001;
    expect(await check.isOurs(FROM, 4100)).toBe(false);
    uid = 1000;
    expect(await check.isOurs(FROM, 4100)).toBe(true);
  });

  test('is judged by a reading that began after its request; many requests share one', async () => {
    let readings = 0;
    let uid = 1000;
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const read = async (): Promise<string> => {
      readings += 1;
      const table = HEAD + row(PEER, SERVER, '01', uid);
      if (readings === 2) {
        begun.resolve();
        await held.promise;
      }
      return table;
    };
    const check = await createPeerCheck({ uid: 1000, read });
    const first = check?.isOurs(FROM, 4100);
    await begun.promise;
    uid = 1001;
    const later = Array.from({ length: 50 }, () => check?.isOurs(FROM, 4100));
    held.resolve();
    expect(await first).toBe(true);
    expect(new Set(await Promise.all(later))).toEqual(new Set([false]));
    expect(readings).toBe(3);
  });

  test('after a reading that failed is looked up again', async () => {
    let fails = false;
    const read = async (): Promise<string> => {
      if (fails) throw new Error('EMFILE');
      return HEAD + row(PEER, SERVER, '01', 1000);
    };
    const check = await createPeerCheck({ uid: 1000, read });
    fails = true;
    await expect(check?.isOurs(FROM, 4100)).rejects.toThrow('EMFILE');
    fails = false;
    expect(await check?.isOurs(FROM, 4100)).toBe(true);
  });
});

test('without a table there is no check', async () => {
  const read = (): Promise<string> => Promise.reject(new Error('ENOENT'));
  expect(await createPeerCheck({ uid: 0, read })).toBeNull();
});

describe('asked by both ends', () => {
  const asking = async (ownerOf: (port: number) => number | null): Promise<PeerCheck | null> =>
    createPeerCheck({
      uid: 1000,
      read: async () => HEAD + row(PEER, SERVER, '01', 1000),
      ownerOf: (from, to) => (to.port === 4100 ? ownerOf(from.port) : null),
    });

  test('the answer counts, not the table', async () => {
    expect(await (await asking(() => 1001))?.isOurs(FROM, 4100)).toBe(false);
    expect(await (await asking(() => 0))?.isOurs(FROM, 4100)).toBe(true);
  });

  test('the table is read when there is none', async () => {
    expect(await (await asking(() => null))?.isOurs(FROM, 4100)).toBe(true);
  });
});
