/**
 * Strings by code points: length, positions and slices, so that they fit together for every text.
 */
import { type Budget, chargeList, chargeText, scan } from './runtime.ts';

const ASTRAL = /[\ud800-\udfff]/;

/** How many code points a string has. */
export function textLength(rt: Budget, text: string, at: number): number {
  scan(rt, text.length, at);
  return ASTRAL.test(text) ? pointsBefore(rt, text, text.length, at) : text.length;
}

/** The number of code points before a position in UTF-16 units; -1 stays -1. */
export function positionOf(rt: Budget, text: string, unit: number, at: number): number {
  scan(rt, text.length, at);
  return unit <= 0 || !ASTRAL.test(text) ? unit : pointsBefore(rt, text, unit, at);
}

/** The code points from `from` up to, not with, `to`. */
export function sliceText(rt: Budget, text: string, from: number, to: number, at: number): string {
  scan(rt, text.length, at);
  chargeText(rt, Math.max(0, to - from), at);
  if (!ASTRAL.test(text)) return text.slice(from, to);
  return pointsOf(rt, text, at).slice(from, to).join('');
}

/** The code points as strings. */
export function pointsOf(rt: Budget, text: string, at: number): string[] {
  chargeList(rt, 3 * text.length, at);
  return Array.from(text);
}

function pointsBefore(rt: Budget, text: string, unit: number, at: number): number {
  scan(rt, 64 * unit, at);
  let count = 0;
  for (let i = 0; i < unit; i += 1) {
    const code = text.charCodeAt(i);
    const low = code >= 0xdc00 && code <= 0xdfff;
    const before = low && i > 0 ? text.charCodeAt(i - 1) : 0;
    if (!(before >= 0xd800 && before <= 0xdbff)) count += 1;
  }
  return count;
}
