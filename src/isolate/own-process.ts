/**
 * What keeps secrets of this process from others: they are taken out of its environment as the kernel
 * shows it, and nobody of the same user may look into its memory or make it dump it.
 *
 * Under root only the first counts. On other systems than Linux only the environment itself is emptied.
 */
import { ptr } from 'bun:ffi';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isSecretVariable } from './environment.ts';
import { openLibc } from './libc.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

let exposed: string | null = null;

/** Why /proc still shows secrets that this process was started with, or null. */
export const exposedBecause = (): string | null => exposed;

/**
 * The environment as the process was started, secrets included: from now on they are only in memory. To
 * be called before anything else reads it.
 */
export function takeSecrets(environment: Record<string, string | undefined>): Environment {
  const taken = Object.freeze({ ...environment });
  const names = Object.keys(taken).filter(isSecretVariable);
  if (names.length > 0) exposed = wipe(new Set(names));
  for (const name of names) delete environment[name];
  return taken;
}

/** Where `env_start` and `env_end` stand behind the name in /proc/self/stat. */
const ENV_START = 47;

function wipe(names: ReadonlySet<string>): string | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[ENV_START]);
    if (!Number.isSafeInteger(start) || start <= 0) return 'the kernel does not say where it is';
    const memory = openSync('/proc/self/mem', 'r+');
    try {
      for (const { from, to } of valuesIn(readFileSync('/proc/self/environ'), names)) {
        writeSync(memory, Buffer.alloc(to - from), 0, to - from, start + from);
      }
    } finally {
      closeSync(memory);
    }
    const left = valuesIn(readFileSync('/proc/self/environ'), names);
    return left.length === 0 ? null : 'it could not be written over';
  } catch (thrown) {
    // Without /proc nobody else sees it there either; what it says is told by whoever has a log.
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Places of the values of these variables in `NAME=value\0…`, those that are not empty. */
function valuesIn(block: Buffer, names: ReadonlySet<string>) {
  const places: { readonly from: number; readonly to: number }[] = [];
  for (let at = 0; at < block.length; ) {
    const found = block.indexOf(0, at);
    const end = found < 0 ? block.length : found;
    const equals = block.indexOf(0x3d, at);
    const isNamed = equals > at && equals < end && names.has(block.toString('utf8', at, equals));
    if (isNamed && equals + 1 < end) places.push({ from: equals + 1, to: end });
    at = end + 1;
  }
  return places;
}

const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;

/** Closes this process to others of its user, and leaves no core file. False where that cannot be. */
export function shieldProcess(): boolean {
  const libc = openLibc({
    prctl: { args: ['i32', 'u64', 'u64', 'u64', 'u64'], returns: 'i32' },
    getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
    setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  });
  if (libc === null) return false;
  // The first of the two is the soft limit; commands may raise theirs again.
  const limits = new BigUint64Array(2);
  const known = libc.getrlimit(RLIMIT_CORE, ptr(limits)) === 0;
  limits[0] = 0n;
  const noCore = known && libc.setrlimit(RLIMIT_CORE, ptr(limits)) === 0;
  return libc.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n) === 0 && noCore;
}
