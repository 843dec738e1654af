/**
 * Whose process is at the other end of a loopback connection. On Linux the kernel's table of sockets
 * says it; elsewhere there is no such table and the check is off.
 *
 * A loopback port is open to every user of the machine; without tokens only this user and root may
 * speak to the server. A connection that is not in the table (it was closed meanwhile) is refused.
 * No answer is kept for later: the port of a connection that ended may at once be another user's.
 */
import { readFile } from 'node:fs/promises';

export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface PeerCheck {
  /** True when the connection comes from a process of this user or of root. */
  isOurs(peer: Connection, serverPort: number): Promise<boolean>;
}

export interface PeerDeps {
  readonly uid: number;
  /** Asks for one socket by both ends, which is much cheaper; null when that cannot be told so. */
  readonly ownerOf?: ((from: Connection, to: Endpoint) => number | null) | null;
  /** Reads a table of sockets; replaced in tests. */
  readonly read?: (path: string) => Promise<string>;
}

const ESTABLISHED = '01';
const ROOT = 0;

/** A check over the tables of the kernel; null where there are none. */
export async function createPeerCheck(deps: PeerDeps): Promise<PeerCheck | null> {
  const read = deps.read ?? ((path) => readFile(path, 'utf8'));
  try {
    await read(tableOf('IPv4'));
  } catch {
    // Not Linux, or a process without /proc: nothing can be told about anybody.
    return null;
  }
  const tables = {
    IPv4: sharedReading(() => read(tableOf('IPv4'))),
    IPv6: sharedReading(() => read(tableOf('IPv6'))),
  };
  return {
    async isOurs(peer, serverPort) {
      const server = { address: LOOPBACK[peer.family], port: serverPort };
      const told = deps.ownerOf?.(peer, server) ?? null;
      // The server may listen on another address of this machine: the table has them all.
      const uid = told ?? uidOf(await tables[peer.family](), peer, serverPort);
      return uid === deps.uid || uid === ROOT;
    },
  };
}

/** Each question is answered by a reading that begins after it; those that come meanwhile share one. */
function sharedReading(read: () => Promise<string>): () => Promise<string> {
  let next: Promise<string> | null = null;
  let before: Promise<unknown> = Promise.resolve();
  const begin = (): Promise<string> => {
    next = null;
    const reading = read();
    before = reading.then(undefined, () => undefined);
    return reading;
  };
  return () => {
    next ??= before.then(begin);
    return next;
  };
}

const LOOPBACK = { IPv4: '127.0.0.1', IPv6: '::1' } as const;

const tableOf = (family: Connection['family']): string =>
  family === 'IPv4' ? '/proc/net/tcp' : '/proc/net/tcp6';

/** The user whose socket leads from the peer's port to the server's, null when there is none. */
function uidOf(table: string, peer: Connection, serverPort: number): number | null {
  const from = `${hexAddress(peer)}:${hexPort(peer.port)}`;
  const to = `:${hexPort(serverPort)}`;
  // Of a table of thousands only the lines that hold the address are taken apart.
  const mark = ` ${from} `;
  for (let at = table.indexOf(mark); at >= 0; at = table.indexOf(mark, at + 1)) {
    const end = table.indexOf('\n', at);
    const line = table.slice(table.lastIndexOf('\n', at) + 1, end < 0 ? undefined : end);
    const fields = line.trim().split(/\s+/);
    const [, local, remote, state] = fields;
    // A closed connection is listed without its user, as if it were root's.
    if (local !== from || remote?.endsWith(to) !== true || state !== ESTABLISHED) continue;
    return Number(fields[7]);
  }
  return null;
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

const LOOPBACK_V6 = '00000000000000000000000001000000';

/** The address as the table writes it; one that is not loopback is in no line. */
function hexAddress({ address, family }: Connection): string {
  if (family === 'IPv6') return address === '::1' ? LOOPBACK_V6 : '';
  return address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}
