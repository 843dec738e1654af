/** Rows of the reference's table "What differs from expr-lang", and which one explains a difference. */
import type { Json } from '../../src/model/json.ts';
import type { Answer } from './original.ts';

export interface ExprRequest {
  readonly source: string;
  readonly data: Readonly<Record<string, Json>>;
}

interface Difference {
  readonly row: string;
  readonly source?: RegExp;
  readonly ours?: RegExp;
  readonly theirs?: RegExp;
}

const WIDE = /\P{ASCII}/u;

const DIFFERENCES: readonly Difference[] = [
  {
    row: 'static-types',
    theirs:
      /compile: (?!(?:unexpected|bad|literal|unrecognized))[^"]*(mismatched|cannot|invalid|unknown|unsupported|is undefined|has no|should|array elements|not enough|predicate|out of bounds|ambiguous)/,
  },
  { row: 'non-finite', ours: /division by zero|not a finite number|cannot make a float/ },
  { row: 'int-overflow', ours: /does not fit into a 64-bit int|cannot make an int of float/ },
  { row: 'time-range', ours: /at most about 292 years|a date is in the years/ },
  { row: 'conditions', ours: /needs a bool, got/ },
  { row: 'not-there', ours: /is not a method|mean\(\) needs numbers, got time/ },
  { row: 'other-types', ours: /\w\(\) (needs an array|needs numbers or times|cannot read a part)/ },
  { row: 'closure-map', theirs: /unexpected token Operator\(\\":\\"\)/ },
  { row: 'key-types', theirs: /unsupported type: map\[interface|not assignable to type|two keys/ },
  {
    row: 'key-types',
    source: /\{\(/,
    theirs: /interface conversion: interface {} is \w+, not string/,
  },
  {
    row: 'constant-folding',
    source: /(and|&&|or|\|\||not|!) \(*(true|false)|(true|false)\)* (and|or|&&|\|\|)/,
    ours: /false/,
  },
  { row: 'nil-list', source: /concat\(|split(After)?\(/, ours: /\[\]/, theirs: /null/ },
  { row: 'key-types', ours: /two of them are both/ },
  { row: 'missing-group', source: /groupBy\(.*(\.\w|\[|get\()/, ours: /null|nil|false/ },
  { row: 'zone-letters', source: /2006-01-02 15:04 MST/ },
  { row: 'whole-floats', theirs: /float64 % int|two keys|invalid operation: float64/ },
  { row: 'whole-floats', source: /type\(/ },
  { row: 'string-forms', source: /string\(/ },
  { row: 'json-forms', source: /toJSON\(/ },
  {
    row: 'map-equality',
    source: /\}\)? [!=]= |[!=]= \(?(\{|fromPairs|groupBy|inputs\.user|fromJSON)/,
  },
  { row: 'durations', theirs: /invalid operation: - time|invalid argument for m\w+ \(type time/ },
  { row: 'durations', source: /(duration|date)\(.*\*|\*.*(duration|date)\(/ },
  { row: 'whole-floats', source: /9007199254740991|9007199254740993|inputs\.big/ },
  { row: 'repeated-key', source: /\{a: 1, \("a"\): 2\}/ },
  { row: 'find-last', source: /findLast(Index)?\(/ },
  { row: 'map-order', source: /\b(keys|values|toPairs)\(/ },
];

/** Names the row that explains a difference, null when none does. */
export function explainExpr(request: ExprRequest, ours: Answer, theirs: Answer): string | null {
  const [here, there] = [JSON.stringify(ours), JSON.stringify(theirs)];
  const found = DIFFERENCES.find(
    (one) =>
      (one.source?.test(request.source) ?? true) &&
      (one.ours?.test(here) ?? true) &&
      (one.theirs?.test(there) ?? true),
  );
  return found?.row ?? (isCharacters(request) ? 'characters' : null);
}

/** True when positions in a text may be read. */
function isCharacters({ source, data }: ExprRequest): boolean {
  if (/get\(/.test(source)) return true;
  return /indexOf|lastIndexOf|\[/i.test(source) && WIDE.test(source + JSON.stringify(data));
}
