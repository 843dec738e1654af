/**
 * Whose process is at the other end of a loopback connection. On Linux the kernel's table of sockets
 * says it; elsewhere there is no such table and the check is off.
 *
 * A loopback port is open to every user of the machine; without tokens only this user and root may
 * speak to the server. A connection that is not in the table (it was closed meanwhile) is refused.
 */
import { readFile } from 'node:fs/promises';

export interface Connection {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

export interface PeerCheck {
  /** True when the connection comes from a process of this user or of root. */
  isOurs(peer: Connection, serverPort: number): Promise<boolean>;
}

export interface PeerDeps {
  readonly uid: number;
  readonly now: () => number;
  /** Reads a table of sockets; replaced in tests. */
  readonly read?: (path: string) => Promise<string>;
}

/**
 * How long an answer is used again. The kernel gives a port that was just left to nobody else within
 * this time, so it cannot be another user's by then.
 */
const REMEMBERED_MS = 1000;
const MAX_REMEMBERED = 1000;

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
  const known = new Map<string, number>();
  return {
    async isOurs(peer, serverPort) {
      const key = `${peer.address} ${peer.port} ${serverPort}`;
      const checkedAt = known.get(key);
      if (checkedAt !== undefined && deps.now() - checkedAt < REMEMBERED_MS) return true;
      known.delete(key);
      const uid = uidOf(await read(tableOf(peer.family)), peer, serverPort);
      if (uid !== deps.uid && uid !== ROOT) return false;
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(key, deps.now());
      return true;
    },
  };
}

const tableOf = (family: Connection['family']): string =>
  family === 'IPv4' ? '/proc/net/tcp' : '/proc/net/tcp6';

/** The user whose socket leads from the peer's port to the server's, null when there is none. */
function uidOf(table: string, peer: Connection, serverPort: number): number | null {
  const from = `${hexAddress(peer)}:${hexPort(peer.port)}`;
  const to = `:${hexPort(serverPort)}`;
  for (const line of table.split('\n')) {
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
