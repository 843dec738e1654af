/**
 * `${{ }}` in values: types kept, text joined, keys, alternatives, and what is a problem.
 */
import { describe, expect, test } from 'bun:test';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import type { Json } from '../../src/model/json.ts';
import {
  completed,
  fill,
  filled,
  makeScope,
  NO_ANSWERS,
  SAMPLE,
  templateProblems,
} from './support.ts';

const withInputs = (inputs: Json) => ({ values: { inputs } });

test('names of headers are found in upper and lower case', () => {
  const values = { inputs: { headers: { 'content-type': 'a', 'X-Own': 'b', 'x-own': 'c' } } };
  expect(filled('${{inputs.headers.Content-Type}}', { values })).toBe('a');
  expect(filled('${{inputs.headers.X-Own}}', { values })).toBe('b');
  expect(filled("${{inputs.other['X-Own'] ?? 'none'}}", { values })).toBe('none');
});

describe('a string that is exactly one ${{ }} keeps the type', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['${{inputs.n}}', 5],
    ['${{   inputs.n   }}', 5],
    ['${{inputs.nothing}}', null],
    ['${{inputs.yes}}', true],
    ['${{inputs.nums}}', [3, 1, 2]],
    ['${{inputs.user}}', { name: 'Ada', address: { city: 'Oslo' } }],
    ['${{inputs.user.address.city}}', 'Oslo'],
    ['${{inputs.items[0].name}}', 'pen'],
    ['${{inputs.items.1.name}}', 'ink'],
    ["${{inputs['x-y']}}", 'dash'],
    ['${{inputs["a.b"]}}', 'dot'],
    ['${{inputs.x-y}}', 'dash'],
    ['${{steps.fetch-data.output.body.n}}', 3],
    ["${{steps['fetch-data'].output.list}}", [1, 2]],
    ['${{loop.item}}', 'pear'],
    ['${{iter.index}}', 2],
    ['${{ inputs.n * 2 }}', 10],
    ['${{ inputs.n - 1 }}', 4],
    ["${{ {'a': {'b': inputs.n}} }}", { a: { b: 5 } }],
    ["${{ 'x}}y' }}", 'x}}y'],
    ['${{ inputs.nums.filter(x, x > 1).map(x, x * 10) }}', [30, 20]],
    ['${{ loop.index + 1 }}', 3],
    ['${{ true }}', true],
    ['${{ null }}', null],
    ['${{ 7 }}', 7],
  ];
  for (const [template, value] of cases) {
    test(template, () => {
      expect(filled(template)).toEqual(value);
    });
  }

  test('inputs and steps as whole objects', () => {
    expect(filled('${{inputs}}')).toEqual(SAMPLE.values?.inputs as Json);
    expect(filled('${{steps.named}}')).toEqual({
      output: { result: 7, status: 'mine' },
      status: 'completed',
      error: null,
      result: 7,
    });
    expect(filled('${{steps}}', { steps: { a: completed(1) } })).toEqual({
      a: { output: 1, status: 'completed', error: null, result: 1 },
    });
  });
});

describe('what steps.<id> shows', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['${{steps.fetch-data.status_code}}', 200],
    ['${{steps.fetch-data.status}}', 'completed'],
    ['${{steps.fetch-data.error}}', null],
    ['${{steps.fetch-data.result.body.n}}', 3],
    ['${{steps.plain.result}}', 'text'],
    ['${{steps.named.result}}', 7],
    ['${{steps.named.status}}', 'completed'],
    ['${{steps.named.output.status}}', 'mine'],
    ['${{steps.gone.output}}', null],
    ["${{steps.gone.output.x ?? 'none'}}", 'none'],
  ];
  for (const [template, value] of cases) {
    test(template, () => {
      expect(filled(template)).toEqual(value);
    });
  }

  test('a full path names a step inside a composite', () => {
    const steps = { 'batch.iter_3.hash': completed({ hash: 'abc' }) };
    expect(filled("${{steps['batch.iter_3.hash'].output.hash}}", { steps })).toBe('abc');
  });
});

