/** Programs and data for jq: single programs that matter, and random ones from a small grammar. */
import type { Json } from '../../src/model/json.ts';
import type { Random } from './random.ts';

/** Programs with their inputs that are always compared. */
export const PROGRAMS: readonly (readonly [string, Json])[] = [
  ['if . == null then "nothing" else {len: length} end', null],
  ['.t', { t: 'ab\ud83d' }],
  ['strftime("%Z %H:%M %%Z")', 0],
  ['$__loc__.line', null],
  ['reduce .[] as $x ([]; if $x > 1 then . + [$x] else empty end)', [3, 1, 2]],
  ['"2024-03-31T02:30:00Z" | fromdate | todate', null],
  ['.id == 1234567890123456789', { id: '1234567890123456789' }],
  ['[limit(3; repeat(.))]', 1],
  ['gamma | floor', 5],
];

const SCALARS: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  2.5,
  10,
  1e3,
  'a',
  '',
  'héllo',
  '10',
  'a,b',
  'x y',
  '😀',
  '2024-01-05T10:20:30Z',
];
const KEYS = ['a', 'b', 'c'];

/** Makes a value at most three levels deep; keys are in their sorted order. */
export function jqData(random: Random, depth = 3): Json {
  if (depth === 0 || random.chance(0.4)) return random.pick(SCALARS);
  const length = random.int(4);
  if (random.chance(0.5)) return Array.from({ length }, () => jqData(random, depth - 1));
  return Object.fromEntries(KEYS.slice(0, length).map((key) => [key, jqData(random, depth - 1)]));
}

const UNARY =
  'length keys values add any all min max sort unique reverse floor sqrt tostring tonumber type flatten to_entries from_entries ascii_downcase ascii_upcase explode implode tojson fromjson paths leaf_paths first last not isvalid(.a) abs toarray trim ltrim rtrim tostream transpose combinations utf8bytelength ascii round ceil fabs infinite isinfinite isnan isnormal empty objects arrays strings numbers nulls booleans scalars iterables @csv @tsv @html @uri @sh @json @text @base64 @base64d @base32 halt_error todate fromdate'.split(
    ' ',
  );
const CALLS: readonly string[] = [
  'map(F)',
  'select(F)',
  'sort_by(F)',
  'group_by(F)',
  'unique_by(F)',
  'min_by(F)',
  'max_by(F)',
  'with_entries(F)',
  'map_values(F)',
  'has("a")',
  'has(0)',
  'contains(F)',
  'inside(F)',
  'split(",")',
  'join(",")',
  'ltrimstr("a")',
  'rtrimstr("b")',
  'startswith("a")',
  'endswith("b")',
  'test("a")',
  '[match("[a-z]"; "g").string]',
  '[scan("[a-z]+")]',
  'sub("a"; "b")',
  'gsub("[aeiou]"; "_")',
  '[splits(", *")]',
  'ascii',
  'getpath(["a","b"])',
  'setpath(["a"]; F)',
  'del(.a)',
  'delpaths([["a"]])',
  'to_entries',
  'path(.a)',
  '[paths(F)]',
  'pick(.a)',
  'walk(F)',
  'recurse',
  'env',
  'limit(2; F)',
  'first(F)',
  'nth(1; F)',
  'until(true; F)',
  'range(3)',
  'range(1; F)',
  'indices(F)',
  'index("a")',
  'rindex("a")',
  'inside([F])',
  'reduce .[]? as $x (0; F)',
  'foreach .[]? as $x (0; F; [., $x])',
  'try F catch .',
  'label $out | F, break $out',
  '. as [$p, $q] | [$q, $p]',
  '. as {a: $p} | $p',
  'if F then F else F end',
  '(F) // (F)',
  '(F) and (F)',
  '(F) or (F)',
  '[F]',
  '{a: F}',
  '{"k": (F)}',
  '"\\(F)"',
  '.a',
  '.b',
  '.[0]',
  '.[-1]',
  '.[1:]',
  '.[:1]',
  '.[]?',
  '.a?',
  '..',
  '.a.b?',
  '(F) + (F)',
  '(F) - (F)',
  '(F) * (F)',
  '(F) / (F)',
  '(F) % (F)',
  '(F) == (F)',
  '(F) < (F)',
  '(F) <= (F)',
  '.a = F',
  '.a |= F',
  '.a += F',
  '.a //= F',
  '$v',
  '[$v, F]',
  'ltrimstr(F)',
  'splits("a")',
  'tojson | fromjson',
  'getpath(["a"])',
  'any(F)',
  'all(F)',
  'flatten(1)',
  'limit(1; .[]?)',
  'isempty(F)',
  'error(F)',
  '[.[]? | F]',
  'input_line_number',
  'ascii_downcase',
  'test("A"; "i")',
  'bsearch(F)',
  'tojson',
  'significand',
  'skip(1; F)',
  'have_decnum',
];
const LITERALS = [
  '0',
  '1',
  '2',
  '"a"',
  'null',
  'true',
  '[]',
  '{}',
  '[1,2]',
  '{"a":1}',
  '.',
  '.a',
  '.b',
  '$v',
  '"x"',
  '-1',
  '1.5',
];

/** Makes a program from the grammar, at most `depth` calls deep. */
export function jqProgram(random: Random, depth = 3): string {
  if (depth === 0) return random.pick(LITERALS);
  const kind = random.int(4);
  if (kind === 0) return random.pick(LITERALS);
  if (kind === 1) return random.pick(UNARY);
  if (kind === 2) return `${jqProgram(random, depth - 1)} | ${jqProgram(random, depth - 1)}`;
  return random.pick(CALLS).replaceAll('F', () => jqProgram(random, depth - 1));
}
