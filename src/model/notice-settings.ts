/**
 * Reading `notify.rules` and `notify.channels` as they stand in settings.json.
 *
 * Every mistake is found and named with its place; whether the texts of a body compile is found out by
 * whoever can compile them.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from './json.ts';
import {
  NOTICE_KINDS,
  type NoticeChannel,
  type NoticeChannels,
  type NoticeKind,
  type NoticeRule,
  type NoticeWhere,
} from './notice.ts';
import { parseDuration } from './time.ts';

/** A mistake; `path` begins after the setting's key: `[0].on[1]`, `.team.url`. */
export interface SettingProblem {
  readonly path: string;
  readonly message: string;
}

/** Every mistake is told here; what it leaves is read as if it were not there. */
type Report = (path: string, message: string) => void;

const DEFAULT_TIMEOUT_MS = 10_000;
const LONGEST_TIMEOUT_MS = 60_000;
const WHERE_KEYS = ['template', 'agent', 'name', 'status'] as const;
const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SECRET_HOLE = /\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}/g;

type Read<T> = { readonly value: T; readonly problems: readonly SettingProblem[] };

function reading<T>(read: (report: Report) => T): Read<T> {
  const problems: SettingProblem[] = [];
  const value = read((path, message) => problems.push({ path, message }));
  return { value, problems };
}

/** The rules, and what is wrong with them. */
export function readNoticeRules(raw: unknown): Read<readonly NoticeRule[]> {
  return reading((report) => {
    if (!Array.isArray(raw)) {
      report('', 'must be a list of rules: [{"on": ["run_failed"], "channel": "team"}]');
      return [];
    }
    return raw.map((rule: unknown, at) => readRule(rule, `[${at}]`, report));
  });
}

const NOTHING_ASKED: NoticeWhere = { template: [], agent: [], name: [], status: [] };

function readRule(raw: unknown, path: string, report: Report): NoticeRule {
  const rule = objectAt(raw, path, ['on', 'where', 'channel'], report);
  const { on, where, channel } = rule;
  if (typeof channel !== 'string' || channel === '') {
    report(`${path}.channel`, 'must be the name of a channel of notify.channels');
  }
  return {
    on: readKinds(on, `${path}.on`, report),
    where: where === undefined ? NOTHING_ASKED : readWhere(where, `${path}.where`, report),
    channel: typeof channel === 'string' ? channel : '',
  };
}

function readKinds(raw: Json | undefined, path: string, report: Report): readonly NoticeKind[] {
  const given = typeof raw === 'string' ? [raw] : raw;
  if (!isJsonArray(given) || given.length === 0) {
    report(path, `must be a list of some of ${NOTICE_KINDS.join(', ')}`);
    return [];
  }
  return given.flatMap((word, at) => {
    const kind = NOTICE_KINDS.find((each) => each === word);
    if (kind !== undefined) return [kind];
    const known = NOTICE_KINDS.join(', ');
    report(`${path}[${at}]`, `${JSON.stringify(word)} is nothing that is told (${known})`);
    return [];
  });
}

