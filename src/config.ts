/**
 * Configuration: flag > environment > settings.json > default, checked whole and frozen.
 *
 * The only reader of the environment. A bad value is an error that names where it stands
 * (flag, variable, or file and key); nothing starts on a guess. Secrets are never settings.
 */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { visit } from 'jsonc-parser';
import { AppError, messageOf } from './model/error.ts';
import type { Issue } from './model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from './model/json.ts';
import { unknownChannels } from './model/notice-settings.ts';
import { SETTINGS, type Setting, type SettingKey, type Settings } from './settings.ts';

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
  const environment = options.env;
  const home = resolve(
    options.home ??
      given(environment, 'OPCODE_HOME') ??
      join(given(environment, 'HOME') ?? homedir(), '.opcode'),
  );
  const settingsPath = join(home, 'settings.json');
  const { settings, origins } = readSettings(options, settingsPath);
  return Object.freeze({
    home,
    dbPath: resolve(settings.db_path ?? join(home, 'opcode.db')),
    settingsPath,
    pidPath: join(home, 'opcode.pid'),
    workDir: join(home, 'work'),
    listen: parseListen(settings.listen_addr, settings.public, origins.listen_addr, settingsPath),
    settings,
    origins,
    passedEnv: passedEnvOf(environment, settings.env_pass),
    callerEnv: callerEnvOf(environment),
    secrets: secretsOf(environment),
    token: tokenOf(environment),
    user: given(environment, 'USER') ?? given(environment, 'LOGNAME') ?? `uid-${userInfo().uid}`,
    noColor: given(environment, 'NO_COLOR') !== null,
  });
}

const given = (environment: Environment, name: string): string | null => {
  const value = environment[name];
  return value === undefined || value === '' ? null : value;
};

const KEYS = Object.keys(SETTINGS) as SettingKey[];

type Loaded = Pick<Config, 'settings' | 'origins'>;

function readSettings(options: LoadOptions, settingsPath: string): Loaded {
  const issues: Issue[] = [];
  const inFile = flatten(readSettingsFile(settingsPath), settingsPath, issues);
  const settings: Partial<Record<SettingKey, unknown>> = {};
  const origins: Partial<Record<SettingKey, SettingOrigin>> = {};
  for (const key of KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const { raw, origin, where } = sourceOf(options, inFile, key, settingsPath);
    origins[key] = origin;
    settings[key] = setting.fallback;
    if (origin === 'default') continue;
    const inside = setting.problems?.(raw) ?? [];
    issues.push(...inside.map(({ path, message }) => problem(`${where}${path}`, message)));
    const value = setting.read(raw);
    if (value !== undefined) settings[key] = value;
    else issues.push(problem(where, `must be ${setting.accepts}, not ${JSON.stringify(raw)}`));
  }
  issues.push(...unknownChannelsIn(settings as Settings, settingsPath));
  const [first] = issues;
  if (first !== undefined) {
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    throw new AppError('VALIDATION_ERROR', `${first.path}: ${first.message}${more}`, {
      details: { issues: issues.map((issue) => ({ ...issue })) },
      ...(first.hint === undefined ? {} : { hint: first.hint }),
    });
  }
  return { settings: Object.freeze(settings) as Settings, origins: origins as Config['origins'] };
}

const unknownChannelsIn = (settings: Settings, settingsPath: string): Issue[] =>
  unknownChannels(settings['notify.rules'], settings['notify.channels']).map(({ path, message }) =>
    problem(`${settingsPath}: notify.rules${path}`, message),
  );

const problem = (path: string, message: string, hint?: string): Issue => ({
  path,
  code: 'VALIDATION_ERROR',
  message,
  severity: 'error',
  ...(hint === undefined ? {} : { hint }),
});

