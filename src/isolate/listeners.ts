/**
 * Which process listens on a port of this machine, as the kernel tells it (Linux); nothing is known
 * elsewhere, or about processes of other users.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTEN = '0A';

export interface Listener {
  /** Null when it belongs to somebody whose processes cannot be looked at. */
  readonly pid: number | null;
  readonly command: string | null;
}

/** The process that listens on this port; null when nobody does or it cannot be told. */
export function listenerOn(port: number): Listener | null {
  const inodes = TABLES.flatMap((table) => socketsOn(readOrEmpty(table), port));
  if (inodes.length === 0) return null;
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  for (const pid of entriesOf('/proc')) {
    if (!/^\d+$/.test(pid) || !holds(pid, wanted)) continue;
    const command = readOrEmpty(`/proc/${pid}/comm`).trim();
    return { pid: Number(pid), command: command === '' ? null : command };
  }
  return { pid: null, command: null };
}

/** Columns of the table: number, local address, remote address, state, …, inode (the tenth). */
function socketsOn(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === LISTEN && local.endsWith(suffix) ? [inode] : [];
  });
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  return entriesOf(folder).some((name) => {
    try {
      return sockets.has(readlinkSync(`${folder}/${name}`));
    } catch {
      // Closed meanwhile.
      return false;
    }
  });
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No such table here, or a process of another user.
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
