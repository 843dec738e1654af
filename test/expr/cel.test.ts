/**
 * CEL as workflows use it: numbers of JSON, missing fields, step ids with dashes, results as JSON.
 */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import {
  completed,
  evaluate,
  failureOf,
  problemsOf,
  referencesOf,
  resultOf,
  type ScopeData,
} from './support.ts';

const withInputs = (inputs: Json): ScopeData => ({ values: { inputs } });

describe('values', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['inputs.n > 3 && inputs.n <= 5', true],
    ['inputs.n + 1', 6],
    ['inputs.n + 1.0', 6],
    ['inputs.n * inputs.rate', 12.5],
    ['1.5 + inputs.n', 6.5],
    ['inputs.rate - inputs.n', -2.5],
    ['inputs.n / 2.0', 2.5],
    ['inputs.n % 2.0', 1],
    ['5 / 2', 2],
    ['-7 / 2', -3],
    ['inputs.n == 5.0', true],
    ['inputs.n < 5.5 && 5.5 > inputs.n', true],
    ['int(inputs.n) % 2 == 1', true],
    ["inputs.name == 'Ada'", true],
    ['inputs.name == inputs.n', false],
    ["inputs.yes ? 'gold' : 'basic'", 'gold'],
    ['null', null],
    ['inputs.nothing == null', true],
    ["size('naïve')", 5],
    ["inputs.name.matches('^A[a-z]+$')", true],
    ["matches(inputs.name, 'd')", true],
    ["'a,b'.split(',')", ['a', 'b']],
    ["'a,b,c'.split(',', 2)", ['a', 'b,c']],
    ["'a,b,c'.split(',', 0)", []],
    ["'a,b,c'.split(',', -1)", ['a', 'b', 'c']],
    ["'aXbX'.replace('X', '$&')", 'a$&b$&'],
    ["'aXbX'.replace('X', '-', 1)", 'a-bX'],
    ["'ab'.replace('', '_')", '_a_b_'],
    ["'ab'.replace('', '_', 2)", '_a_b'],
    ["'ab'.replace('b', '', 0)", 'ab'],
    ["inputs.name.lowerAscii() + '-' + string(inputs.n)", 'ada-5'],
    ["duration('90s') > duration('1m')", true],
    ["timestamp('2026-03-01T00:00:00Z').getFullYear()", 2026],
    ["timestamp(workflow.now) + duration('1h')", '2026-03-01T01:00:00Z'],
    ["duration('90s')", '90s'],
    ["b'abc'", 'YWJj'],
    ['9007199254740993', '9007199254740993'],
    ['9007199254740991', 9_007_199_254_740_991],
    ['6.0', 6],
    ['-0.0', 0],
    ["{'a': inputs.n, 'b': [inputs.name, null]}", { a: 5, b: ['Ada', null] }],
    ['{1: true}', { '1': true }],
    ['type(inputs.n)', 'int'],
    ['inputs.nums.map(x, x * 2)', [6, 2, 4]],
    ['inputs.items.filter(i, i.id > 1).map(i, i.name)', ['ink']],
    ['inputs.items.exists_one(i, i.id == 2)', true],
    ['inputs.nums + [9]', [3, 1, 2, 9]],
    ['2 in inputs.nums', true],
    ["'k' in inputs.obj", true],
    ["'zz' in inputs.obj", false],
    ['inputs.user.map(k, k)', ['name', 'address']],
    ["inputs['a.b']", 'dot'],
    ['inputs.`x-y`', 'dash'],
    ['inputs.n // the count', 5],
    ['// first\ninputs.n', 5],
    ['true && inputs.nope == 1 || true', true],
    ['inputs.nope == 1 && false', false],
    ["inputs.nope ?? 'd'", 'd'],
  ];
  for (const [source, value] of cases) {
    test(source, () => {
      expect(resultOf(source)).toEqual(value);
    });
  }
});

