/**
 * The table of all builtin functions of the Expr language. A new one is a line in its family.
 */
import type { Builtin } from './builtin-kinds.ts';
import { BIT_BUILTINS } from './builtins-bits.ts';
import { CONVERT_BUILTINS } from './builtins-convert.ts';
import { LIST_BUILTINS } from './builtins-list.ts';
import { LOOP_BUILTINS } from './builtins-loop.ts';
import { MAP_BUILTINS } from './builtins-map.ts';
import { NUMBER_BUILTINS } from './builtins-number.ts';
import { TEXT_BUILTINS } from './builtins-text.ts';
import { TIME_BUILTINS } from './builtins-time.ts';

const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  [
    BIT_BUILTINS,
    CONVERT_BUILTINS,
    LIST_BUILTINS,
    LOOP_BUILTINS,
    MAP_BUILTINS,
    NUMBER_BUILTINS,
    TEXT_BUILTINS,
    TIME_BUILTINS,
  ].flatMap((family): [string, Builtin][] => Object.entries(family)),
);

/** What people write who know another language. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['length', 'len'],
  ['size', 'len'],
  ['every', 'all'],
  ['some', 'any'],
  ['exists', 'any'],
  ['avg', 'mean'],
  ['average', 'mean'],
  ['unique', 'uniq'],
  ['distinct', 'uniq'],
  ['slice', 'the slice list[1:3]'],
  ['substr', 'the slice text[1:3]'],
  ['substring', 'the slice text[1:3]'],
  ['touppercase', 'upper'],
  ['tolowercase', 'lower'],
  ['includes', 'the operator `in` or `contains`'],
  ['contains', 'the operator `contains`'],
  ['matches', 'the operator `matches`'],
  ['startswith', 'the operator `startsWith`, or hasPrefix'],
  ['endswith', 'the operator `endsWith`, or hasSuffix'],
  ['str', 'string'],
  ['tostring', 'string'],
  ['tonumber', 'int or float'],
  ['number', 'int or float'],
  ['parsejson', 'fromJSON'],
  ['typeof', 'type'],
]);

export interface BuiltinShape {
  readonly min: number;
  readonly max: number;
  readonly closure: 'none' | 'optional' | 'required';
}

export function isBuiltin(name: string): boolean {
  return BUILTINS.has(name);
}

/** The builtin of that name. The parser has checked that there is one. */
export function builtinOf(name: string): Builtin {
  const builtin = BUILTINS.get(name);
  if (builtin === undefined) throw new Error(`no builtin ${name}`);
  return builtin;
}

/** How many arguments it takes; null when there is no builtin of that name. */
export function builtinShape(name: string): BuiltinShape | null {
  const builtin = BUILTINS.get(name);
  if (builtin === undefined) return null;
  const closure = builtin.kind === 'loop' ? builtin.closure : 'none';
  return { min: builtin.min, max: builtin.max, closure };
}

/** The names of all builtins. */
export function builtinNames(): string[] {
  return [...BUILTINS.keys()];
}

/** What was probably meant by an unknown function name, or null. */
export function nearestBuiltin(name: string): string | null {
  const lower = name.toLowerCase();
  for (const known of BUILTINS.keys()) if (known.toLowerCase() === lower) return known;
  return OTHER_NAMES.get(lower) ?? null;
}
