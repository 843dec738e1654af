/**
 * Where the rules of time zones come from: the IANA database inside the program, or the files of this
 * system. One source serves the whole process; it is chosen once, at the start.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import packedFile from 'moment-timezone/data/packed/latest.json' with { type: 'file' };
import { type PackedZones, packedZones } from './packed.ts';
import { readTzif } from './tzif.ts';
import type { Zone } from './zone.ts';

export type ZoneSourceKind = 'bundled' | 'system';

export interface ZoneSource {
  readonly kind: ZoneSourceKind;
  /** The IANA release, such as 2026f; `unknown` when the system does not say. */
  readonly release: string;
  /** Lists all names, sorted. */
  names(): readonly string[];
  /** Finds a zone by its name as the database spells it. */
  find(name: string): Zone | null;
}

/** Where Linux and macOS keep compiled zone files. */
const SYSTEM_FOLDERS = ['/usr/share/zoneinfo', '/var/db/timezone/zoneinfo'];
/** Not `+02:00`: an offset knows nothing of summer time. No dot, so that no path leaves the folder. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

let opened: ReturnType<typeof packedZones> | undefined;

/** Reads the packed database, once. */
function packed(): ReturnType<typeof packedZones> {
  opened ??= packedZones(JSON.parse(readFileSync(packedFile, 'utf8')) as PackedZones);
  return opened;
}

/** The database inside the program: most processes never ask for a zone and never read it. */
const BUNDLED: ZoneSource = {
  kind: 'bundled',
  get release() {
    return packed().release;
  },
  names: () => packed().names(),
  find: (name) => packed().find(name),
};

let chosen: ZoneSource = BUNDLED;

/** Returns the source of this process: the bundled database unless another was chosen. */
export const zoneSource = (): ZoneSource => chosen;

/** Chooses the source of this process. */
export function useZones(source: ZoneSource): void {
  chosen = source;
}

/** Returns the database inside the program, which is read when it is first asked. */
export const bundledZones = (): ZoneSource => BUNDLED;

/**
 * Returns the zone files of this system.
 *
 * @param folders where to look, the first that exists is taken
 * @returns null when there is no such folder
 */
export function systemZones(folders: readonly string[] = SYSTEM_FOLDERS): ZoneSource | null {
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) return null;
  const read = new Map<string, Zone | null>();
  let names: readonly string[] | undefined;
  return {
    kind: 'system',
    release: releaseOf(folder),
    names() {
      names ??= namesIn(folder);
      return names;
    },
    find(name) {
      const known = read.get(name);
      if (known !== undefined) return known;
      const zone = NAME.test(name) ? zoneFile(folder, name) : null;
      read.set(name, zone);
      return zone;
    },
  };
}

function zoneFile(folder: string, name: string): Zone | null {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(folder, name));
  } catch {
    // No such file, or a folder such as Europe: no zone of that name.
    return null;
  }
  return bytes.length > 4 && bytes[0] === 0x54 && bytes[1] === 0x5a ? readTzif(name, bytes) : null;
}

/** Folders that hold the same zones once more. */
const COPIES = new Set(['posix', 'right']);

function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => NAME.test(name) && !COPIES.has(name.split('/')[0] ?? ''))
    .filter((name) => zoneFile(folder, name) !== null)
    .sort();
}

function releaseOf(folder: string): string {
  for (const [file, pattern] of [
    ['tzdata.zi', /^# version (\S+)/],
    ['+VERSION', /^(\S+)/],
  ] as const) {
    const path = join(folder, file);
    const release = existsSync(path) ? pattern.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
    if (release !== undefined) return release;
  }
  return 'unknown';
}
