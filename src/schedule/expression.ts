/**
 * What a schedule is written as: five-field cron, `@daily` and its kind, `@every 5m`, or one time;
 * each may begin with `CRON_TZ=Zone` (or `TZ=`). Here text becomes data; times are calculated elsewhere.
 */
import { parseDuration, parseRfc3339, toRfc3339, wallTime } from '../model/time.ts';
import { findZone } from '../zones/names.ts';
import { instantsOf, type Zone } from '../zones/zone.ts';
import { readPattern } from './cron-fields.ts';

export type Expression =
  | { readonly kind: 'cron'; readonly pattern: string }
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'once'; readonly atMs: number };

interface Refusal {
  readonly ok: false;
  readonly field: 'expression' | 'timezone';
  readonly message: string;
  readonly hint: string;
}

export type ReadExpression =
  | {
      readonly ok: true;
      readonly expression: Expression;
      /** Without the prefix; read again with `timezone` it means the same. */
      readonly text: string;
      readonly timezone: string;
      readonly eitherDay?: string;
    }
  | Refusal;

type FindZone = (name: string) => Zone | null;

const DEFAULT_ZONE = 'UTC';

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const LEAST_EVERY_MS = 1000;
const MAX_LENGTH = 200;

const refuse = (field: Refusal['field'], message: string, hint: string): Refusal => ({
  ok: false,
  field,
  message,
  hint,
});

/** Reads an expression and its zone (UTC when neither says one). */
export function readExpression(
  written: string,
  timezone: string | null,
  find: FindZone = findZone,
): ReadExpression {
  if (written.length > MAX_LENGTH) {
    return refuse('expression', `it is longer than ${MAX_LENGTH} characters`, 'write it shorter');
  }
  const prefixed = /^\s*(?:CRON_TZ|TZ)=(\S*)\s+(.*)$/s.exec(written);
  const text = (prefixed?.[2] ?? written).trim();
  const zone = zoneOf(prefixed?.[1] ?? null, timezone, find);
  if (typeof zone === 'object' && zone !== null) return zone;
  if (text.startsWith('@')) return readNamed(text, zone ?? DEFAULT_ZONE);
  if (/^\d{4}-/.test(text)) return readOnce(text, zone, find);
  const read = readPattern(text);
  if (!read.ok) return refuse('expression', read.message, read.hint);
  return {
    ok: true,
    expression: { kind: 'cron', pattern: read.pattern },
    text: text.split(/\s+/).join(' '),
    timezone: zone ?? DEFAULT_ZONE,
    ...(read.eitherDay === undefined ? {} : { eitherDay: read.eitherDay }),
  };
}

/** The zone that is asked for, null when none is. */
function zoneOf(
  prefix: string | null,
  given: string | null,
  find: FindZone,
): string | null | Refusal {
  if (prefix !== null && given !== null && prefix !== given) {
    const message = `"${given}" differs from "${prefix}" in the expression`;
    return refuse('timezone', message, 'say the zone in one of the two places');
  }
  const zone = given ?? prefix;
  if (zone === null || find(zone) !== null) return zone;
  const hint = 'an IANA name, such as Europe/Berlin, America/New_York or UTC';
  return refuse(
    given === null ? 'expression' : 'timezone',
    `there is no time zone "${zone}"`,
    hint,
  );
}

function readNamed(text: string, timezone: string): ReadExpression {
  const every = /^@every\s+(.+)$/i.exec(text);
  if (every !== null) return readEvery(every[1] ?? '', timezone);
  const name = text.toLowerCase();
  const pattern = Object.hasOwn(NICKNAMES, name) ? NICKNAMES[name] : undefined;
  if (pattern === undefined) {
    const hint = `there are ${Object.keys(NICKNAMES).join(' ')} and "@every 5m"`;
    return refuse('expression', `"${text}" is not known`, hint);
  }
  return { ok: true, expression: { kind: 'cron', pattern }, text: name, timezone };
}

function readEvery(text: string, timezone: string): ReadExpression {
  const parsed = parseDuration(text);
  if (!parsed.ok) return refuse('expression', `@every: ${parsed.message}`, 'such as "@every 5m"');
  if (parsed.ms < LEAST_EVERY_MS || !Number.isInteger(parsed.ms)) {
    const message = `@every: "${text}" is not a whole number of milliseconds from 1s on`;
    return refuse('expression', message, 'the least is "@every 1s"');
  }
  const expression: Expression = { kind: 'every', ms: parsed.ms };
  return { ok: true, expression, text: `@every ${text.trim()}`, timezone };
}

const LOCAL = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2}))?$/;
const ZONED = /^(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2})(?::(\d{2}(?:\.\d+)?))?([Zz]|[+-]\d{2}:\d{2})$/;

const CALENDAR_HINT = 'look at month, day, hour, minute, second and offset';

function readOnce(text: string, zone: string | null, find: FindZone): ReadExpression {
  const local = LOCAL.exec(text);
  if (local !== null) return readLocal(text, local.slice(1), zone, find);
  const zoned = ZONED.exec(text);
  const atMs = zoned === null ? null : parseRfc3339(`${zoned[1]}:${zoned[2] ?? '00'}${zoned[3]}`);
  if (atMs === null && zoned !== null) {
    return refuse('expression', `"${text}" is no time that exists`, CALENDAR_HINT);
  }
  if (atMs === null) {
    const hint = 'write 2026-03-01T09:00:00Z, or 2026-03-01T09:00 with a time zone';
    return refuse('expression', `"${text}" is no time`, hint);
  }
  if (zone !== null && zone !== DEFAULT_ZONE) {
    const message = `"${text}" has an offset of its own, so "${zone}" cannot apply`;
    return refuse('timezone', message, 'leave the zone out, or write the time without offset');
  }
  const expression: Expression = { kind: 'once', atMs };
  return { ok: true, expression, text: toRfc3339(atMs), timezone: DEFAULT_ZONE };
}

function readLocal(
  text: string,
  parts: readonly (string | undefined)[],
  zone: string | null,
  find: FindZone,
): ReadExpression {
  if (zone === null) {
    const message = `"${text}" has neither an offset nor a time zone`;
    return refuse('expression', message, 'add a time zone, or end it with Z for UTC');
  }
  const wallMs = wallTime(parts.map((part) => Number(part ?? 0)));
  if (wallMs === null) {
    return refuse('expression', `"${text}" is not in the calendar`, CALENDAR_HINT);
  }
  const found = find(zone);
  if (found === null) throw new Error(`the zone ${zone} was not looked for`);
  const written = new Date(wallMs).toISOString().slice(0, 19);
  const expression: Expression = { kind: 'once', atMs: instantOf(found, wallMs / 1000) * 1000 };
  return { ok: true, expression, text: written, timezone: zone };
}

/** The instant of a one-time wall time: the end of a gap, the first of two. */
function instantOf(zone: Zone, wall: number): number {
  const found = instantsOf(zone, wall);
  if (found.kind === 'gap') return found.end;
  return found.kind === 'once' ? found.at : found.first;
}
