/** The functions of CEL by name: the standard library and the extensions that are here. */
import { CONVERSIONS } from './convert.ts';
import type { CelFunction, FunctionRow } from './function-row.ts';
import { LIST_FUNCTIONS } from './lists.ts';
import { greatestOf, leastOf, MATH_FUNCTIONS } from './math.ts';
import { TEXT_FUNCTIONS } from './text.ts';
import { TEXT_FORMS } from './text-forms.ts';
import { TIME_FUNCTIONS } from './time-functions.ts';

const ROWS: readonly FunctionRow[] = [
  ...CONVERSIONS,
  ...LIST_FUNCTIONS,
  ...MATH_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TEXT_FORMS,
  ...TIME_FUNCTIONS,
];

const GLOBALS = table('method');
const METHODS = table('global');

function table(except: FunctionRow['form']): ReadonlyMap<string, FunctionRow> {
  return new Map(ROWS.filter(({ form }) => form !== except).map((row) => [row.name, row]));
}

/** The function for so many arguments, null when there is none. */
export function functionOf(name: string, isMethod: boolean, count: number): CelFunction | null {
  if (count > 1 && name === 'math.greatest') return (rt, ...args) => greatestOf(rt, args);
  if (count > 1 && name === 'math.least') return (rt, ...args) => leastOf(rt, args);
  const row = (isMethod ? METHODS : GLOBALS).get(name);
  return row?.counts.includes(count) ? row.run : null;
}

/** Names of the functions that are called in this way. */
export function functionNames(isMethod: boolean): readonly string[] {
  return [...(isMethod ? METHODS : GLOBALS).keys()];
}