describe('functions of the extension libraries', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['cel.bind(x, inputs.n * 2, x + x)', 20],
    ['cel.bind(x, inputs.nums, x.exists(y, y == size(x)))', true],
    ['math.greatest(inputs.n, 2.5, 7)', 7],
    ['math.least(inputs.nums)', 1],
    ['math.least(inputs.n)', 5],
    ['math.ceil(2.1) + math.floor(2.9) + math.round(-2.5)', 2],
    ['math.abs(-3) + math.sign(-2.5)', 2],
    ['math.round(inputs.n)', 5],
    ["base64.encode(b'hello')", 'aGVsbG8='],
    ["string(base64.decode('aGVsbG8'))", 'hello'],
    ['inputs.nums.sort().reverse()', [3, 2, 1]],
    ["['b', 'a'].sort()", ['a', 'b']],
    ['[1, 1.0, 2, "1"].distinct()', [1, 2, '1']],
    ['[[1, [2]], 3].flatten()', [1, [2], 3]],
    ['[[1, [2]], 3].flatten(2)', [1, 2, 3]],
    ['inputs.nums.slice(1, 3)', [1, 2]],
    ['inputs.nums.first() + inputs.nums.last()', 5],
    ['lists.range(3)', [0, 1, 2]],
    ["'abc'.reverse()", 'cba'],
  ];
  for (const [source, value] of cases) {
    test(source, () => {
      expect(resultOf(source)).toEqual(value);
    });
  }

  test('what cannot be is a failure', () => {
    for (const source of [
      '[1, "a"].sort()',
      '[].first()',
      'inputs.nums.slice(2, 9)',
      "math.greatest('a', 1)",
      "base64.decode('?')",
    ]) {
      expect(failureOf(source)).toStartWith('INTERPOLATION_ERROR');
    }
  });
});

describe('has absorbs what is missing on the way', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['has(inputs.n)', true],
    ['has(inputs.nothing)', true],
    ['has(inputs.obj.k)', true],
    ['has(inputs.nope)', false],
    ['has(inputs.nope.deeper.still)', false],
    ['has(inputs.nothing.x)', false],
    ['has(inputs.name.x)', false],
    ['has(inputs.user.address.city)', true],
    ["has(inputs['user'].address)", true],
    ['has(steps.gone.output.x)', false],
    ['has(steps.fetch-data.body.n)', true],
    ['has(steps.fetch-data)', true],
    ['has(inputs.items[0].name)', true],
    ['inputs.items.all(i, has(i.name) && !has(i.a.b))', true],
  ];
  for (const [source, value] of cases) {
    test(source, () => {
      expect(resultOf(source)).toBe(value);
    });
  }
});

describe('names that CEL itself refuses', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['steps.fetch-data.body.n == 3', true],
    ['steps.fetch-data.body.n-1', 2],
    ["steps['fetch-data'].status_code", 200],
    ['steps . fetch-data . status_code + 0', 200],
    ["'steps.fetch-data' + \"steps.fetch-data\" + r'loop'", 'steps.fetch-datasteps.fetch-dataloop'],
    ['loop.index < 3 && iter.index == loop.index', true],
    ['inputs.nums.map(loop, loop + 1)', [4, 2, 3]],
    ['inputs.nums.map(iter, iter + loop.index)', [5, 3, 4]],
    ['1 + 1 // steps.fetch-data', 2],
  ];
  for (const [source, value] of cases) {
    test(source, () => {
      expect(resultOf(source)).toEqual(value);
    });
  }

  test('the longest visible id is meant', () => {
    const steps = { a: completed(9), 'a-b': completed(1), 'a-b-c': completed(2) };
    const data = { ...withInputs({}), steps };
    expect(resultOf('steps.a-b-c.output + 0', data)).toBe(2);
    expect(resultOf('steps.a-b.output + 0', data)).toBe(1);
    expect(resultOf('steps.a-b-c.output - steps.a-b.output', data)).toBe(1);
    expect(resultOf('steps.a.output-1', data)).toBe(8);
  });

  test('a field named like a keyword', () => {
    expect(resultOf('inputs.in + inputs.null', withInputs({ in: 1, null: 2 }))).toBe(3);
  });

  test('stand-ins never meet a name of the source', () => {
    const steps = { 'a-b': completed({ z__: 1 }), z_0: completed({ z__: 2 }) };
    const data = { ...withInputs({}), steps };
    expect(resultOf('steps.a-b.z__ + steps.z_0.z__ * 10', data)).toBe(21);
  });
});