describe('inside longer text', () => {
  const cases: readonly (readonly [string, Json, string])[] = [
    ['strings go in as they are', 'say "hi" C:\\docs', '<say "hi" C:\\docs>'],
    ['null is empty', null, '<>'],
    ['six digits', 999_999, '<999999>'],
    ['seven digits', 1_500_000, '<1500000>'],
    ['epoch milliseconds', 1_772_323_200_123, '<1772323200123>'],
    ['beyond 1e21', 1e21, '<1000000000000000000000>'],
    ['negative', -12.5, '<-12.5>'],
    ['bools', false, '<false>'],
    ['lists are compact', [1, 'a', null], '<[1,"a",null]>'],
    ['objects are compact', { a: { b: 1 } }, '<{"a":{"b":1}}>'],
    ['a value with ${{ is text', '${{inputs.secret}}', '<${{inputs.secret}}>'],
  ];
  for (const [title, value, text] of cases) {
    test(title, () => {
      expect(filled('<${{inputs.v}}>', withInputs({ v: value, secret: 'no' }))).toBe(text);
    });
  }

  test('adjacent references, and a value that looks like JSON', () => {
    expect(filled('${{inputs.a}}${{inputs.b}}', withInputs({ a: 'foo', b: 'bar' }))).toBe('foobar');
    const value = 'x","extra":"pwned';
    expect(filled({ v: '${{inputs.x}}' }, withInputs({ x: value }))).toEqual({ v: value });
  });

  test('$${{ is a literal ${{', () => {
    expect(filled('$${{inputs.n}} is ${{inputs.n}}')).toBe('${{inputs.n}} is 5');
    expect(filled('$${{x}}')).toBe('${{x}}');
    expect(filled('$$${{x}}')).toBe('$${{x}}');
    expect(filled('a $ b {{ }} ${ x }')).toBe('a $ b {{ }} ${ x }');
  });
});

describe('objects, lists and keys', () => {
  test('any depth, the order of keys kept, untouched parts the same value', () => {
    const fixed = { deep: [1, { two: 'x' }] };
    const result = filled({ z: '${{inputs.n}}', a: [fixed, '${{inputs.name}}'], b: fixed });
    expect(result).toEqual({ z: 5, a: [fixed, 'Ada'], b: fixed });
    expect(Object.keys(result as object)).toEqual(['z', 'a', 'b']);
    expect((result as { b: Json }).b).toBe(fixed);
  });

  test('keys are interpolated as text', () => {
    expect(filled({ 'k-${{inputs.n}}': 1, '${{inputs.name}}': 2 })).toEqual({ 'k-5': 1, Ada: 2 });
  });

  test('two keys that come out the same are a failure', () => {
    const result = fill({ '${{inputs.name}}': 1, Ada: 2, 'A${{ "da" }}': 3 });
    expect(result.kind).toBe('failure');
  });

  test('__proto__ is an ordinary key and an ordinary name', () => {
    const raw = JSON.parse('{"__proto__": "${{inputs.n}}", "x": "${{inputs.__proto__}}"}') as Json;
    const inputs = JSON.parse('{"n": 1, "__proto__": {"a": 2}}') as Json;
    const result = filled(raw, withInputs(inputs)) as object;
    expect(Object.keys(result)).toEqual(['__proto__', 'x']);
    expect(Object.getOwnPropertyDescriptor(result, '__proto__')?.value).toBe(1);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });

  test('a template without ${{ is the very value as written', () => {
    const raw = { a: [1, { b: 'x' }], c: 'jq: not an engine here' };
    const compiled = createExpressionCompiler().template(raw, { stepIds: new Set() });
    expect(compiled.ok && compiled.value.dynamic).toBe(false);
    expect(filled(raw)).toBe(raw);
  });
});

describe('alternatives', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ["${{ inputs.missing ?? 'd' }}", 'd'],
    ["${{ inputs.nothing ?? 'd' }}", 'd'],
    ['${{ inputs.missing ?? inputs.nothing ?? inputs.n }}', 5],
    ['${{ inputs.n ?? 1 }}', 5],
    ["${{ inputs.missing.deeper ?? '??' }}", '??'],
    ['${{ inputs.missing + 1 ?? inputs.n + 1 }}', 6],
    ['${{ steps.unknown.output ?? 0 }}', 0],
    ['${{ inputs.missing ?? inputs.nothing }}', null],
    ['n=${{ inputs.missing ?? 0 }}', 'n=0'],
    ["${{ inputs.yes ? 'a ?? b' : 'c' }}", 'a ?? b'],
  ];
  for (const [template, value] of cases) {
    test(template, () => {
      expect(filled(template)).toEqual(value);
    });
  }

  test('an error that is not about a missing name is not passed over', () => {
    const result = fill("${{ inputs.n / 0 ?? 'd' }}");
    expect(result.kind).toBe('failure');
  });
});

