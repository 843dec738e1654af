/** What a program says about itself: roots, paths, cost; step ids with dashes; error positions. */
import { describe, expect, test } from 'bun:test';
import { compileExpr } from '../../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../../src/expr/expr-lang/limits.ts';
import { DATA, envOf, evaluate, failureOf } from './rows.ts';

const STEP_IDS = new Set(['fetch-data', 'fetch', 'data', 'a', 'a-b-c', 'a-b']);
const read = (source: string, stepIds: ReadonlySet<string> = STEP_IDS) =>
  compileExpr(source, { stepIds });

describe('what is read', () => {
  const rows: readonly (readonly [string, readonly string[], readonly string[][]])[] = [
    ['1 + 2', [], []],
    ['inputs.n', ['inputs'], [['inputs', 'n']]],
    [
      'steps.a.output.x + inputs.n',
      ['steps', 'inputs'],
      [
        ['steps', 'a', 'output', 'x'],
        ['inputs', 'n'],
      ],
    ],
    ['inputs.n + inputs.n', ['inputs'], [['inputs', 'n']]],
    ['inputs["n"].x', ['inputs'], [['inputs', 'n', 'x']]],
    ['inputs?.user?.name', ['inputs'], [['inputs', 'user', 'name']]],
    ['steps.a.list[0].x', ['steps'], [['steps', 'a', 'list']]],
    ['steps[inputs.key].x', ['steps', 'inputs'], [['steps'], ['inputs', 'key']]],
    ['"a" in steps', ['steps'], [['steps']]],
    [
      'filter(inputs.xs, .ok and # != steps.a.output)',
      ['inputs', 'steps'],
      [
        ['inputs', 'xs'],
        ['steps', 'a', 'output'],
      ],
    ],
    ['let s = steps.a; s.output', ['steps'], [['steps', 'a']]],
    ['now().Year() + workflow.year', ['workflow'], [['workflow', 'year']]],
    ['$env.inputs.n', ['$env'], [['inputs', 'n']]],
    ['"x" in $env', ['$env'], [['$env']]],
    ['steps.fetch-data.body.id', ['steps'], [['steps', 'fetch-data', 'body', 'id']]],
  ];
  for (const [source, roots, paths] of rows) {
    test(source, () => {
      const program = read(source);
      expect(program.roots).toEqual([...roots]);
      expect(program.stepRefs).toEqual([...paths]);
      expect(program.source).toBe(source);
    });
  }

  test('work that can outgrow the data is called costly', () => {
    for (const source of [
      '1..3',
      'map(xs, #)',
      'a matches "b"',
      'repeat(a, n)',
      'sort(xs)',
      'uniq(xs)',
    ]) {
      expect([source, read(source).costly]).toEqual([source, true]);
    }
    for (const source of ['a.b > 3 and c == "x"', 'len(xs)', 'first(xs).name', 'a contains "b"']) {
      expect([source, read(source).costly]).toEqual([source, false]);
    }
  });
});

describe('step ids with dashes', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['steps.fetch-data.body.id', 9],
    ['steps?.fetch-data?.body.id', 9],
    ['$env.steps.fetch-data.body.id', 9],
    ['steps.fetch-data', { body: { id: 9 } }],
    ['steps["fetch-data"].body.id', 9],
    ['steps.fetch - steps.data', 6],
    ['steps.fetch -steps.data', 6],
    ['steps.fetch-1', 9],
    ['steps.fetch-steps.data', 6],
    ['map([steps], # | get("fetch-data")) | first()', { body: { id: 9 } }],
  ];
  for (const [source, value] of rows) {
    test(source, () => {
      expect(read(source).run(envOf(DATA), DEFAULT_EXPR_LIMITS)).toEqual(value);
    });
  }

  test('the longest id that is whole wins, else the dash is a minus', () => {
    expect(read('steps.a-b-c.x').stepRefs).toEqual([['steps', 'a-b-c', 'x']]);
    expect(read('steps.a-b-d').stepRefs).toEqual([['steps', 'a-b'], ['d']]);
    expect(read('steps.a-bc').stepRefs).toEqual([['steps', 'a'], ['bc']]);
    expect(read('steps.a-b-1').stepRefs).toEqual([['steps', 'a-b']]);
  });

  test('only behind `steps.`, and only for known ids', () => {
    expect(read('inputs.fetch-data').roots).toEqual(['inputs', 'data']);
    expect(read('x.steps.fetch-data').roots).toEqual(['x', 'data']);
    expect(read('steps.fetch-data', new Set()).roots).toEqual(['steps', 'data']);
  });
});

describe('an error', () => {
  test('says kind, offset, line and column', () => {
    const error = failureOf(() => evaluate('1 +\n  inputs.nope.x'));
    expect(error).toMatchObject({ kind: 'eval', offset: 18, line: 2, column: 15 });
    expect(error.message).toEndWith('(at 2:15)');
    expect(error.message).toStartWith(error.reason);
  });

  test('in a source points at the token that cannot stand there', () => {
    const error = failureOf(() => compileExpr('[1, 2\n 3]'));
    expect(error).toMatchObject({ kind: 'syntax', offset: 7, line: 2, column: 2 });
  });
});

describe('a program', () => {
  test('gives the same value each time and leaves the data alone', () => {
    const data = structuredClone(DATA);
    const program = compileExpr('sort(inputs.nums, "desc"); reverse(inputs.nums)');
    const first = program.run(envOf(data), DEFAULT_EXPR_LIMITS);
    expect(program.run(envOf(data), DEFAULT_EXPR_LIMITS)).toEqual(first);
    expect(data).toEqual(DATA as Record<string, unknown>);
  });

  test('gives a part of the data as it is, without a copy', () => {
    expect(evaluate('inputs.items')).toBe((DATA.inputs as { items: unknown }).items);
  });
});
