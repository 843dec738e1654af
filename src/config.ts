/**
 * Configuration: flag > environment > settings.json > default, checked whole and frozen.
 *
 * The only reader of the environment. A bad value is an error that names where it stands
 * (flag, variable, or file and key); nothing starts on a guess. Secrets are never settings.
 */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError, messageOf } from './model/error.ts';
import type { Issue } from './model/issue.ts';
import type { Json } from './model/json.ts';
import { unknownChannels } from './model/notice-settings.ts';
import { SETTINGS, type Setting, type SettingKey, type Settings } from './settings.ts';
import { readSettingsFile, settingIssue } from './settings-file.ts';

type SettingOrigin = 'flag' | 'environment' | 'settings.json' | 'default';

export interface Config {
  readonly home: string;
  readonly dbPath: string;
  readonly settingsPath: string;
  readonly pidPath: string;
  readonly workDir: string;
  readonly listen: { readonly hosts: readonly string[]; readonly port: number };
  readonly settings: Settings;
  /** Where each value came from. */
  readonly origins: Readonly<Record<SettingKey, SettingOrigin>>;
  /** PATH, HOME, LANG and TZ of this process, as runs record them. */
  readonly callerEnv: Readonly<Record<string, string>>;
  /** Variables of this process that `env_pass` names; given to commands, never recorded. */
  readonly passedEnv: Readonly<Record<string, string>>;
  /** Values of `OPCODE_SECRET_<NAME>` by name; a map, so that printing a configuration shows none. */
  readonly secrets: ReadonlyMap<string, string>;
  /** `OPCODE_TOKEN` or the content of `OPCODE_TOKEN_FILE`: a server's own, or a client's. Never stored. */
  readonly token: string | null;
  /** `OPCODE_VAULT_KEY`: nothing is opened by it yet, but nobody shall read it. */
  readonly vaultKey: string | null;
  readonly user: string;
  readonly noColor: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadOptions {
  readonly flags: Readonly<Partial<Record<SettingKey, unknown>>>;
  readonly env: Environment;
  /** Data directory; else `OPCODE_HOME`, else `~/.opcode`. */
  readonly home?: string;
}

/** Every setting read, checked and frozen. @throws VALIDATION_ERROR naming each bad one. */
export function loadConfig(options: LoadOptions): Config {
  const { config, problem } = read(options, 'nothing');
  if (problem !== null) throw problem;
  return config;
}

export interface ConfigToLook {
  readonly config: Config;
  /** What is wrong with what was left out; null when nothing is. */
  readonly problem: AppError | null;
}

/**
 * The same for what only looks or stops: it goes on with the defaults in place of what is wrong in
 * settings.json, or, for who examines everything, wherever it stands.
 * @throws VALIDATION_ERROR naming what is wrong and not excused
 */
export const loadConfigToLook = (
  options: LoadOptions,
  excused: 'file' | 'everything',
): ConfigToLook => read(options, excused);

function read(options: LoadOptions, excused: 'nothing' | 'file' | 'everything'): ConfigToLook {
  const environment = options.env;
  const home = resolve(
    options.home ??
      given(environment, 'OPCODE_HOME') ??
      join(given(environment, 'HOME') ?? homedir(), '.opcode'),
  );
  const settingsPath = join(home, 'settings.json');
  const loaded = readSettings(options, settingsPath);
  const { settings, origins } = loaded;
  const [inFile, elsewhere] = [[...loaded.inFile], [...loaded.given]];
  const listen = listenOf(settings, (message) => {
    const isOfFile = origins.listen_addr === 'settings.json';
    (isOfFile ? inFile : elsewhere).push(
      settingIssue(isOfFile ? `${settingsPath}: listen_addr` : 'listen_addr', message),
    );
  });
  if (excused !== 'everything' && elsewhere.length > 0) {
    throw errorOf([...elsewhere, ...inFile], settingsPath);
  }
  const problem = errorOf([...inFile, ...elsewhere], settingsPath);
  if (excused === 'nothing' && problem !== null) throw problem;
  const config = Object.freeze({
    home,
    dbPath: resolve(settings.db_path ?? join(home, 'opcode.db')),
    settingsPath,
    pidPath: join(home, 'opcode.pid'),
    workDir: join(home, 'work'),
    listen,
    settings,
    origins,
    passedEnv: passedEnvOf(environment, settings.env_pass),
    callerEnv: callerEnvOf(environment),
    secrets: secretsOf(environment),
    token: tokenOf(environment),
    vaultKey: given(environment, 'OPCODE_VAULT_KEY'),
    user: given(environment, 'USER') ?? given(environment, 'LOGNAME') ?? `uid-${userInfo().uid}`,
    noColor: given(environment, 'NO_COLOR') !== null,
  });
  return { config, problem };
}

const given = (environment: Environment, name: string): string | null => {
  const value = environment[name];
  return value === undefined || value === '' ? null : value;
};

const KEYS = Object.keys(SETTINGS) as SettingKey[];

interface Read {
  readonly settings: Settings;
  readonly origins: Config['origins'];
  /** What is wrong with the file, and with what was given otherwise. */
  readonly inFile: readonly Issue[];
  readonly given: readonly Issue[];
}

/** Every setting: what can be used, and the default where what was given cannot. */
function readSettings(options: LoadOptions, settingsPath: string): Read {
  const file = readSettingsFile(settingsPath);
  const inFile: Issue[] = [...file.issues];
  const given: Issue[] = [];
  const settings: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, SettingOrigin>> = {};
  for (const key of KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const { raw, origin, where } = sourceOf(options, file.values, key);
    origins[key] = origin;
    settings[key] = setting.fallback;
    if (origin === 'default') continue;
    const report = (path: string, message: string): void =>
      void (origin === 'settings.json'
        ? inFile.push(file.issueAt(key, path, message))
        : given.push(settingIssue(`${where}${path}`, message)));
    const inside = setting.problems?.(raw) ?? [];
    for (const { path, message } of inside) report(path, message);
    const value = setting.read(raw);
    if (value !== undefined) settings[key] = value;
    else report('', `must be ${setting.accepts}, not ${JSON.stringify(raw)}`);
  }
  const { 'notify.rules': rules, 'notify.channels': channels } = settings as Settings;
  for (const { path, message } of unknownChannels(rules, channels)) {
    inFile.push(file.issueAt('notify.rules', path, message));
  }
  return {
    settings: Object.freeze(settings) as Settings,
    origins: origins as Config['origins'],
    inFile,
    given,
  };
}

/** Issues as the one error that they are told in; `file` is where those with a line stand. */
function errorOf(issues: readonly Issue[], file: string): AppError | null {
  const [first] = issues;
  if (first === undefined) return null;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return new AppError('VALIDATION_ERROR', `${first.path}: ${first.message}${more}`, {
    details: { issues: issues.map((issue) => ({ ...issue })), file },
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

function sourceOf(
  options: LoadOptions,
  inFile: ReadonlyMap<string, Json>,
  key: SettingKey,
): { readonly raw: unknown; readonly origin: SettingOrigin; readonly where: string } {
  const setting: Setting<unknown> = SETTINGS[key];
  const flag = options.flags[key];
  if (flag !== undefined) return { raw: flag, origin: 'flag', where: setting.flag ?? key };
  const variable = setting.env === undefined ? null : given(options.env, setting.env);
  if (variable !== null) {
    return { raw: variable, origin: 'environment', where: `environment ${setting.env}` };
  }
  const value = inFile.get(key);
  if (value !== undefined) return { raw: value, origin: 'settings.json', where: key };
  return { raw: undefined, origin: 'default', where: key };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new AppError('VALIDATION_ERROR', `${path}: cannot be read: ${messageOf(thrown)}`);
  }
}

function callerEnvOf(environment: Environment): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'LANG', 'TZ']) {
    const value = given(environment, name);
    if (value !== null) kept[name] = value;
  }
  return Object.freeze(kept);
}

