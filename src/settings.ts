/**
 * What can be set: the one list, with the words that the reference prints, and how each value is read.
 *
 * A dot in a key is a level in settings.json. Secrets are never settings.
 */
import { readGroupLimits } from './model/group-settings.ts';
import {
  readNoticeChannels,
  readNoticeRules,
  type SettingProblem,
} from './model/notice-settings.ts';
import { parseDuration } from './model/time.ts';
import { readFolder, readList, readNetwork, readTarget, readVariable } from './settings-lists.ts';

/** One thing that can be set. `read` takes a JSON value or, from flags and variables, a text. */
export interface Setting<T> {
  readonly doc: string;
  readonly fallback: T;
  readonly env?: string;
  readonly flag?: string;
  /** What is accepted, in words. */
  readonly accepts: string;
  /** The value, or `undefined` when it is not acceptable. */
  readonly read: (raw: unknown) => T | undefined;
  /** What is wrong inside a value, place by place; `path` begins after the key. */
  readonly problems?: (raw: unknown) => readonly SettingProblem[];
}

type Names = Pick<Setting<unknown>, 'env' | 'flag'>;

const kind =
  <T>(accepts: string, read: (raw: unknown) => T | undefined) =>
  <F extends T | null>(fallback: F, doc: string, names: Names = {}): Setting<T | F> => ({
    doc,
    fallback,
    accepts,
    read,
    ...names,
  });

const integer = (least: number) =>
  kind<number>(`a whole number, ${least} or more`, (raw) => {
    const isText = typeof raw === 'string' && /^\d{1,15}$/.test(raw.trim());
    const value = isText ? Number(raw) : raw;
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
    return fits ? value : undefined;
  });
const count = integer(1);
const size = integer(1024);

const bool = kind<boolean>('true or false', (raw) => {
  const word = String(raw).trim().toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  return ['false', '0', 'no', 'off'].includes(word) ? false : undefined;
});

const text = kind<string>('a text that is not empty', (raw) =>
  typeof raw === 'string' && raw.trim() !== '' ? raw.trim() : undefined,
);

const choice = <const T extends string>(...values: readonly T[]) =>
  kind<T>(`one of ${values.join(', ')}`, (raw) => values.find((each) => each === raw));

const level = choice('debug', 'info', 'warn', 'error');
const durability = choice('full', 'normal');
const interrupt = choice('ask', 'rerun', 'fail');
const zoneFiles = choice('bundled', 'system');
const spelling = choice('auto', 'dots', 'underscores', 'plain');

/** The value is in milliseconds. */
const duration = kind<number>('a duration such as "30s" or "1h30m"', (raw) => {
  const parsed = parseDuration(raw);
  return parsed.ok ? parsed.ms : undefined;
});

/** Milliseconds; null keeps for ever. */
const keeping = kind<number | null>('a duration such as "30d", or "never"', (raw) => {
  if (raw === 'never') return null;
  const parsed = parseDuration(raw);
  return parsed.ok ? parsed.ms : undefined;
});

const timeOfDay = kind<string>('a time of day such as "03:30"', (raw) =>
  typeof raw === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(raw) ? raw : undefined,
);

/** A list of texts that are read one by one; each that is wrong is named with its place. */
const listOf =
  (accepts: string, readItem: Parameters<typeof readList>[1]) =>
  (fallback: readonly string[], doc: string): Setting<readonly string[]> => ({
    doc,
    fallback,
    accepts,
    read: (raw) => readList(raw, readItem).value,
    problems: (raw) => readList(raw, readItem).problems,
  });
const folders = listOf('a list of absolute folders', (text) => readFolder(text));
const targets = listOf('a list of hosts, addresses and networks', readTarget);
const networks = listOf('a list of addresses and networks', readNetwork);
const variables = listOf('a list of names of variables', readVariable);

/** Milliseconds; shorter ones would be lost by a process that is only slow. */
const lease = kind<number>('a duration of 2s or more', (raw) => {
  const parsed = parseDuration(raw);
  return parsed.ok && parsed.ms >= 2000 ? parsed.ms : undefined;
});

/** Lists and objects in settings.json, whose mistakes are named one by one. */
function structured<T>(
  accepts: string,
  read: (raw: unknown) => { readonly value: T; readonly problems: readonly SettingProblem[] },
) {
  return (fallback: T, doc: string): Setting<T> => ({
    doc,
    fallback,
    accepts,
    read: (raw) => read(raw).value,
    problems: (raw) => read(raw).problems,
  });
}
const rules = structured('a list of rules', readNoticeRules);
const groups = structured('an object of limits by group', readGroupLimits);
const channels = structured('an object of channels', readNoticeChannels);

const MIB = 1024 * 1024;
const DAY = 86_400_000;
const env = (name: string, flag?: string): Names =>
  flag === undefined ? { env: `OPCODE_${name}` } : { env: `OPCODE_${name}`, flag };

