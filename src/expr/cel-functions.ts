/**
 * Functions that CEL gets here beyond its standard library and the `strings` extension.
 *
 * Whole JSON numbers are ints, so every arithmetic operator also takes an int beside a double.
 * `matches` is linear-time RE2, as a method and as a function; compiled patterns are kept.
 */
import {
  type CelFunc,
  type CelInput,
  type CelList,
  CelScalar,
  celFunc,
  celList,
  celMethod,
  listType,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { APPEND } from './cel-ast.ts';
import { celExtensions } from './cel-extensions.ts';
import { celStringFunctions } from './cel-strings.ts';
import { compilePattern } from './expr-lang/pattern.ts';
import { createLruCache } from './lru.ts';

const { BOOL, DOUBLE, INT, STRING } = CelScalar;
const LIST = listType(CelScalar.DYN);
/** Patterns that are kept compiled, and how many instructions one may have to be kept. */
const MAX_KEPT_PATTERNS = 100;
export const MAX_KEPT_PATTERN_SIZE = 1_000;

interface Matcher {
  test(text: string): boolean;
}

type Arithmetic = (left: number, right: number) => number;

function remainder(left: number, right: number): number {
  if (right === 0) throw new Error('modulus by zero');
  return left % right;
}

const MIXED: readonly (readonly [string, Arithmetic])[] = [
  ['_+_', (left, right) => left + right],
  ['_-_', (left, right) => left - right],
  ['_*_', (left, right) => left * right],
  ['_/_', (left, right) => left / right],
  ['_%_', remainder],
];

/** All functions to register beside the standard library. */
export function celFunctions(): CelFunc[] {
  return [
    ...strings,
    ...celStringFunctions(),
    ...celExtensions(),
    ...MIXED.flatMap(([name, apply]) => mixedOverloads(name, apply)),
    celFunc('_%_', [DOUBLE, DOUBLE], DOUBLE, remainder),
    ...matchesFunctions(),
    appendFunction(),
  ];
}

function mixedOverloads(name: string, apply: Arithmetic): CelFunc[] {
  return [
    celFunc(name, [INT, DOUBLE], DOUBLE, (left, right) => apply(Number(left), right)),
    celFunc(name, [DOUBLE, INT], DOUBLE, (left, right) => apply(left, Number(right))),
  ];
}

function matchesFunctions(): CelFunc[] {
  const patterns = createLruCache<Matcher>(MAX_KEPT_PATTERNS);
  const matches = (text: string, pattern: string): boolean => {
    const known = patterns.get(pattern);
    if (known !== undefined) return known.test(text);
    const compiled = compilePattern(pattern);
    if (typeof compiled === 'string') throw new Error(compiled);
    if (compiled.size <= MAX_KEPT_PATTERN_SIZE) patterns.set(pattern, compiled.matcher);
    return compiled.matcher.test(text);
  };
  return [
    celFunc('matches', [STRING, STRING], BOOL, matches),
    celMethod('matches', STRING, [STRING], BOOL, function (pattern) {
      return matches(this, pattern);
    }),
  ];
}

/** Appends to the list a macro builds. The list is the macro's own, so nobody sees it change. */
function appendFunction(): CelFunc {
  const growing = new WeakMap<CelList, CelInput[]>();
  return celFunc(APPEND, [LIST, LIST], LIST, (left, right) => {
    const known = growing.get(left);
    const items = known ?? [...left];
    for (const item of right) items.push(item);
    if (known !== undefined) return left;
    const list = celList(items);
    growing.set(list, items);
    return list;
  });
}