function passedEnvOf(
  environment: Environment,
  names: readonly string[],
): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const name of names) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  return Object.freeze(passed);
}

/** A file's token is its first line. @throws VALIDATION_ERROR */
function tokenOf(environment: Environment): string | null {
  const token = given(environment, 'OPCODE_TOKEN');
  const file = given(environment, 'OPCODE_TOKEN_FILE');
  if (file === null) return token;
  if (token !== null) {
    throw new AppError('VALIDATION_ERROR', 'OPCODE_TOKEN and OPCODE_TOKEN_FILE: give one of them');
  }
  const line = readText(file).split(/\r?\n/, 1)[0]?.trim() ?? '';
  if (line !== '') return line;
  throw new AppError('VALIDATION_ERROR', `OPCODE_TOKEN_FILE: ${file} has an empty first line`);
}

const SECRET = 'OPCODE_SECRET_';

function secretsOf(environment: Environment): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(SECRET) || name === SECRET || value === undefined || value === '')
      continue;
    found.set(name.slice(SECRET.length).toUpperCase(), value);
  }
  return found;
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

const ANYWHERE: readonly string[] = ['0.0.0.0', '::'];
const DEFAULT_PORT = 4100;

/** `host:port`, `[::1]:port`, `:port` or `port`; beyond loopback only when public. */
function listenOf(
  { listen_addr: address, public: isPublic }: Settings,
  report: (message: string) => void,
): Config['listen'] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    report(`"${address}" is no address: write ":4100", "127.0.0.1:4100" or "[::1]:4100"`);
    return { hosts: LOOPBACK, port: DEFAULT_PORT };
  }
  const host = match[1] ?? match[2] ?? '';
  if (host === '') return { hosts: isPublic ? ANYWHERE : LOOPBACK, port };
  if (host === 'localhost') return { hosts: LOOPBACK, port };
  if (isPublic || /^(127\.|::1$)/.test(host)) return { hosts: [host], port };
  report(`${host} is not loopback: add --public (which needs a token), or leave the host out`);
  return { hosts: LOOPBACK, port };
}
