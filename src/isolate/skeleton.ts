/**
 * Finding a text behind spellings that nobody listed: what programs put around and between its letters
 * and digits is taken away, escapes are decoded up to four times, and what is left is compared.
 *
 * `%q` of a shell, JSON four deep, quotes, entities, wrapped lines and colours all leave the letters and
 * digits in their order.
 */

import { add, decode, ESC, newUnits, type Units } from './unescape.ts';

/** A shorter skeleton would be found in ordinary texts. */
export const MIN_SKELETON_LENGTH = 12;
const ROUNDS = 4;
/** Longer spellings of a skeleton may be missed where a long text is looked at in pieces. */
const MAX_REACH = 64 * 1024;
/** Characters that one of a skeleton may take up in a text: `&#x2F;`, `\\\\u0041`. */
const MAX_SPELLED = 16;
/** Without one of these the letters stand together, and the exact spellings find them. */
const SPELLED = new RegExp(`[%\\\\&'"\\r\\n${ESC}]`);
const ESCAPED = new RegExp(`[%\\\\&${ESC}]`);

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Letters and digits, and everything beyond ASCII, in order. */
export const skeletonOf = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9\u0080-\uffff]/g, '');

/** Places where a skeleton of the pattern (which is global) stands; they may overlap. */
export function findSkeletons(text: string, pattern: RegExp): Span[] {
  const spans: Span[] = [];
  if (!SPELLED.test(text)) return spans;
  forEachRound(text, (letters, { starts, ends }) => {
    pattern.lastIndex = 0;
    for (let found = pattern.exec(letters); found !== null; found = pattern.exec(letters)) {
      const last = found.index + found[0].length - 1;
      spans.push({ from: starts[found.index] ?? 0, to: ends[last] ?? 0 });
    }
  });
  return spans.filter(({ from, to }) => SPELLED.test(text.slice(from, to)));
}

/** How many characters the spelling of a skeleton may take up. */
export const skeletonReach = (letters: number): number =>
  Math.min(MAX_REACH, letters * MAX_SPELLED);

/** An escape that may go on behind the end of the text. */
const BROKEN = new RegExp(
  `(?:%[0-9A-Fa-f]{0,8}|\\\\+[uUx]?[0-9A-Fa-f]{0,8}|&[#\\w]{0,9}|${ESC}[[\\]]?[0-9;]{0,16})$`,
);
const MAX_BROKEN = 40;

/** Where a text's end may become the beginning of one of the skeletons; its length when it cannot. */
export function findBeginning(text: string, skeletons: Beginnings): number {
  const { longest } = skeletons;
  const broken = BROKEN.exec(text.slice(-MAX_BROKEN))?.[0].length ?? 0;
  const end = text.length - broken;
  const from = Math.max(0, end - longest * MAX_SPELLED);
  let first = end;
  forEachRound(text.slice(from, end), (letters, places) => {
    for (let at = Math.max(0, letters.length - longest + 1); at < letters.length; at++) {
      // Bytes of a character whose last ones are still to come.
      if (!skeletons.begins(letters.slice(at).replace(/\ufffd+$/, ''))) continue;
      first = Math.min(first, from + (places.starts[at] ?? 0));
      break;
    }
  });
  return first;
}

interface Beginnings {
  readonly longest: number;
  /** True when a skeleton begins with these letters and is longer. */
  readonly begins: (letters: string) => boolean;
}

/** Calls back with the letters of the text and their places, as it is and after each round of decoding. */
function forEachRound(text: string, look: (letters: string, places: Units) => void): void {
  let units = unitsFor(0, text.length);
  for (let at = 0; at < text.length; at++) add(units, text.charCodeAt(at), at, at + 1);
  const letters = unitsFor(1, text.length);
  look(lettersOf(units, letters), letters);
  if (!ESCAPED.test(text)) return;
  let spare = unitsFor(2, text.length);
  for (let round = 0; round < ROUNDS; round++) {
    if (!decode(units, spare)) return;
    [units, spare] = [spare, units];
    look(lettersOf(units, letters), letters);
  }
}

/** Room of the size that windows need; making it anew costs as much as the search. */
const kept: Units[] = [];
const MAX_KEPT = 256 * 1024;

/** Empty room for a text; nobody else looks for skeletons meanwhile. */
function unitsFor(slot: number, size: number): Units {
  const there = kept[slot];
  if (there !== undefined && there.codes.length >= size) {
    there.length = 0;
    return there;
  }
  const made = newUnits(size);
  if (size <= MAX_KEPT) kept[slot] = made;
  return made;
}

const UTF16 = new TextDecoder('utf-16le', { ignoreBOM: true });

function lettersOf(units: Units, letters: Units): string {
  letters.length = 0;
  for (let at = 0; at < units.length; at++) {
    const code = units.codes[at] ?? 0;
    if (isLetter(code)) add(letters, code, units.starts[at] ?? 0, units.ends[at] ?? 0);
  }
  return UTF16.decode(letters.codes.subarray(0, letters.length));
}

const isLetter = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 48 && code <= 57) ||
  code >= 0x80;
