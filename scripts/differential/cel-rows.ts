/** Which row of the table "What differs from cel-go" explains a difference. */
import type { Answer } from './original.ts';

interface Rule {
  readonly row: string;
  readonly source?: RegExp;
  /** What our error begins with; null when ours is a value. */
  readonly ours?: RegExp | null;
  /** What their error contains; null when theirs is a value. */
  readonly theirs?: RegExp | null;
}

const RULES: readonly Rule[] = [
  { row: 'range-negative', ours: null, theirs: /lists\.range: size must be non-negative/ },
  { row: 'base64-text', ours: null, theirs: /base64\.encode\(string\)/ },
  { row: 'index-beyond', ours: /^index out of range/, theirs: null, source: /ndexOf\(/ },
  { row: 'rounding-ints', theirs: /no such overload: math\.(ceil|floor|round|trunc|is)/ },
  { row: 'map-keys', ours: /^(unsupported key type|a double is no map key|map key conflict)/ },
  { row: 'map-keys', source: /\{\d+: .*, \d+u: /, theirs: null },
  { row: 'has-missing', source: /has\(/, ours: null, theirs: /no such key|unsupported index/ },
  { row: 'mixed-arithmetic', source: / [-+*/%] /, theirs: /no such overload/, ours: null },
  { row: 'mixed-arithmetic', source: /sort/, theirs: /must have the same type/, ours: null },
  { row: 'mixed-arithmetic', source: / [/%] /, theirs: /division by zero/, ours: null },
  { row: 'first-last', source: /\.(first|last)\(\)/ },
  { row: 'duration-milliseconds', source: /getMilliseconds\(\)/, ours: null, theirs: null },
  { row: 'duration-int', source: /int\(/, theirs: /duration|timestamp overflow|overflow/ },
  { row: 'duration-int', source: /int\(.*(duration|timestamp)/ },
  { row: 'double-forms', source: /double\('(0x|1_)/ },
  { row: 'blanks', source: /(int|uint|double)\(/, ours: null, theirs: /type conversion error/ },
  { row: 'fraction-digits', source: /string\(.*(timestamp|duration)/, ours: null, theirs: null },
  { row: 'double-text', source: /string\(/, ours: null, theirs: null },
  { row: 'bytes-as-text', source: /%s.*(b'|bytes|base64)/, ours: null, theirs: null },
  { row: 'bytes-fold', ours: /iterable vs (bytes|string)/, theirs: null },
  { row: 'bytes-as-text', source: /%s.*b'\\xff'/, ours: null },
  { row: 'bytes-in-map', ours: null, theirs: /hash of unhashable type/ },
  { row: 'map-order', source: /\.(filter|map)\(k,/, ours: null, theirs: null },
  { row: 'duration-int', ours: null, theirs: /duration\(int\)/ },
  { row: 'double-minus', source: /-\(+-|!\(+!/, ours: null, theirs: /no such overload/ },
  { row: 'minus-duration', ours: /'-_' applied to '\(google\.protobuf\.Duration/, theirs: null },
  {
    row: 'literal-arguments',
    source: /math\.(greatest|least)/,
    theirs: /simple literal arguments/,
  },
  { row: 'nan-order', ours: /'_[<>]=?_' applied to '\(.*double/, theirs: null },
  { row: 'exists-one', source: /existsOne/ },
  { row: 'escapes', source: /\\[qu4]/, ours: null, theirs: /^parse/ },
];

/** The ids of all rows. */
export const CEL_ROWS: ReadonlySet<string> = new Set(RULES.map(({ row }) => row));

/** The id of the row, null when none explains it. */
export function explainCel(source: string, ours: Answer, theirs: Answer): string | null {
  const rule = RULES.find(
    (each) =>
      (each.source?.test(source) ?? true) && fits(each.ours, ours) && fits(each.theirs, theirs),
  );
  return rule?.row ?? null;
}

function fits(wanted: RegExp | null | undefined, answer: Answer): boolean {
  if (wanted === undefined) return true;
  if (wanted === null) return answer.ok;
  return !answer.ok && wanted.test(answer.error);
}
