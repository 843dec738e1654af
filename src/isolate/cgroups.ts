/**
 * Control groups of Linux, version 2 or 1: where groups of our own can be made, and their limits.
 *
 * A group is named after the process that made it, so that what a crash left is found and removed.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { statOf } from './process-info.ts';

const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
export type Controller = (typeof CONTROLLERS)[number];

/** A folder in which groups can be made. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  readonly folder: string;
}

export type CgroupPlaces = Readonly<Partial<Record<Controller, CgroupPlace>>>;

const NAME = /^opcode-(\d+)-/;
const FIRST_FILE: Readonly<Record<1 | 2, Readonly<Record<Controller, string>>>> = {
  1: { memory: 'memory.limit_in_bytes', cpu: 'cpu.cfs_quota_us', pids: 'pids.max' },
  2: { memory: 'memory.max', cpu: 'cpu.max', pids: 'pids.max' },
};

/** Where each controller can be used by us; tried out, not guessed. */
export function findCgroupPlaces(): CgroupPlaces {
  if (process.platform !== 'linux') return {};
  const mounts = readMounts();
  const places: Partial<Record<Controller, CgroupPlace>> = {};
  for (const controller of CONTROLLERS) {
    const place = mounts
      .flatMap((mount) => candidates(mount, controller))
      .find((candidate) => isUsable(candidate, controller));
    if (place !== undefined) places[controller] = place;
  }
  for (const { folder } of Object.values(places)) removeAbandoned(folder);
  return places;
}

interface Mount {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly options: readonly string[];
}

function readMounts(): Mount[] {
  return textOf('/proc/self/mounts')
    .split('\n')
    .flatMap((line): Mount[] => {
      const [, folder = '', type, options = ''] = line.split(' ');
      if (type !== 'cgroup' && type !== 'cgroup2') return [];
      return [{ version: type === 'cgroup2' ? 2 : 1, folder, options: options.split(',') }];
    });
}

/** Our own group first, then the root of the mount. */
function candidates({ version, folder, options }: Mount, controller: Controller): CgroupPlace[] {
  if (version === 1 && !options.includes(controller)) return [];
  const own = textOf('/proc/self/cgroup')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, names = '']) =>
      version === 2 ? names === '' : names.split(',').includes(controller),
    );
  const path = own?.slice(2).join(':') ?? '/';
  return [...new Set([join(folder, path), join(folder)])].map((place) => ({
    version,
    folder: place,
  }));
}

function isUsable(place: CgroupPlace, controller: Controller): boolean {
  const group = join(place.folder, `opcode-${process.pid}-probe-${controller}`);
  try {
    mkdirSync(group);
  } catch {
    // Read-only, or not ours: this place cannot be used.
    return false;
  }
  const holds = (): boolean => readdirSync(group).includes(FIRST_FILE[place.version][controller]);
  const found = holds() || (place.version === 2 && handDown(place.folder, controller) && holds());
  rmdirSync(group);
  return found;
}

/** Version 2 gives a controller to inner groups only when it is told to. */
function handDown(folder: string, controller: Controller): boolean {
  try {
    writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
    return true;
  } catch {
    // Not there, or the folder itself holds processes: this place cannot be used.
    return false;
  }
}

/** Takes away groups whose maker is gone and that hold nobody. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const maker = NAME.exec(name)?.[1];
    if (maker === undefined || statOf(Number(maker)) !== null) continue;
    try {
      rmdirSync(join(folder, name));
    } catch (thrown) {
      // Busy: somebody still lives in it, whom the next owner of that run ends. Gone: another process
      // was faster.
      if (!['EBUSY', 'ENOENT'].includes(codeOf(thrown))) throw thrown;
    }
  }
}

export interface Cgroup {
  enter(pid: number): void;
  /** Kills whoever is left in it and removes it. Never rejects. */
  remove(): Promise<void>;
}

export interface CgroupSetting {
  readonly file: string;
  readonly text: string;
  /** Left out where the kernel does not have it. */
  readonly optional?: boolean;
}

/** A fresh group with these settings. Throws system errors. */
export function createCgroup(
  place: CgroupPlace,
  name: string,
  settings: readonly CgroupSetting[],
): Cgroup {
  const folder = join(place.folder, `opcode-${process.pid}-${name}`);
  mkdirSync(folder);
  try {
    const files = new Set(readdirSync(folder));
    for (const { file, text, optional } of settings) {
      if (optional !== true || files.has(file)) writeFileSync(join(folder, file), text);
    }
  } catch (thrown) {
    rmdirSync(folder);
    throw thrown;
  }
  return {
    enter: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    remove: () => removeGroup(folder),
  };
}

const REMOVE_TRIES = 50;
const REMOVE_PAUSE_MS = 4;

async function removeGroup(folder: string): Promise<void> {
  for (let left = REMOVE_TRIES; left > 0; left--) {
    for (const pid of membersOf(folder)) killProcess(pid);
    try {
      rmdirSync(folder);
      return;
    } catch (thrown) {
      // Busy while the last member is being collected. An empty group that stays harms nobody; it
      // is taken away when limits are looked for again.
      if (codeOf(thrown) !== 'EBUSY') return;
    }
    await Bun.sleep(REMOVE_PAUSE_MS);
  }
}

const membersOf = (folder: string): number[] =>
  textOf(join(folder, 'cgroup.procs'))
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);

const codeOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException).code ?? '';

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ESRCH') throw thrown;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there: nothing is mounted, nobody is in it.
    return '';
  }
}
