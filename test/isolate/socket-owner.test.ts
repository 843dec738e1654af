/** The kernel is asked for the owner of a real connection, and answers as the table does. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createSocketOwner } from '../../src/isolate/socket-owner.ts';

const ownerOf = createSocketOwner();

describe.if(ownerOf !== null)('the owner of a connection', () => {
  const uid = process.getuid?.() ?? -1;

  describe.each(['127.0.0.1', '::1'])('over %s', (address) => {
    let server: Server;
    let client: Socket;
    let port = 0;
    beforeAll(async () => {
      server = createServer().listen(0, address);
      await new Promise((resolve) => server.once('listening', resolve));
      const at = server.address();
      port = typeof at === 'object' && at !== null ? at.port : 0;
      client = connect(port, address);
      await new Promise((resolve) => client.once('connect', resolve));
    });
    afterAll(() => {
      client.destroy();
      server.close();
    });

    test('is this user for a connection of this process', () => {
      const from = { address, port: client.localPort ?? 0 };
      for (let i = 0; i < 100; i++) expect(ownerOf?.(from, { address, port })).toBe(uid);
    });

    test('is nobody for a connection that is not there', () => {
      const other = { address, port: (client.localPort ?? 0) === 1 ? 2 : 1 };
      expect(ownerOf?.(other, { address, port }) ?? null).toBeNull();
      const from = { address, port: client.localPort ?? 0 };
      expect(ownerOf?.(from, { address, port: 1 }) ?? null).toBeNull();
    });
  });

  test('is not told for what is no address of this machine', () => {
    const to = { address: '127.0.0.1', port: 1 };
    expect(ownerOf?.({ address: 'fe80::1', port: 1 }, to) ?? null).toBeNull();
  });
});