describe('failures', () => {
  const cases: readonly (readonly [string, string])[] = [
    ["inputs.email == 'a'", 'inputs has no "email"; there is: n, name'],
    ['inputs.user.zip == 1', 'inputs.user has no "zip"; there is: name, address'],
    ["inputs['zip'] + 1", 'inputs has no "zip"'],
    ['inputs.nums[9] + 1', 'inputs.nums is a list of 3 elements and has no [9]'],
    ['steps.later.output > 1', 'step "later" has not ended yet'],
    ['error.code == 1', '`error` is not available here'],
    ["'x' + 1", 'no matching overload'],
    ['inputs.n / 0', 'divide by zero'],
    ['inputs.rate % 0.0', 'modulus by zero'],
    ['1.0 / 0.0', 'Infinity, which no JSON number can be'],
    ["inputs.name.matches('(')", 'the pattern is not valid'],
    ["inputs.name.matches('((a{90}){90}){90}')", 'the pattern is too large'],
    ['inputs.n ? 1 : 2', 'no matching overload'],
    ['inputs.items.all(i, i.zip == 1)', 'no "zip"'],
  ];
  for (const [source, message] of cases) {
    test(source, () => {
      const text = failureOf(source);
      expect(text).toStartWith('INTERPOLATION_ERROR');
      expect(text).toContain(message);
    });
  }

  test('prototype names are not there', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(failureOf(`inputs.${name} == 1`)).toContain('INTERPOLATION_ERROR');
      expect(resultOf(`has(inputs.${name})`)).toBe(false);
      expect(resultOf(`'${name}' in inputs`)).toBe(false);
    }
  });
});

describe('problems at define time', () => {
  const cases: readonly (readonly [string, number | null, string])[] = [
    ['inputs.n +', 9, 'not valid CEL'],
    ['"\\x4" == ""', 0, 'an escape stands for no character'],
    ['', 0, 'there is no expression'],
    ['imputs.n > 1', 0, 'unknown name "imputs"'],
    ['math', 0, 'unknown name "math"'],
    ['inputs.rows.map(x, x + y)', 23, 'unknown name "y"'],
    ['secrets.KEY == 1', 0, 'secrets cannot be used in calculations'],
    ["${{inputs.a}} == 'x'", 0, 'whole expression only'],
    ["cel: ${{inputs.a}} == 'x'", 5, 'whole expression only'],
    ['${{inputs.a', 0, 'not closed'],
    ['cel:', 4, 'there is no expression'],
    ['inputs.a..b', 8, 'a name is missing after this dot'],
  ];
  for (const [source, offset, message] of cases) {
    test(source === '' ? '(empty)' : source, () => {
      const [problem] = problemsOf(source);
      expect(problem?.offset).toBe(offset);
      expect(problem?.message).toContain(message);
    });
  }

  test('a part in ${{ }} is shown without it', () => {
    expect(problemsOf("${{inputs.a}} == 'x'")[0]?.hint).toBe("write: inputs.a == 'x'");
  });

  test('the nearest name is suggested', () => {
    expect(problemsOf('imputs.n > 1')[0]?.hint).toBe('did you mean "inputs"?');
  });
});

describe('the forms of a whole expression', () => {
  test('engine prefix, ${{ }} around it, plain path', () => {
    expect(resultOf('cel: inputs.n + 1')).toBe(6);
    expect(resultOf(' ${{ inputs.n > 1 }} ')).toBe(true);
    expect(resultOf('${{ inputs.x-y }}')).toBe('dash');
    expect(evaluate('inputs.items')).toEqual({ kind: 'value', value: resultOf('inputs.items') });
    expect(resultOf("'a constant'")).toBe('a constant');
  });

  test('references of macros, has and indices', () => {
    expect(referencesOf("inputs.rows.map(x, x.id + inputs.n)[0] == steps['a'].b[2]")).toEqual([
      'inputs/rows',
      'inputs/n',
      'steps/a/b/2',
    ]);
    expect(referencesOf('has(steps.fetch-data.body) && iter.index > 0')).toEqual([
      'steps/fetch-data/body',
      'loop/index',
    ]);
    expect(referencesOf('steps[inputs.which].output')).toEqual(['steps', 'inputs/which']);
  });
});