function readWhere(raw: Json, path: string, report: Report): NoticeWhere {
  const where = objectAt(raw, path, WHERE_KEYS, report);
  const read = (key: (typeof WHERE_KEYS)[number]): readonly string[] => {
    const value = where[key];
    if (value === undefined) return [];
    const list = typeof value === 'string' ? [value] : value;
    const isTexts = isJsonArray(list) && list.length > 0 && list.every(isText);
    if (isTexts) return list as readonly string[];
    report(`${path}.${key}`, 'must be a text or a list of texts ("*" stands for anything)');
    return [];
  };
  return {
    template: read('template'),
    agent: read('agent'),
    name: read('name'),
    status: read('status'),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The channels, and what is wrong with them. */
export function readNoticeChannels(raw: unknown): Read<NoticeChannels> {
  return reading((report) => {
    if (!isJsonObject(raw)) {
      report(
        '',
        'must be an object of channels: {"team": {"type": "webhook", "url": "https://…"}}',
      );
      return {};
    }
    const channels: Record<string, NoticeChannel> = {};
    for (const [name, value] of Object.entries(raw)) {
      const path = `.${name}`;
      if (!CHANNEL_NAME.test(name)) {
        report(path, 'a channel’s name has letters, digits, "_" and "-", at most 64');
        continue;
      }
      const channel = readChannel(value, path, report);
      if (channel !== null) channels[name] = channel;
    }
    return channels;
  });
}

function readChannel(raw: Json, path: string, report: Report): NoticeChannel | null {
  const type = isJsonObject(raw) ? raw.type : undefined;
  if (type === 'webhook') return readWebhook(raw, path, report);
  if (type === 'command') return readCommand(raw, path, report);
  report(`${path}.type`, 'must be "webhook" or "command"');
  return null;
}

function readWebhook(raw: Json, path: string, report: Report): NoticeChannel {
  const keys = ['type', 'url', 'secret', 'body', 'headers', 'timeout'] as const;
  const given = objectAt(raw, path, keys, report);
  const { url, secret = null } = given;
  const problem = urlProblem(url);
  if (problem !== null) report(`${path}.url`, problem);
  if (secret !== null && !(isText(secret) && SECRET_NAME.test(secret))) {
    report(`${path}.secret`, 'must be the name of a secret, not its value');
  }
  return {
    type: 'webhook',
    url: String(url),
    secret: typeof secret === 'string' ? secret : null,
    body: readBody(given.body),
    headers: readHeaders(given.headers, `${path}.headers`, report),
    timeoutMs: readTimeout(given.timeout, `${path}.timeout`, report),
  };
}

/** A text that is JSON is taken as JSON, so that what is put into it is escaped as JSON. */
function readBody(raw: Json | undefined): Json {
  if (typeof raw !== 'string') return raw ?? null;
  try {
    const parsed: unknown = JSON.parse(raw);
    return isJsonObject(parsed) || isJsonArray(parsed) ? parsed : raw;
  } catch {
    // A plain text is what it is.
    return raw;
  }
}

function urlProblem(url: Json | undefined): string | null {
  if (!isText(url)) return 'must be an http or https URL';
  const hole = holeProblem(url);
  if (hole !== null) return hole;
  // With a secret in front nothing can be told before it is known.
  if (/^\s*\$\{\{/.test(url)) return null;
  let parsed: URL;
  try {
    parsed = new URL(url.replace(SECRET_HOLE, 'x'));
  } catch {
    // Not shown: it may hold a secret.
    return 'is no URL: write it whole, with https://';
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return `${parsed.protocol} cannot be called: it must be http or https`;
  }
  if (parsed.username === '' && parsed.password === '') return null;
  return 'must hold no user and password: use headers with ${{ secrets.NAME }}';
}

/** Addresses and headers know secrets only. */
function holeProblem(text: string): string | null {
  if (!text.replace(SECRET_HOLE, '').includes('${{')) return null;
  return 'only ${{ secrets.NAME }} may stand here';
}

function readHeaders(
  raw: Json | undefined,
  path: string,
  report: Report,
): Readonly<Record<string, string>> {
  if (raw === undefined) return {};
  if (!isJsonObject(raw)) {
    report(path, 'must be an object of texts');
    return {};
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    const problem = headerProblem(name, value);
    if (problem !== null) report(`${path}.${name}`, problem);
    else headers[name.toLowerCase()] = String(value);
  }
  return headers;
}

const OWN_HEADERS = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

function headerProblem(name: string, value: Json): string | null {
  const lower = name.toLowerCase();
  if (!HEADER_NAME.test(name)) return 'is no name of a header';
  if (OWN_HEADERS.has(lower) || lower.startsWith('x-opcode-')) return 'is set by Opcode itself';
  if (!isText(value) || /[\r\n\0]/.test(value)) return 'must be a text of one line';
  return holeProblem(value);
}

function readCommand(raw: Json, path: string, report: Report): NoticeChannel {
  const { command, timeout } = objectAt(raw, path, ['type', 'command', 'timeout'], report);
  const isWords =
    isJsonArray(command) && isText(command[0]) && command.every((word) => typeof word === 'string');
  if (!isWords) {
    report(
      `${path}.command`,
      'must be a list of a program and its arguments: ["notify-send", "-"]',
    );
  }
  return {
    type: 'command',
    command: isWords ? (command as readonly string[]) : [],
    timeoutMs: readTimeout(timeout, `${path}.timeout`, report),
  };
}

function readTimeout(raw: Json | undefined, path: string, report: Report): number {
  if (raw === undefined) return DEFAULT_TIMEOUT_MS;
  const parsed = parseDuration(raw);
  if (!parsed.ok) report(path, parsed.message);
  else if (parsed.ms < 1 || parsed.ms > LONGEST_TIMEOUT_MS) {
    report(path, `must be between 1ms and ${LONGEST_TIMEOUT_MS / 1000}s`);
  } else return parsed.ms;
  return DEFAULT_TIMEOUT_MS;
}

function objectAt(raw: unknown, path: string, keys: readonly string[], report: Report): JsonObject {
  if (!isJsonObject(raw)) {
    report(path, `must be an object with ${keys.join(', ')}`);
    return {};
  }
  for (const key of Object.keys(raw)) {
    if (!keys.includes(key)) report(`${path}.${key}`, `is not known (${keys.join(', ')})`);
  }
  return raw;
}

/** Rules that name a channel that is not there. */
export function unknownChannels(
  rules: readonly NoticeRule[],
  channels: NoticeChannels,
): readonly SettingProblem[] {
  const names = Object.keys(channels);
  const known = names.length === 0 ? 'there is none yet' : `there is: ${names.join(', ')}`;
  return rules.flatMap(({ channel }, at) =>
    channel === '' || Object.hasOwn(channels, channel)
      ? []
      : [{ path: `[${at}].channel`, message: `"${channel}" is no channel (${known})` }],
  );
}

/** Names of the secrets that stand in a text, each once. */
export function secretsIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(SECRET_HOLE)].map((match) => match[1] ?? ''))];
}

/** The text with its secrets put in. */
export function withSecrets(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(SECRET_HOLE, (_, name: string) => values.get(name) ?? '');
}
