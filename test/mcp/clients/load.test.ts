/** Many clients, and clients that do not read: the daemon stays small and forgets them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { post } from '../../http/daemon.ts';
import { eventually, TEST_MS } from '../../support/patience.ts';
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts';

const canMeasure = existsSync('/proc/self/status');
const MIB = 1024 * 1024;

let daemon: DaemonProcess;

beforeAll(async () => {
  daemon = await startDaemonProcess();
});

afterAll(() => daemon.stop());

/** Bytes that the daemon holds in memory. */
function memory(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

async function sessions(): Promise<number> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text();
  return Number(/^opcode_sessions\{kind="mcp"\} (\d+)/m.exec(text)?.[1]);
}

interface Raw {
  readonly socket: Socket;
  /** Where its messages are posted. */
  readonly path: string;
}

/** Opens `/sse` and reads no further than the address to post to. */
function openSse(): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const socket = connect(daemon.port, '127.0.0.1');
    let text = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      text += bytes.toString();
      const path = /data: (\/message\S+)/.exec(text)?.[1];
      if (path === undefined) return;
      socket.pause();
      resolve({ socket, path });
    });
    socket.write(`GET /sse HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\n\r\n`);
  });
}

const INIT = {
  jsonrpc: '2.0',
  id: 'begin',
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'crowd', version: '1' },
  },
};
const LISTS = Array.from({ length: 100 }, (_, id) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/list',
}));

const send = async ({ path }: Raw, body: unknown): Promise<number> => {
  const answer = await post(`${daemon.url}${path}`, body);
  await answer.text();
  return answer.status;
};

const endAll = (clients: readonly Raw[]): void => {
  for (const { socket } of clients) socket.destroy();
};

const noSession = async (): Promise<boolean> => (await sessions()) === 0;

test.if(canMeasure)(
  '200 sessions of the first transport take less than 150 MB in all',
  async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, openSse));
    await Promise.all(clients.map((client) => send(client, INIT)));
    expect(await sessions()).toBe(200);
    // What connecting all at once has left to collect goes by itself.
    await eventually(() => memory() < 150 * MIB, 'less than 150 MB');
    endAll(clients);
    await eventually(noSession, 'every session is closed');
  },
  TEST_MS,
);

test.if(canMeasure)(
  'clients that do not read what they asked for are given up, and what they left is let go',
  async () => {
    const before = memory();
    const clients = await Promise.all(Array.from({ length: 40 }, openSse));
    for (const client of clients) {
      let status = await send(client, INIT);
      for (let asked = 0; status === 202 && asked < 100; asked++)
        status = await send(client, LISTS);
      // Its session is gone; so much was never sent.
      expect(status).toBe(404);
    }
    await eventually(noSession, 'every session is closed');
    await eventually(() => memory() - before < 100 * MIB, 'less than 100 MB more');
    endAll(clients);
  },
  TEST_MS,
);
