/**
 * Functions over texts that search, cut and put together. Positions and lengths count code points.
 */
import { charge, chargeList, chargeText, scan, spend } from '../expr-lang/runtime.ts';
import { pointsOf, positionOf, sliceText, textLength } from '../expr-lang/text.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { both, type FunctionRow, method } from './function-row.ts';
import { matches } from './patterns.ts';
import type { CelRuntime } from './runtime.ts';
import { isBytes, isInt, isMap, sizeOf } from './values.ts';

const PIECE_BYTES = 24;
const SURROGATE = /[\ud800-\udfff]/;

function size(rt: CelRuntime, value: unknown): unknown {
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'string') return textLength(rt, value, 0);
  if (isMap(value)) return sizeOf(value);
  return isBytes(value) ? value.bytes.length : NO_OVERLOAD;
}

/** A test of a text by another text. */
const test = (name: string, holds: (text: string, part: string) => boolean): FunctionRow =>
  method(name, [2], (rt, text, part) => {
    if (typeof text !== 'string' || typeof part !== 'string') return NO_OVERLOAD;
    scan(rt, text.length, 0);
    return holds(text, part);
  });

const outOfRange = (index: number | bigint): CelFault =>
  new CelFault(`index out of range: ${index}`);

/** The position in UTF-16 units of a code point that is there or just behind the text. */
function unitAt(rt: CelRuntime, text: string, point: number): number {
  scan(rt, 64 * point, 0);
  if (!SURROGATE.test(text)) return point;
  let unit = 0;
  for (let i = 0; i < point; i += 1) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}

function charAt(rt: CelRuntime, text: unknown, index: unknown): unknown {
  if (typeof text !== 'string' || !isInt(index)) return NO_OVERLOAD;
  const at = Number(index);
  if (at < 0 || at > textLength(rt, text, 0)) throw outOfRange(index);
  return sliceText(rt, text, at, at + 1, 0);
}

function indexOf(rt: CelRuntime, text: unknown, part: unknown, from: unknown = 0): unknown {
  if (typeof text !== 'string' || typeof part !== 'string' || !isInt(from)) return NO_OVERLOAD;
  const start = Number(from);
  const length = textLength(rt, text, 0);
  if (start < 0 || start > length) throw outOfRange(from);
  if (part === '') return start;
  return positionOf(rt, text, text.indexOf(part, unitAt(rt, text, start)), 0);
}

function lastIndexOf(rt: CelRuntime, text: unknown, part: unknown, from?: unknown): unknown {
  if (typeof text !== 'string' || typeof part !== 'string') return NO_OVERLOAD;
  const length = textLength(rt, text, 0);
  if (from === undefined) {
    return part === '' ? length : positionOf(rt, text, text.lastIndexOf(part), 0);
  }
  if (!isInt(from)) return NO_OVERLOAD;
  const start = Number(from);
  if (start < 0 || start > length) throw outOfRange(from);
  if (part === '') return start;
  if (start === length) return -1;
  return positionOf(rt, text, text.lastIndexOf(part, unitAt(rt, text, start)), 0);
}

function substring(rt: CelRuntime, text: unknown, from: unknown, to?: unknown): unknown {
  if (typeof text !== 'string' || !isInt(from)) return NO_OVERLOAD;
  if (to !== undefined && !isInt(to)) return NO_OVERLOAD;
  const length = textLength(rt, text, 0);
  const end = to === undefined ? length : Number(to);
  const start = Number(from);
  if (to !== undefined && start > end) {
    throw new CelFault(`invalid substring range. start: ${from}, end: ${to}`);
  }
  if (start < 0 || start > length) throw outOfRange(from);
  if (end > length) throw outOfRange(end);
  return sliceText(rt, text, start, end, 0);
}

function countOf(rt: CelRuntime, text: string, part: string): number {
  scan(rt, text.length, 0);
  let count = 0;
  for (let i = text.indexOf(part); i >= 0; i = text.indexOf(part, i + part.length)) {
    count += 1;
    spend(rt, 1, 0);
  }
  return count;
}

function split(rt: CelRuntime, text: unknown, separator: unknown, most: unknown = -1): unknown {
  if (typeof text !== 'string' || typeof separator !== 'string' || !isInt(most)) {
    return NO_OVERLOAD;
  }
  return pieces(rt, text, separator, Number(most));
}

/** At most `most` pieces, the last with the rest of the text; all when it is negative. */
function pieces(rt: CelRuntime, text: string, separator: string, most: number): string[] {
  if (most === 0) return [];
  if (separator !== '') {
    const count = countOf(rt, text, separator) + 1;
    chargeList(rt, count, 0);
    charge(rt, PIECE_BYTES * count, 0);
  }
  const all = separator === '' ? pointsOf(rt, text, 0) : text.split(separator);
  if (most < 0 || all.length <= most) return all;
  return [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

function replace(
  rt: CelRuntime,
  text: unknown,
  old: unknown,
  fresh: unknown,
  most: unknown = -1,
): unknown {
  const areTexts = typeof text === 'string' && typeof old === 'string';
  if (!areTexts || typeof fresh !== 'string' || !isInt(most)) return NO_OVERLOAD;
  const limit = Number(most) < 0 ? Number.POSITIVE_INFINITY : Number(most);
  if (old === '') return insertBetween(rt, text, fresh, limit);
  const count = Math.min(limit, countOf(rt, text, old));
  if (count === 0) return text;
  chargeText(rt, text.length + count * Math.max(0, fresh.length - old.length), 0);
  return pieces(rt, text, old, count + 1).join(fresh);
}

/** An empty text stands before the first character, between two and after the last. */
function insertBetween(rt: CelRuntime, text: string, fresh: string, limit: number): string {
  const points = pointsOf(rt, text, 0);
  const count = Math.min(limit, points.length + 1);
  chargeText(rt, text.length + count * fresh.length, 0);
  const parts = points.map((point, i) => (i < count ? fresh + point : point));
  return parts.join('') + (count > points.length ? fresh : '');
}

function join(rt: CelRuntime, list: unknown, separator: unknown = ''): unknown {
  if (!Array.isArray(list) || typeof separator !== 'string') return NO_OVERLOAD;
  spend(rt, list.length, 0);
  let length = Math.max(0, list.length - 1) * separator.length;
  for (const item of list as readonly unknown[]) {
    if (typeof item !== 'string') throw new CelFault('join() takes a list of strings');
    length += item.length;
  }
  chargeText(rt, length, 0);
  return list.join(separator);
}

function matchesText(rt: CelRuntime, text: unknown, pattern: unknown): unknown {
  if (typeof text !== 'string' || typeof pattern !== 'string') return NO_OVERLOAD;
  return matches(rt, text, pattern);
}

export const TEXT_FUNCTIONS: readonly FunctionRow[] = [
  both('size', [1], size),
  both('matches', [2], matchesText),
  test('contains', (text, part) => text.includes(part)),
  test('startsWith', (text, part) => text.startsWith(part)),
  test('endsWith', (text, part) => text.endsWith(part)),
  method('charAt', [2], charAt),
  method('indexOf', [2, 3], indexOf),
  method('lastIndexOf', [2, 3], lastIndexOf),
  method('substring', [2, 3], substring),
  method('split', [2, 3], split),
  method('replace', [3, 4], replace),
  method('join', [1, 2], join),
];