/** Everything that can be set. A dot in a key is a level in settings.json. */
export const SETTINGS = {
  db_path: text(null, 'Database file (<home>/opcode.db)', env('DB_PATH', '--db-path')),
  log_level: level('info', 'Least level that is logged', env('LOG_LEVEL', '--log-level')),
  pool_size: count(64, 'Actions executing at once', env('POOL_SIZE', '--pool-size')),
  listen_addr: text(':4100', 'Address of the server', env('LISTEN_ADDR', '--listen-addr')),
  public: bool(false, 'Listen beyond loopback (needs a token)', env('PUBLIC', '--public')),
  'tls.cert': text(null, 'File with the certificate and its chain (PEM): serves https'),
  'tls.key': text(null, 'File with the key of the certificate (PEM)'),
  trusted_proxies: networks([], 'Addresses and networks whose X-Forwarded headers are believed'),
  allow_http: bool(false, 'Listen beyond loopback without TLS', env('ALLOW_HTTP', '--allow-http')),
  base_url: text(null, 'URL by which others reach the server', env('BASE_URL', '--base-url')),
  panel: bool(
    true,
    'Serve the panel in the browser; this version has none yet',
    env('PANEL', '--panel'),
  ),
  'mcp.names': spelling('auto', 'How MCP tools are spelled'),
  synchronous: durability('full', '`full` survives power loss, `normal` the end of the process'),
  grace: duration(10_000, 'Time to finish for repeatable steps at a stop', { flag: '--grace' }),
  grace_unsafe: duration(300_000, 'Time to finish for the others', { flag: '--grace-unsafe' }),
  'interrupt.policy': interrupt('ask', 'What happens to an unsafe step that a crash interrupted'),
  'interrupt.agents_answer': bool(false, 'Agents too may say what became of such a step'),
  'interrupt.ask_timeout': duration(
    DAY,
    'How long its question stays open in runs of schedules, webhooks and other runs',
  ),
  'time.zones': zoneFiles(
    'bundled',
    'Rules of time zones: those inside the program, or the files of this system',
  ),
  'ownership.lease': lease(60_000, 'How long a process that has become silent keeps its runs'),
  'compute.cpu_limit': duration(2000, 'Processor time of one expression, jq filter or picture'),
  'compute.wall_limit': duration(30_000, 'Time after which it is tried once more elsewhere'),
  'circuit_breaker.enabled': bool(true, 'Stop calling a target that keeps failing'),
  'circuit_breaker.failures': count(5, 'Failures in a row that open a breaker'),
  'circuit_breaker.cooldown': duration(30_000, 'How long an open breaker stays open'),
  'retention.enabled': bool(true, 'The daemon removes old runs every night'),
  'retention.at': timeOfDay('03:30', 'When it begins at the earliest, local time'),
  'retention.completed': keeping(30 * DAY, 'How long completed runs are kept'),
  'retention.failed': keeping(90 * DAY, 'How long failed and cancelled runs are kept'),
  'retention.keep_last': integer(0)(0, 'Newest ended runs of each template that stay anyway'),
  'notify.rules': rules([], 'Who is told of what'),
  'notify.channels': channels({}, 'How those are reached who are told'),
  env_pass: variables([], 'Environment variables that commands get besides the usual'),
  'paths.deny': folders([], 'Paths that no step may touch'),
  'paths.read_only': folders([], 'Paths that steps may only read'),
  'paths.writable': folders([], 'When not empty: the only paths steps may write to'),
  'paths.open': folders([], 'Paths in /proc, /sys and /dev that steps may touch all the same'),
  'egress.allow': targets(
    [],
    'When not empty: the only hosts and networks steps may call; an address also opens what is closed to all (link-local, metadata)',
  ),
  'egress.deny': targets([], 'Hosts and networks steps may not call'),
  'limits.definition_bytes': size(MIB, 'Size of a definition'),
  'limits.steps': count(10_000, 'Steps of a definition, nested ones included'),
  'limits.nesting': count(32, 'Levels of nesting'),
  'limits.loop_iterations': count(10_000, 'Iterations of one loop'),
  'limits.open_loop_iterations': count(1000, 'Iterations of a loop without an end of its own'),
  'limits.step_executions': count(100_000, 'Step executions of one run'),
  'limits.expression_bytes': count(10_000, 'Size of one expression'),
  'limits.interpolated_bytes': count(10 * MIB, 'Size of one interpolated text'),
  'limits.output_bytes': count(10 * MIB, "Size of one step's output"),
  'limits.http_body_bytes': count(10 * MIB, 'Size of an http response'),
  'limits.shell_output_bytes': count(10 * MIB, 'Size of each stream of a shell step'),
  'limits.child_depth': count(16, 'Depth of sub-workflows'),
  'limits.request_bytes': size(4 * MIB, 'Size of a request to the server'),
  'limits.webhooks_per_minute': count(120, 'Signed requests a minute to one webhook'),
  'limits.request_time': duration(30_000, 'Time in which a request must have arrived whole'),
  'limits.decision_bytes': count(64 * 1024, "Size of a decision's texts and data"),
  'limits.disk_free': size(200 * MIB, 'Room on the disk below which notice is given'),
  'limits.groups': groups({}, 'Runs at once of each global group of `concurrency`'),
  'limits.live_runs': count(1000, 'Runs kept in memory'),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof SETTINGS;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };
