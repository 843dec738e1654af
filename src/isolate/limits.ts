/**
 * Limits on memory, cores, processes and network of one command, by the strongest means at hand.
 *
 * Memory, cores and processes: a control group. Memory without one: the address space (`prlimit`).
 * Network: a network namespace of its own, which holds nothing. What a step demands and cannot be had
 * is an error, never silently dropped.
 */
import { AppError, messageOf } from '../model/error.ts';
import {
  type Cgroup,
  type CgroupPlaces,
  type CgroupSetting,
  type Controller,
  createCgroup,
  findCgroupPlaces,
} from './cgroups.ts';
import type { CommandLimits } from './command.ts';

/** What this machine, with our rights, offers. */
export interface LimitTools {
  readonly cgroups: CgroupPlaces;
  /** Programs to put before a command; null when that limit cannot be had so. */
  readonly noNetwork: readonly string[] | null;
  readonly prlimit: string | null;
}

export interface AppliedLimits {
  /** Programs put before the command. */
  readonly prefix: readonly string[];
  /** Puts the blocked process under its limits. */
  enter(pid: number): void;
  /** Takes away what was set up, after the group is gone. */
  remove(): Promise<void>;
}

const TOOL_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const CPU_PERIOD_US = 100_000;
const LEAST_QUOTA_US = 1_000;
const NO_LIMITS: AppliedLimits = {
  prefix: [],
  enter: () => undefined,
  remove: () => Promise.resolve(),
};

/** Finds out, by trying, which limits can be had. */
export function findLimitTools(): LimitTools {
  return {
    cgroups: findCgroupPlaces(),
    noNetwork: findNoNetwork(),
    prlimit: Bun.which('prlimit', { PATH: TOOL_FOLDERS }),
  };
}

/** In one word each, by what a limit is kept; null when it cannot be had. */
export function describeLimits(
  tools: LimitTools,
): Readonly<Record<keyof CommandLimits, string | null>> {
  const group = (controller: Controller): string | null => {
    const place = tools.cgroups[controller];
    return place === undefined ? null : `cgroup v${place.version}`;
  };
  return {
    memoryBytes: group('memory') ?? (tools.prlimit === null ? null : 'address space'),
    cpu: group('cpu'),
    pids: group('pids'),
    network: tools.noNetwork === null ? null : 'network namespace',
  };
}

function findNoNetwork(): readonly string[] | null {
  const unshare =
    process.platform === 'linux' ? Bun.which('unshare', { PATH: TOOL_FOLDERS }) : null;
  if (unshare === null) return null;
  const ways = [
    [unshare, '--net', '--'],
    [unshare, '--user', '--map-current-user', '--net', '--'],
  ];
  const works = (way: readonly string[]): boolean =>
    Bun.spawnSync([...way, 'true'], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
      .success;
  return ways.find(works) ?? null;
}

/**
 * Sets up the limits of one command; `name` makes its control groups unique in this process.
 * @throws AppError ISOLATION_ERROR when a limit cannot be had
 */
export function applyLimits(
  limits: CommandLimits,
  tools: () => LimitTools,
  name: string,
): AppliedLimits {
  const isFree = Object.values(limits).every((limit) => limit === undefined || limit === true);
  if (isFree) return NO_LIMITS;
  const groups: Cgroup[] = [];
  try {
    const prefix = setUp(limits, tools(), name, groups);
    return {
      prefix,
      enter(pid) {
        try {
          for (const group of groups) group.enter(pid);
        } catch (thrown) {
          throw isolationFailure(thrown);
        }
      },
      async remove() {
        for (const group of groups) await group.remove();
      },
    };
  } catch (thrown) {
    for (const group of groups) void group.remove();
    throw isolationFailure(thrown);
  }
}

/** Makes the control groups; answers the programs that keep the other limits. */
function setUp(
  limits: CommandLimits,
  { cgroups, noNetwork, prlimit }: LimitTools,
  name: string,
  groups: Cgroup[],
): string[] {
  const prefix: string[] = [];
  for (const [controller, settings] of settingsOf(limits, cgroups)) {
    const place = cgroups[controller];
    if (place !== undefined) groups.push(createCgroup(place, `${name}-${controller}`, settings));
    else if (controller === 'memory' && prlimit !== null) {
      prefix.push(prlimit, `--as=${limits.memoryBytes}`, '--');
    } else throw unavailable(controller, 'there is no control group for it');
  }
  if (limits.network !== false) return prefix;
  if (noNetwork === null) throw unavailable('network', 'no network namespace can be made');
  return [...prefix, ...noNetwork];
}

function settingsOf(
  { memoryBytes, cpu, pids }: CommandLimits,
  places: CgroupPlaces,
): [Controller, CgroupSetting[]][] {
  const wanted: [Controller, CgroupSetting[]][] = [];
  if (memoryBytes !== undefined) {
    const text = String(memoryBytes);
    const isOld = places.memory?.version === 1;
    const file = isOld ? 'memory.limit_in_bytes' : 'memory.max';
    // Swap would only put the end off.
    const swap = isOld ? 'memory.memsw.limit_in_bytes' : 'memory.swap.max';
    wanted.push([
      'memory',
      [
        { file, text },
        { file: swap, text: isOld ? text : '0', optional: true },
      ],
    ]);
  }
  if (cpu !== undefined) wanted.push(['cpu', cpuSettings(cpu, places)]);
  if (pids !== undefined) wanted.push(['pids', [{ file: 'pids.max', text: String(pids) }]]);
  return wanted;
}

function cpuSettings(cores: number, places: CgroupPlaces): CgroupSetting[] {
  const period = String(CPU_PERIOD_US);
  const quota = String(Math.max(LEAST_QUOTA_US, Math.round(cores * CPU_PERIOD_US)));
  if (places.cpu?.version !== 1) return [{ file: 'cpu.max', text: `${quota} ${period}` }];
  return [
    { file: 'cpu.cfs_period_us', text: period },
    { file: 'cpu.cfs_quota_us', text: quota },
  ];
}

const unavailable = (limit: string, reason: string): AppError =>
  new AppError('ISOLATION_ERROR', `limits.${limit} cannot be kept here: ${reason}`, {
    details: { limit },
    hint: 'cgroups, prlimit and unshare are looked for on this machine',
  });

function isolationFailure(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  return new AppError('ISOLATION_ERROR', `the limits cannot be set: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
