/** What `opcode doctor` looks at on disk: permissions, room, the database and the runs in it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import type { App } from './app.ts';
import { type Finding, withDatabase } from './app-doctor-finding.ts';
import { leftovers } from './app-leftovers.ts';
import { freeBytesAt } from './app-upkeep.ts';
import type { Config } from './config.ts';
import { createProcessControl } from './isolate/recorded.ts';
import { formatDuration } from './model/time.ts';
import { inspectDatabase } from './store/sqlite/backup.ts';
import { MIGRATIONS } from './store/sqlite/migrate.ts';

const MIB = 1024 * 1024;
/** A log of changes this large has not been written back for long. */
const LARGE_WAL_BYTES = 256 * MIB;
const NO_ROOM_BYTES = 20 * MIB;
const RUNS_WORTH_A_BACKUP = 100;

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;

/** Nobody but the owner may read what is in the home. */
export function lookAtFiles(config: Config): Finding[] {
  const wanted = [
    [config.home, 0o700],
    [config.dbPath, 0o600],
    [`${config.dbPath}-wal`, 0o600],
    [config.settingsPath, 0o600],
    [config.pidPath, 0o600],
  ] as const;
  const found = wanted.filter(([path]) => existsSync(path));
  const problems = found.flatMap(([path, mode]) => permissionProblem(path, mode));
  if (problems.length > 0) return problems;
  const text =
    found.length === 0
      ? `${config.home} does not exist yet`
      : `${config.home} and what is in it is open to its owner alone`;
  return [{ area: 'files', level: 'ok', text }];
}

function permissionProblem(path: string, mode: number): Finding[] {
  const stat = statSync(path);
  const uid = process.getuid?.() ?? stat.uid;
  if (stat.uid !== uid && uid !== 0) {
    const hint = `run as uid ${stat.uid}, or give the files to this user`;
    return [{ area: 'files', level: 'fail', text: `${path} belongs to uid ${stat.uid}`, hint }];
  }
  if ((stat.mode & 0o077 & ~mode) === 0) return [];
  const text = `${path} has the mode ${(stat.mode & 0o777).toString(8)}: others may look into it`;
  return [{ area: 'files', level: 'warn', text, hint: `chmod ${mode.toString(8)} ${path}` }];
}

export function lookAtDisk(config: Config): Finding[] {
  return [...roomOnDisk(config), ...halfCopies(config)];
}

function halfCopies(config: Config): Finding[] {
  const found = leftovers(config);
  const [first] = found;
  if (first === undefined) return [];
  const more = found.length === 1 ? '' : ` and ${found.length - 1} more`;
  const size = mib(found.reduce((sum, { bytes }) => sum + bytes, 0));
  const text = `${first.path}${more}, ${size}: left by a backup or restore that was killed`;
  return [
    {
      area: 'disk',
      level: 'warn',
      text,
      hint: 'opcode gc removes them, the next opcode backup too',
    },
  ];
}

function roomOnDisk(config: Config): Finding[] {
  const free = existsSync(config.home) ? freeBytesAt(config.dbPath) : null;
  if (free === null) return [];
  const least = config.settings['limits.disk_free'];
  const text = `${mib(free)} free`;
  if (free >= least) return [{ area: 'disk', level: 'ok', text }];
  const hint = 'make room; opcode gc --older-than 7d removes old runs, also on a full disk';
  return [{ area: 'disk', level: free < NO_ROOM_BYTES ? 'fail' : 'warn', text, hint }];
}

export function lookAtDatabase({ dbPath }: Config): Finding[] {
  if (!existsSync(dbPath)) {
    return [{ area: 'database', level: 'ok', text: `${dbPath} does not exist yet` }];
  }
  const { schema, runs, bytes, heldBy } = inspectDatabase(dbPath);
  const wal = statSync(`${dbPath}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const text = `${dbPath}: ${mib(bytes)}, log of changes ${mib(wal)}, ${runs} runs, schema ${schema}, whole`;
  const findings: Finding[] = [{ area: 'database', level: 'ok', text }];
  const add = (problem: string, hint: string, level: Finding['level'] = 'warn'): void =>
    void findings.push({ area: 'database', level, text: problem, hint });
  if (!isWritable(dbPath)) add('it cannot be written', `chown or chmod u+w ${dbPath}`, 'fail');
  if (schema < MIGRATIONS.length) {
    add(
      `its schema is ${schema}, this version's is ${MIGRATIONS.length}`,
      heldBy === null
        ? 'opcode restart brings it up to date'
        : `process ${heldBy} still needs the old one: end it, or opcode restart`,
    );
  }
  if (wal > LARGE_WAL_BYTES) {
    add(
      'a process reads in it for very long',
      'end opcode commands that have been running for long',
    );
  }
  return findings;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs that are counted; beyond that there are many. */
const SHOWN = 1000;

/** Unfinished runs that will not go on by themselves, and what was last done for the database. */
export const lookAtRuns = (config: Config): Promise<readonly Finding[]> =>
  withDatabase(config, (app) => [...executors(app), ...held(app), ...lastDone(app)]);

function executors({ store }: App): Finding[] {
  const processes = createProcessControl();
  const nodes = store.nodes();
  const dead = nodes.filter((node) => !(processes.isAlive(node) ?? node.leaseUntil > Date.now()));
  const { active, suspended, pending } = store.countRuns();
  const text = `${active} active, ${suspended} suspended, ${pending} pending; processes that execute: ${nodes.length - dead.length}`;
  const serves = nodes.some((node) => !dead.includes(node) && node.role !== 'cli');
  const ids = dead.map((node) => node.nodeId);
  // What waits for an answer or for its time needs no process: these are the runs that recover takes on.
  const waiting = serves ? 0 : store.claimable(Date.now(), ids, SHOWN).length;
  if (waiting === 0) return [{ area: 'runs', level: 'ok', text }];
  const many = waiting === SHOWN ? 'at least ' : '';
  const hint = 'opcode recover goes on with them, or keep opcode serve running';
  const what = `${many}${waiting} unfinished runs could go on and have no executor`;
  return [
    { area: 'runs', level: 'ok', text },
    { area: 'runs', level: 'warn', text: what, hint },
  ];
}

function held({ store }: App): Finding[] {
  const { items } = store.queryRuns({ status: ['suspended', 'pending'], limit: SHOWN });
  const paused = items.filter((row) => row.paused).length;
  if (paused === 0) return [];
  const many = items.length === SHOWN ? 'at least ' : '';
  const text = `${many}${paused} runs are paused (by hand, a limit, crashes, or a restore)`;
  return [
    {
      area: 'runs',
      level: 'warn',
      text,
      hint: 'opcode status shows why; opcode resume <run> lets one go on',
    },
  ];
}

function lastDone({ store }: App): Finding[] {
  const ago = (what: 'gc' | 'backup'): string => {
    const at = store.lastUpkeep(what);
    return at === null ? 'never' : `${formatDuration(Date.now() - at)} ago`;
  };
  const runs = Object.values(store.countRuns()).reduce((sum, count) => sum + count, 0);
  const text = `last backup ${ago('backup')}, last gc ${ago('gc')}`;
  const isMissing = store.lastUpkeep('backup') === null && runs >= RUNS_WORTH_A_BACKUP;
  return isMissing
    ? [
        {
          area: 'upkeep',
          level: 'warn',
          text,
          hint: 'opcode backup copies the database while runs go on',
        },
      ]
    : [{ area: 'upkeep', level: 'ok', text }];
}