describe('a missing name says what is there', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['${{inputs.nam}}', ['inputs has no "nam"', 'name', 'did you mean "name"?']],
    ['${{inputs.n-1}}', ['inputs has no "n-1"', 'to subtract, write spaces: inputs.n - 1']],
    ['${{inputs.user.adress.city}}', ['inputs.user has no "adress"', 'address']],
    ['${{inputs.nums[7]}}', ['inputs.nums is a list of 3 elements and has no [7]']],
    ['${{inputs.name.first}}', ['inputs.name is a string and has no "first"']],
    ['${{inputs.nothing.x}}', ['inputs.nothing is null and has no "x"']],
    ['${{steps.gone.output.x}}', ['steps.gone.output is null and has no "x"']],
    ['${{steps.gone.x}}', ['steps.gone has no "x"', 'skipped']],
    ['${{steps.nope.output}}', ['no step "nope" can be read here', 'fetch-data']],
    ['${{steps.later.output}}', ['step "later" has not ended yet']],
    ['${{error.code}}', ['`error` is not available here', 'inputs']],
    ['${{ inputs.missing + 1 }}', ['inputs has no "missing"', 'there is: n, name']],
  ];
  for (const [template, texts] of cases) {
    test(template, () => {
      const result = fill(template);
      if (result.kind !== 'failure') throw new Error(JSON.stringify(result));
      expect(result.error.code).toBe('INTERPOLATION_ERROR');
      for (const text of texts) expect(result.error.message).toContain(text);
    });
  }

  test('never shows the data', () => {
    const data = withInputs({ a: 'top secret value', b: { c: 'hidden' } });
    for (const template of ['${{inputs.z}}', '${{ inputs.b.z + 1 }}', '${{inputs.a.b}}']) {
      const result = fill(template, data);
      expect(JSON.stringify(result)).not.toContain('top secret');
      expect(JSON.stringify(result)).not.toContain('hidden');
    }
  });
});

describe('problems at define time', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['${{}}', 0, 'empty'],
    ['a ${{   }}', 2, 'empty'],
    ['x ${{inputs.a', 2, 'not closed'],
    ["${{inputs.don't}}", 0, 'quote'],
    ['${{inputs.user..name}}', 14, 'a name is missing after this dot'],
    ['${{inputs.}}', 9, 'a name is missing'],
    ['n: ${{env.HOME}}', 6, 'unknown name "env"'],
    ['${{ inputs.n + }}', 13, 'not valid CEL'],
    ['${{ foo(inputs.n) + bar }}', 20, 'unknown name "bar"'],
    ['${{ inputs.a ?? }}', 16, 'a value is missing beside `??`'],
    ['${{secrets.KEY}}', 3, 'secrets are not allowed here'],
    ['${{secrets}}', 3, 'secrets.NAME'],
    ["${{ secrets.KEY + 'x' }}", 4, 'cannot be used in calculations'],
  ];
  for (const [template, offset, message] of cases) {
    test(template, () => {
      const [problem, ...others] = templateProblems({ v: [template] });
      expect(others).toEqual([]);
      expect(problem?.pointer).toEqual(['v', 0]);
      expect(problem?.offset).toBe(offset);
      expect(problem?.message).toContain(message);
    });
  }

  test('all problems at once, each with its place', () => {
    const problems = templateProblems({ a: '${{}}', b: { '${{x}}': '${{y}}' } });
    expect(problems.map((problem) => problem.pointer)).toEqual([
      ['a'],
      ['b', '${{x}}'],
      ['b', '${{x}}'],
    ]);
  });

  test('a source over 10 kB and JSON that nests too deep are refused', () => {
    expect(templateProblems(`\${{ ${'1+'.repeat(5000)}1 }}`)[0]?.message).toContain(
      '10000 allowed',
    );
    let deep: Json = '${{inputs.n}}';
    for (let i = 0; i < 600; i++) deep = [deep];
    expect(templateProblems(deep)[0]?.message).toContain('nests deeper than 500');
  });
});

describe('sizes', () => {
  test('an interpolated text over its limit is a failure', () => {
    const evaluator = createExpressionEvaluator({ maxTextBytes: 100, maxTemplateTextBytes: 250 });
    const run = (template: Json, v: string) => {
      const compiled = createExpressionCompiler().template(template, { stepIds: new Set() });
      if (!compiled.ok) throw new Error('does not compile');
      return evaluator.template(compiled.value, makeScope(withInputs({ v })), NO_ANSWERS);
    };
    expect(run('x${{inputs.v}}', 'a'.repeat(99)).kind).toBe('value');
    expect(run('x${{inputs.v}}', 'ä'.repeat(60))).toMatchObject({
      kind: 'failure',
      error: { code: 'OUTPUT_TOO_LARGE' },
    });
    expect(
      run(['x${{inputs.v}}', 'y${{inputs.v}}', 'z${{inputs.v}}'], 'a'.repeat(90)),
    ).toMatchObject({
      kind: 'failure',
      error: { code: 'OUTPUT_TOO_LARGE' },
    });
  });
});

describe('references', () => {
  test('every constant path once, also inside CEL and keys; the loop under one name', () => {
    const compiled = createExpressionCompiler().template(
      {
        a: '${{steps.fetch-data.output.items[0]}} ${{inputs.n}}',
        b: "${{ steps['fetch-data'].body.n + iter.index }}",
        'k${{inputs.n}}': '${{ inputs.rows.map(r, r.id + inputs.offset) }}',
      },
      { stepIds: new Set(['fetch-data']) },
    );
    if (!compiled.ok) throw new Error('does not compile');
    expect(compiled.value.references.map((path) => path.join('/'))).toEqual([
      'steps/fetch-data/output/items/0',
      'inputs/n',
      'steps/fetch-data/body/n',
      'loop/index',
      'inputs/rows',
      'inputs/offset',
    ]);
  });
});