function sourceOf(
  options: LoadOptions,
  inFile: ReadonlyMap<string, Json>,
  key: SettingKey,
  settingsPath: string,
): { readonly raw: unknown; readonly origin: SettingOrigin; readonly where: string } {
  const setting: Setting<unknown> = SETTINGS[key];
  const flag = options.flags[key];
  if (flag !== undefined) return { raw: flag, origin: 'flag', where: setting.flag ?? key };
  const variable = setting.env === undefined ? null : given(options.env, setting.env);
  if (variable !== null) {
    return { raw: variable, origin: 'environment', where: `environment ${setting.env}` };
  }
  const value = inFile.get(key);
  if (value !== undefined) {
    return { raw: value, origin: 'settings.json', where: `${settingsPath}: ${key}` };
  }
  return { raw: undefined, origin: 'default', where: key };
}

function readSettingsFile(path: string): JsonObject {
  const content = readText(path, true);
  if (content === null || content.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (thrown) {
    throw new AppError('VALIDATION_ERROR', `${path}: not valid JSON: ${messageOf(thrown)}`);
  }
  const twice = duplicateKey(content);
  if (twice !== null) {
    throw new AppError('VALIDATION_ERROR', `${path}: ${twice}: stands there twice: keep one`);
  }
  if (!isJsonObject(value)) {
    throw new AppError('VALIDATION_ERROR', `${path}: must hold an object of settings`);
  }
  return value;
}

/** The dotted path of a key that an object has twice, of which JSON would let the last win. */
function duplicateKey(content: string): string | null {
  const seen = new Set<string>();
  const starts: number[] = [];
  let found: string | null = null;
  visit(content, {
    onObjectBegin: (offset) => void starts.push(offset),
    onObjectEnd: () => void starts.pop(),
    onObjectProperty(name, _offset, _length, _line, _character, pathOf) {
      const id = JSON.stringify([starts.at(-1), name]);
      if (seen.has(id)) found ??= [...pathOf(), name].join('.');
      seen.add(id);
    },
  });
  return found;
}

/** Settings by dotted key; unknown keys become issues that name the nearest known one. */
function flatten(root: JsonObject, path: string, issues: Issue[]): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  const walk = (value: JsonObject, prefix: string): void => {
    for (const [name, below] of Object.entries(value)) {
      const key = `${prefix}${name}`;
      const isGroup = KEYS.some((known) => known.startsWith(`${key}.`));
      if (Object.hasOwn(SETTINGS, key)) found.set(key, below);
      else if (isGroup && isJsonObject(below)) walk(below, `${key}.`);
      else if (isGroup) issues.push(problem(`${path}: ${key}`, 'must be an object of settings'));
      else if (key !== '$schema') issues.push(unknownKey(path, key));
    }
  };
  walk(root, '');
  return found;
}

function unknownKey(path: string, key: string): Issue {
  const nearest = KEYS.map((known) => ({ known, distance: editDistance(known, key) })).sort(
    (a, b) => a.distance - b.distance,
  )[0];
  const hint =
    nearest !== undefined && nearest.distance <= 3
      ? `did you mean "${nearest.known}"?`
      : 'the reference lists every key';
  return problem(`${path}: ${key}`, `is not a setting (${hint})`, hint);
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function readText(path: string, mayBeMissing = false): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && mayBeMissing) return null;
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
  const line = readText(file)?.split(/\r?\n/, 1)[0]?.trim() ?? '';
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

/** `host:port`, `[::1]:port`, `:port` or `port`; beyond loopback only when public. */
function parseListen(
  address: string,
  isPublic: boolean,
  origin: SettingOrigin,
  settingsPath: string,
): Config['listen'] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]:|([^:[\]]*):)?(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  const where = origin === 'settings.json' ? `${settingsPath}: listen_addr` : 'listen_addr';
  if (match === null || port > 65_535) {
    throw new AppError(
      'VALIDATION_ERROR',
      `${where}: "${address}" is no address: write ":4100", "127.0.0.1:4100" or "[::1]:4100"`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  if (host === '') return { hosts: isPublic ? ['0.0.0.0', '::'] : LOOPBACK, port };
  if (host === 'localhost') return { hosts: LOOPBACK, port };
  if (!isPublic && !/^(127\.|::1$)/.test(host)) {
    throw new AppError(
      'VALIDATION_ERROR',
      `${where}: ${host} is not loopback: add --public (which needs a token), or leave the host out`,
    );
  }
  return { hosts: [host], port };
}
