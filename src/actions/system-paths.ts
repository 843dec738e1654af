/**
 * What of `/proc`, `/sys` and `/dev` an action may touch.
 *
 * These show and change the machine and other processes, the product's own among them (its
 * environment, memory and open files), so that a path from data must not lead there. They are closed
 * but for a few harmless devices; a setting opens more, never a process, memory or a disk.
 */
import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './os-error.ts';

const TREES = ['/proc', '/sys', '/dev'];
const ALWAYS_OPEN = ['/dev/null', '/dev/zero', '/dev/urandom'];
const SHARED_MEMORY = /^\/dev\/shm\/opcode-[^/]*(\/|$)/;
/** Folders of processes, and files that read or change the whole machine. */
const NEVER_PROC = /^\/proc\/(?:\d+|self|thread-self|kcore|kmsg|sysrq-trigger)(?:\/|$)/;
const NEVER_DEV = /^\/dev\/(?:mem|kmem|port)$/;
/** Types of file systems by which a second mount of proc or sysfs is known (Linux). */
const KERNEL_TYPES: ReadonlySet<number> = new Set([0x9fa0, 0x62656572]);
const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

const isUnder = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** Why a place in `/proc`, `/sys` or `/dev` is closed, null when it is open or none of these. */
export function systemDenial(path: string, opened: readonly string[]): string | null {
  const tree = TREES.find((each) => isUnder(path, each));
  if (tree === undefined || ALWAYS_OPEN.includes(path) || SHARED_MEMORY.test(path)) return null;
  if (NEVER_PROC.test(path) || NEVER_DEV.test(path) || isBlockDevice(path)) {
    return 'it shows a process, memory or a disk, which no setting opens';
  }
  if (opened.some((rule) => isUnder(path, rule))) return null;
  return `${tree} is closed unless the setting paths.open opens it`;
}

/** The devices of a machine are in memory: looking at one waits for nothing. */
function isBlockDevice(path: string): boolean {
  try {
    return path.startsWith('/dev/') && statSync(path).isBlockDevice();
  } catch (thrown) {
    if (GONE.has(errnoOf(thrown))) return false;
    throw thrown;
  }
}

/** True for what lies in another mount of proc or sysfs, such as `/host/proc` of a container. */
export async function isKernelMount(path: string): Promise<boolean> {
  if (process.platform !== 'linux' || TREES.some((tree) => isUnder(path, tree))) return false;
  for (let at = path; ; at = dirname(at)) {
    try {
      return KERNEL_TYPES.has((await statfs(at)).type);
    } catch (thrown) {
      if (!GONE.has(errnoOf(thrown))) throw thrown;
      if (at === dirname(at)) return false;
    }
  }
}
