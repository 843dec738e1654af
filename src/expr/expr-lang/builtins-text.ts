/**
 * Functions over strings. Positions and lengths count code points.
 */
import { type PlainBuiltin, plain } from './builtin-kinds.ts';
import { charge, chargeList, chargeText, fail, type Runtime, scan, spend } from './runtime.ts';
import { pointsOf, positionOf } from './text.ts';
import { lowerCase, trimSpace, upperCase } from './text-case.ts';
import { describe, needCount, needList, needText } from './values.ts';

/** A short string cut out of another costs about this much. */
const PIECE_BYTES = 24;

const textual = (name: string, apply: (text: string) => string) => {
  const what = `${name}()`;
  return plain(1, 1, (rt, [value], at) => {
    const text = needText(rt, value, what, at);
    chargeText(rt, 2 * text.length, at);
    return apply(text);
  });
};

const paired = (
  name: string,
  apply: (rt: Runtime, text: string, other: string, at: number) => unknown,
) => {
  const what = `${name}()`;
  return plain(2, 2, (rt, [value, other], at) => {
    const text = needText(rt, value, what, at);
    scan(rt, text.length, at);
    return apply(rt, text, needText(rt, other, what, at), at);
  });
};

/** The same builtin with a second argument that may be left out. */
function withDefault(builtin: PlainBuiltin, other: string): PlainBuiltin {
  return plain(1, 2, (rt, args, at) =>
    builtin.run(rt, args.length === 1 ? [...args, other] : args, at),
  );
}

function trim(rt: Runtime, args: readonly unknown[], at: number): string {
  const text = needText(rt, args[0], 'trim()', at);
  chargeText(rt, text.length, at);
  if (args.length === 1) return trimSpace(text);
  const cut = new Set(needText(rt, args[1], 'trim()', at));
  const points = pointsOf(rt, text, at);
  const from = points.findIndex((point) => !cut.has(point));
  if (from < 0) return '';
  return points.slice(from, points.findLastIndex((point) => !cut.has(point)) + 1).join('');
}

function occurrences(rt: Runtime, text: string, part: string, at: number): number {
  scan(rt, text.length, at);
  let count = 0;
  for (let i = text.indexOf(part); i >= 0; i = text.indexOf(part, i + part.length)) {
    count += 1;
    spend(rt, 1, at);
  }
  return count;
}

/** At most `limit` pieces; with `keep` each keeps the separator that ends it. */
function split(rt: Runtime, args: readonly unknown[], keep: boolean, at: number): string[] {
  const name = keep ? 'splitAfter()' : 'split()';
  const text = needText(rt, args[0], name, at);
  const separator = needText(rt, args[1], name, at);
  const limit = args.length === 3 ? needCount(rt, args[2], name, at) : -1;
  if (limit === 0) return [];
  const pieces = cut(rt, text, separator, limit, at);
  if (!keep || separator === '') return pieces;
  chargeText(rt, text.length, at);
  return pieces.map((piece, i) => (i < pieces.length - 1 ? piece + separator : piece));
}

function cut(rt: Runtime, text: string, separator: string, limit: number, at: number): string[] {
  if (separator === '') return cutPoints(rt, text, limit, at);
  const count = occurrences(rt, text, separator, at) + 1;
  chargeList(rt, count, at);
  charge(rt, PIECE_BYTES * count, at);
  const pieces = text.split(separator);
  if (limit < 0 || pieces.length <= limit) return pieces;
  return [...pieces.slice(0, limit - 1), pieces.slice(limit - 1).join(separator)];
}

function cutPoints(rt: Runtime, text: string, limit: number, at: number): string[] {
  const points = pointsOf(rt, text, at);
  if (limit < 0 || points.length <= limit) return points;
  return [...points.slice(0, limit - 1), points.slice(limit - 1).join('')];
}

function replace(rt: Runtime, args: readonly unknown[], at: number): string {
  const [text, old, by] = args.slice(0, 3).map((arg) => needText(rt, arg, 'replace()', at));
  const limit = args.length === 4 ? needCount(rt, args[3], 'replace()', at) : -1;
  if (text === undefined || old === undefined || by === undefined) return '';
  if (old === '') return insertBetween(rt, text, by, limit, at);
  const found = occurrences(rt, text, old, at);
  const count = limit < 0 ? found : Math.min(found, limit);
  chargeText(rt, text.length + count * (by.length - old.length), at);
  // `$` has a meaning in a replacement text, and a function for it is ten times slower.
  if (count === found) return text.replaceAll(old, by.replaceAll('$', '$$$$'));
  let done = '';
  let from = 0;
  for (let i = 0; i < count; i += 1) {
    const next = text.indexOf(old, from);
    done += text.slice(from, next) + by;
    from = next + old.length;
  }
  return done + text.slice(from);
}

/** An empty `old` stands before every code point and at the end. */
function insertBetween(rt: Runtime, text: string, by: string, limit: number, at: number): string {
  const points = pointsOf(rt, text, at);
  const count = limit < 0 ? points.length + 1 : Math.min(limit, points.length + 1);
  chargeText(rt, text.length + count * by.length, at);
  return [...points, ''].map((point, i) => (i < count ? by + point : point)).join('');
}

function repeat(rt: Runtime, value: unknown, times: unknown, at: number): string {
  const text = needText(rt, value, 'repeat()', at);
  const count = needCount(rt, times, 'repeat()', at);
  if (count < 0) return fail(rt, at, `repeat() cannot repeat ${count} times`);
  chargeText(rt, text.length * count, at);
  return text === '' ? '' : text.repeat(count);
}

function join(rt: Runtime, value: unknown, glue: unknown, at: number): string {
  const list = needList(rt, value, 'join()', at);
  const between = needText(rt, glue, 'join()', at);
  let length = Math.max(0, list.length - 1) * between.length;
  for (const item of list) {
    if (typeof item !== 'string') {
      fail(rt, at, `join() needs strings, got ${describe(item)}; write map(list, string(#))`);
    }
    length += item.length;
  }
  chargeText(rt, length, at);
  chargeList(rt, list.length, at);
  return list.join(between);
}

export const TEXT_BUILTINS = {
  trim: plain(1, 2, trim),
  trimPrefix: withDefault(
    paired('trimPrefix', (_rt, text, prefix) =>
      text.startsWith(prefix) ? text.slice(prefix.length) : text,
    ),
    ' ',
  ),
  trimSuffix: withDefault(
    paired('trimSuffix', (_rt, text, suffix) =>
      text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text,
    ),
    ' ',
  ),
  upper: textual('upper', upperCase),
  lower: textual('lower', lowerCase),
  split: plain(2, 3, (rt, args, at) => split(rt, args, false, at)),
  splitAfter: plain(2, 3, (rt, args, at) => split(rt, args, true, at)),
  replace: plain(3, 4, replace, true),
  repeat: plain(2, 2, (rt, [text, times], at) => repeat(rt, text, times, at), true),
  join: plain(1, 2, (rt, [list, glue = ''], at) => join(rt, list, glue, at)),
  indexOf: paired('indexOf', (rt, text, part, at) => positionOf(rt, text, text.indexOf(part), at)),
  lastIndexOf: paired('lastIndexOf', (rt, text, part, at) =>
    positionOf(rt, text, text.lastIndexOf(part), at),
  ),
  hasPrefix: paired('hasPrefix', (_rt, text, prefix) => text.startsWith(prefix)),
  hasSuffix: paired('hasSuffix', (_rt, text, suffix) => text.endsWith(suffix)),
};
