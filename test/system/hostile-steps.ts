/** Steps made to hurt: each must end soon, with an error that says what it is, and disturb nobody. */
import type { ErrorCode } from '../../src/model/error.ts';
import type { Json } from '../../src/model/json.ts';

export interface HostileStep {
  readonly name: string;
  readonly step: object;
  readonly params?: Readonly<Record<string, Json>>;
  /** How it ends: a code, or null when it is harmless in the end. */
  readonly code: ErrorCode | null;
  /** What the error says, or a part of the output. */
  readonly says: string;
  /** Its own limit may come after ours on a slow or busy machine; then it is `LIMIT_EXCEEDED`. */
  readonly orLimit?: boolean;
}

const LONG_TEXT = `${'a'.repeat(100_000)}!`;
const PATTERN = '(a+)+$';
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const jq = (filter: string, input: Json = 1): object => ({
  action: 'jq',
  params: { filter, input },
});
const expr = (expression: string): object => ({ action: 'expr.eval', params: { expression } });
const cel = (expression: string): object => ({ action: 'cel.eval', params: { expression } });

/** A CEL expression just under 10 kB that goes over its list some 300 times. */
const DEAR_CEL = `[${Array(290).fill('inputs.list.map(x, x * 2).size()').join(', ')}]`;

const PATTERNS: readonly HostileStep[] = [
  {
    name: 'a catastrophic pattern in CEL',
    step: cel(`inputs.text.matches("${PATTERN}")`),
    params: { text: LONG_TEXT },
    code: null,
    says: 'false',
  },
  {
    name: 'a catastrophic pattern in Expr',
    step: expr(`inputs.text matches "${PATTERN}"`),
    params: { text: LONG_TEXT },
    code: null,
    says: 'false',
  },
  {
    name: 'a catastrophic pattern in jq',
    step: jq(`test("${PATTERN}")`, LONG_TEXT),
    code: 'EXECUTION_ERROR',
    says: 'Regex failure',
    orLimit: true,
  },
  {
    name: 'a catastrophic pattern in assert.matches',
    step: { action: 'assert.matches', params: { value: '${{inputs.text}}', pattern: PATTERN } },
    params: { text: LONG_TEXT },
    code: 'ASSERTION_FAILED',
    says: 'does not match',
  },
  {
    name: 'a catastrophic pattern in a JSON Schema',
    step: {
      action: 'assert.schema',
      params: { data: '${{inputs.text}}', schema: { type: 'string', pattern: PATTERN } },
    },
    params: { text: LONG_TEXT },
    code: 'ASSERTION_FAILED',
    says: 'does not fit the schema',
  },
];

const ENDLESS: readonly HostileStep[] = [
  {
    name: 'an endless list in jq',
    step: jq('[recurse(.+1)]|length'),
    code: 'LIMIT_EXCEEDED',
    says: '',
  },
  {
    name: 'an endless function in jq',
    step: jq('def f: f; f'),
    code: 'LIMIT_EXCEEDED',
    says: '2000 ms of processor time',
  },
  { name: 'endless outputs in jq', step: jq('repeat(1)'), code: 'LIMIT_EXCEEDED', says: '' },
  {
    name: 'an endless guard',
    step: { ...expr('1'), condition: 'jq: 1 | until(false; .)' },
    code: 'LIMIT_EXCEEDED',
    says: '2000 ms of processor time',
  },
];

const HUGE: readonly HostileStep[] = [
  {
    name: 'a text of a gigabyte in jq',
    step: jq('"x" * 1e9 | length'),
    code: 'LIMIT_EXCEEDED',
    says: 'too large',
  },
  {
    name: 'a doubling text in jq',
    step: jq('reduce range(30) as $i ("x"; . + .) | length'),
    code: 'LIMIT_EXCEEDED',
    says: 'too large',
  },
  {
    name: 'a range of 1e12 in Expr',
    step: expr('len(1..1000000000000)'),
    code: 'LIMIT_EXCEEDED',
    says: 'maxMemoryBytes',
  },
  {
    name: 'a text of a gigabyte in Expr',
    step: expr('len(repeat("x", 1000000000))'),
    code: 'LIMIT_EXCEEDED',
    says: 'maxMemoryBytes',
  },
  {
    name: 'a sort of a million in Expr',
    step: expr('len(sort(map(1..1000000, 1000000 - #)))'),
    code: 'LIMIT_EXCEEDED',
    says: 'maxSteps',
  },
  {
    name: 'comprehensions over a million items in CEL',
    step: cel(DEAR_CEL),
    params: { list: numbers(1_000_000) },
    code: 'LIMIT_EXCEEDED',
    says: 'builds more than',
  },
  {
    name: 'nested comprehensions in CEL',
    step: cel('inputs.list.map(x, inputs.list.map(y, string(x) + string(y))).size()'),
    params: { list: numbers(3000) },
    code: 'LIMIT_EXCEEDED',
    // What it builds, or the memory of the process, whichever is seen first.
    says: 'LIMIT_EXCEEDED',
  },
  {
    name: 'an output of 20 MB',
    step: expr('repeat("x", 20000000)'),
    code: 'OUTPUT_TOO_LARGE',
    says: '10485760',
  },
  {
    name: 'an interpolated text of 39 MB',
    step: { action: 'crypto.hash', params: { data: `${'${{inputs.text}}'.repeat(13)}!` } },
    params: { text: 'x'.repeat(3_000_000) },
    code: 'OUTPUT_TOO_LARGE',
    says: '10485760',
  },
];

const DEEP: readonly HostileStep[] = [
  {
    name: 'lists 20,000 deep from a text in Expr',
    step: expr('fromJSON(repeat("[", 20000) + repeat("]", 20000))'),
    code: 'LIMIT_EXCEEDED',
    says: '500 levels',
  },
  {
    name: 'lists 9,000 deep from a text in jq',
    step: jq('("[" * 9000) + ("]" * 9000) | fromjson'),
    code: 'LIMIT_EXCEEDED',
    says: 'too deep',
  },
  {
    name: 'lists 900 deep in params',
    step: expr('len(toJSON(inputs.deep))'),
    params: { deep: JSON.parse(`${'['.repeat(900)}${']'.repeat(900)}`) as Json },
    code: 'LIMIT_EXCEEDED',
    says: '500 levels',
  },
  {
    name: 'lists 200,000 deep printed by a command',
    step: {
      run: 'awk \'BEGIN{for(i=0;i<200000;i++)printf "[";for(i=0;i<200000;i++)printf "]"}\'',
    },
    code: null,
    says: '"exit_code":0',
  },
];

export const HOSTILE_STEPS: readonly HostileStep[] = [...PATTERNS, ...ENDLESS, ...HUGE, ...DEEP];
