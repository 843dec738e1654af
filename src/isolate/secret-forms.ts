/**
 * What secrets look like in what programs print, compiled once: one alternation of every exact spelling,
 * and one of the skeletons that are found behind spellings nobody listed.
 */
import { partsOf } from './secret-parts.ts';
import { inBase64, spellingsOf } from './secret-spellings.ts';
import { MIN_SKELETON_LENGTH, skeletonOf } from './skeleton.ts';

/** Secrets, parts and spellings shorter than this are only masked as whole strings. */
const MIN_MASKED_LENGTH = 8;
/** Sets of secrets whose forms stay compiled. */
const MAX_COMPILED = 32;

export interface SecretForms {
  /** Every spelling of at least `MIN_MASKED_LENGTH` characters, longest first; null when there is none. */
  readonly pattern: RegExp | null;
  /** Sorted; for finding out whether a text ends with the beginning of one. */
  readonly sorted: readonly string[];
  /** The first `MIN_MASKED_LENGTH` characters of each. */
  readonly beginnings: ReadonlySet<string>;
  readonly longest: number;
  /** Those in base64: the whole base64 word around them goes too. */
  readonly encoded: ReadonlySet<string>;
  /** Masked where a string is nothing else. */
  readonly whole: ReadonlySet<string>;
  readonly longestWhole: number;
  /** Those of `whole` that are too short to be found inside a text. */
  readonly shortWhole: readonly string[];
  readonly skeletons: Skeletons | null;
}

interface Skeletons {
  readonly pattern: RegExp;
  /** True when one begins with these letters and is longer. */
  readonly begins: (letters: string) => boolean;
  readonly shortest: number;
  readonly longest: number;
}

const compiled = new Map<string, SecretForms>();

/** The forms of these secrets, compiled when they are asked for the first time. */
export function formsOf(secrets: readonly string[]): SecretForms {
  // The same values come in many orders: as they were used, as they are named.
  const sorted = [...new Set(secrets)].sort();
  const key = JSON.stringify(sorted);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const forms = compile(sorted);
  if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value as string);
  compiled.set(key, forms);
  return forms;
}

function compile(secrets: readonly string[]): SecretForms {
  const texts = [...new Set(secrets.flatMap((secret) => [...partsOf(secret)]))];
  const encoded = new Set(texts.filter(isLong).flatMap(inBase64).filter(isLong));
  const parts = new Set([...texts.filter(isLong).flatMap(spellingsOf).filter(isLong), ...encoded]);
  const short = texts.filter((text) => !isLong(text));
  const whole = new Set([
    ...texts,
    ...short.flatMap((text) =>
      [...spellingsOf(text), ...inBase64(text)].filter((form) => form !== ''),
    ),
  ]);
  const sorted = [...parts].sort();
  return {
    pattern: alternation(parts),
    sorted,
    beginnings: new Set(sorted.map((part) => part.slice(0, MIN_MASKED_LENGTH))),
    longest: lengthOf(parts),
    encoded,
    whole,
    longestWhole: lengthOf(whole),
    shortWhole: [...whole].filter((text) => !isLong(text)),
    skeletons: skeletonsOf(texts, encoded),
  };
}

const isLong = (text: string): boolean => text.length >= MIN_MASKED_LENGTH;

const lengthOf = (texts: Iterable<string>): number => {
  let longest = 0;
  for (const text of texts) longest = Math.max(longest, text.length);
  return longest;
};

function alternation(texts: ReadonlySet<string>): RegExp | null {
  if (texts.size === 0) return null;
  const longestFirst = [...texts].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map(literally).join('|'), 'g');
}

const literally = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function skeletonsOf(texts: readonly string[], encoded: Iterable<string>): Skeletons | null {
  const all = new Set(
    [...texts, ...encoded].map(skeletonOf).filter((text) => text.length >= MIN_SKELETON_LENGTH),
  );
  const pattern = alternation(all);
  if (pattern === null) return null;
  const shortest = Math.min(...[...all].map((text) => text.length));
  const sorted = [...all].sort();
  return { pattern, begins: (start) => beginsOne(sorted, start), shortest, longest: lengthOf(all) };
}

/** True when one of the sorted texts begins with `start` and is longer. */
export function beginsOne(sorted: readonly string[], start: string): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? '') < start) low = middle + 1;
    else high = middle;
  }
  const first = sorted[low] === start ? sorted[low + 1] : sorted[low];
  return first?.startsWith(start) === true;
}
