/**
 * Sources and data made to hurt: an answer every time.
 */
import { describe, expect, test } from 'bun:test';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import type { Json } from '../../src/model/json.ts';
import { evaluate, filled, problemsOf, type ScopeData } from './support.ts';

const withInputs = (inputs: Json): ScopeData => ({ values: { inputs } });

describe('sources', () => {
  const sources: Readonly<Record<string, string>> = {
    'deep brackets': `${'('.repeat(4_900)}1${')'.repeat(4_900)}`,
    'deep lists': `${'['.repeat(4_900)}${']'.repeat(4_900)}`,
    'open brackets': '('.repeat(9_000),
    'open lists': '[1,'.repeat(3_000),
    'open maps': '{1:'.repeat(3_000),
    'open calls': 'f('.repeat(4_000),
    'open macros': '[1].map(x,'.repeat(900),
    negations: `${'!'.repeat(9_000)}true`,
    minuses: `${'-'.repeat(9_000)}1`,
    'a long sum': `1${'+1'.repeat(4_900)}`,
    'a long chain': `inputs${'.a'.repeat(4_900)}`,
    'a long call chain': `inputs${'.a()'.repeat(2_400)}`,
    ternaries: `${'true?1:'.repeat(1_400)}2`,
    'open string': `'${'a'.repeat(9_000)}`,
    'open triple string': `'''${'a\n'.repeat(4_000)}`,
    alternatives: `${'inputs.a??'.repeat(900)}1`,
    'nested macros': `${'[1].map(x, '.repeat(200)}1${')'.repeat(200)}`,
    backticks: `inputs.${'`a`.'.repeat(2_000)}b`,
    dashes: `steps.${'a-'.repeat(4_900)}`,
    quotes: `${'"'.repeat(9_999)}`,
  };
  for (const [title, source] of Object.entries(sources)) {
    test(title, () => {
      const compiler = createExpressionCompiler();
      for (const text of [source, `jq: ${source}`, `expr: ${source}`, `\${{ ${source} }}`]) {
        const compiled = compiler.expression(text, { stepIds: new Set(['a-b']) });
        expect(compiled.ok || compiled.problems.length > 0).toBe(true);
      }
    });
  }

  test('over 10 kB is refused before it is parsed', () => {
    const long = `1${' + 1'.repeat(500_000)}`;
    for (const prefix of ['', 'cel: ', 'jq: ', 'expr: ']) {
      expect(problemsOf(prefix + long)[0]?.message).toContain('more than the 10000 allowed');
    }
  });
});

/** A list of lists that holds itself twice at every level: small, and endless to walk. */
function doubled(levels: number, body: string): string {
  let source = body.replaceAll('TOP', `x${levels}`);
  for (let i = levels; i > 0; i -= 1) source = `cel.bind(x${i}, [x${i - 1}, x${i - 1}], ${source})`;
  return `cel.bind(x0, ['a'], ${source})`;
}

describe('work goes to a compute process when there is much of it', () => {
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ id: i, tags: ['a', 'b'] }));
  const numbers = Array.from({ length: 100_000 }, (_, i) => i);
  const data = withInputs({ rows, numbers, text: 'a'.repeat(50_000), n: 1 });
  const dear = [
    'inputs.numbers.all(x, x >= 0)',
    'inputs.numbers.map(x, x + 1).filter(x, x > 3)',
    'inputs.rows.all(r, inputs.rows.exists(q, q.id == r.id))',
    'inputs.numbers == inputs.numbers',
    '5 in inputs.numbers',
    "inputs.text.matches('(a|aa)+$')",
    `'a'.matches('${'(a{1,900}b)'.repeat(6)}')`,
    "['a'].all(x, x.matches(inputs.text))",
    "inputs.text.replace('a', inputs.text)",
    "inputs.rows.map(r, inputs.text).join('')",
    `[1]${'.map(x, [x, x])'.repeat(40)}`,
    `'a'${".replace('a', 'aaaaaaaaaa')".repeat(30)}`,
    'lists.range(100000).all(x, x >= 0)',
    'cel.bind(x, inputs.numbers, x.all(y, y >= 0))',
    `cel.bind(x, inputs.text, ${Array(60).fill('x').join('+')})`,
    'inputs.numbers.sort()',
    doubled(40, 'TOP'),
    doubled(40, 'TOP == TOP'),
    doubled(40, "'%s'.format([TOP])"),
    doubled(40, 'TOP.flatten(40)'),
    doubled(40, '[TOP, TOP].distinct()'),
    doubled(40, 'TOP in [TOP]'),
    "int(inputs.text.replace('a', '1111111111'))",
    "inputs.numbers.map(x, 'b').join(inputs.text)",
    'inputs.text < inputs.text + inputs.text + inputs.text + inputs.text + inputs.text && inputs.numbers.exists(x, x < 0)',
    'expr: 1..100000000',
    'expr: all(inputs.numbers, # >= 0)',
    'expr: map(inputs.rows, len(filter(inputs.rows, .id > 1)))',
  ];
  for (const source of dear) {
    test(source.slice(0, 70), () => {
      expect(evaluate(source, data).kind).toBe('pending');
    });
  }

  const cheap = [
    'size(inputs.numbers) == 100000',
    'inputs.rows[3].id == 3',
    'inputs.n + size(inputs.rows)',
    'inputs.rows[0].tags.exists(t, t == "b")',
    'has(inputs.rows)',
    'lists.range(inputs.n).all(x, x >= 0)',
    'inputs.n == 1 || inputs.numbers.all(x, x >= 0)',
    'inputs.n == 1 ? inputs.numbers[7] : 0',
    'expr: len(inputs.numbers)',
    'expr: inputs.rows[3].id == 3',
  ];
  for (const source of cheap) {
    test(source, () => {
      expect(evaluate(source, data).kind).toBe('value');
    });
  }
});

describe('data', () => {
  test('a deep value passes through a path and a text', () => {
    let deep: Json = 1;
    for (let i = 0; i < 2_000; i++) deep = { a: deep };
    expect(filled('${{inputs.deep}}', withInputs({ deep }))).toEqual(deep);
  });

  test('a value that nests deeper than the stack allows is a failure, not a crash', () => {
    let deep: Json = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    const data = withInputs({ deep, yes: true });
    for (const source of ['inputs.yes ? inputs.deep : 1', 'expr: inputs.deep']) {
      expect(['failure', 'pending', 'value']).toContain(evaluate(source, data).kind);
    }
  });
});
