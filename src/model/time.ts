/**
 * Durations and instants as text and as milliseconds. No clock is read here.
 *
 * A duration is `1h30m`, `1.5s`, `250ms`, `2d`: one or more numbers each with a unit of
 * `ns us µs ms s m h d`. A bare number is refused, because nobody can tell its unit.
 */

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest duration that is accepted: 100 years. */
const MAX_DURATION_MS = 100 * 365 * 86_400_000;

export type ParsedDuration = { ok: true; ms: number } | { ok: false; message: string };

/** Milliseconds of a duration text (may be fractional), or what is wrong with it. */
export function parseDuration(value: unknown): ParsedDuration {
  if (typeof value !== 'string') {
    return { ok: false, message: `a duration is a text such as "30s", not ${describe(value)}` };
  }
  const text = value.trim();
  if (/^[0-9.]+$/.test(text)) {
    return { ok: false, message: `"${text}" has no unit: write "${text}s" or "${text}ms"` };
  }
  const part = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/y;
  let total = 0;
  let at = 0;
  while (at < text.length) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return badDuration(value);
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
    at = part.lastIndex;
  }
  if (at === 0) return badDuration(value);
  if (total > MAX_DURATION_MS) return { ok: false, message: `"${value}" is over 100 years` };
  return { ok: true, ms: total };
}

function describe(value: unknown): string {
  if (typeof value === 'number') return `the number ${value} (write "${value}s" or "${value}ms")`;
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function badDuration(value: string): ParsedDuration {
  return {
    ok: false,
    message: `"${value}" is not a duration (units: ns us ms s m h d, e.g. "1h30m", "250ms")`,
  };
}

/** A short human text for milliseconds: `850ms`, `1.2s`, `3m05s`, `2h10m`, `4d3h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}s`;
  const seconds = Math.floor(ms / 1000);
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)}h${pad(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d${Math.floor(seconds / 3600) % 24}h`;
}

/** RFC 3339 UTC text with milliseconds for epoch milliseconds. */
export function toRfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** True for a text in the form of RFC 3339, though it may name a time that does not exist. */
export const looksLikeRfc3339 = (text: string): boolean => RFC_3339.test(text);

/** What RFC 3339 can write has four digits in its year. */
const [YEAR_0_MS, YEAR_10000_MS] = [-62_167_219_200_000, 253_402_300_800_000];

/**
 * Reads an RFC 3339 text (with zone; `t`, `z` and a blank instead of T are taken too) as whole epoch
 * milliseconds; null when it is none, or names a time that no calendar and no clock has: the 30th of
 * February, 24:00, a leap second, an offset beyond 23:59.
 */
export function parseRfc3339(text: string): number | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] =
    match;
  const wallMs = wallTime([year, month, day, hour, minute, second].map(Number));
  const [aheadHours, aheadMinutes] = [Number(offsetHour ?? 0), Number(offsetMinute ?? 0)];
  if (wallMs === null || aheadHours > 23 || aheadMinutes > 59) return null;
  const aheadMs = (aheadHours * 60 + aheadMinutes) * 60_000 * (sign === '-' ? -1 : 1);
  const atMs = wallMs - aheadMs + Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
  return atMs < YEAR_0_MS || atMs >= YEAR_10000_MS ? null : atMs;
}

/**
 * Returns what a clock on the wall shows (year, month from 1, day, hour, minute, second) as epoch
 * milliseconds as if it were UTC; null when there is no such date or time.
 */
export function wallTime(parts: readonly number[]): number | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
  if (hour > 23 || minute > 59 || second > 59) return null;
  // Not Date.UTC, which takes the years 0 to 99 for those of the last century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}
