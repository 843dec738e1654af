/**
 * What a jq filter reads, which names it may not use, and what is wrong with it before jq sees it.
 */
import { describe, expect, test } from 'bun:test';
import { checkJqFilter } from '../../src/expr/jq-filter.ts';

const IDS = new Set(['fetch-data', 'a']);

function reads(source: string): string[] {
  const checked = checkJqFilter(source, IDS);
  if (!checked.ok) throw new Error(checked.message);
  const paths = checked.filter.references.map((path) => path.join('/'));
  return checked.filter.whole ? [...paths, '(everything)'] : paths;
}

describe('what a filter reads of its input', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['.steps.a.output', ['steps/a/output']],
    ['.steps.a.output | map(.id) | .steps.b', ['steps/a/output']],
    ['.steps["a"].output[0].name', ['steps/a/output/0/name']],
    ['."steps"."a"', ['steps/a']],
    ['.["steps"]["a"].x?', ['steps/a/x']],
    ['.steps.a[] | .x', ['steps/a']],
    ['.steps[.inputs.which].output', ['steps', 'inputs/which']],
    ['[.inputs.a, .context.b]', ['inputs/a', 'context/b']],
    ['(.inputs.a | length) + (.inputs.b | length)', ['inputs/a', 'inputs/b']],
    ['.inputs.a as $x | .steps.a.output | . + $x', ['inputs/a', 'steps/a/output']],
    ['.inputs as {a: $x} | .context.y + $x', ['inputs', 'context/y']],
    ['{a: .inputs.x, b: (.steps.a | .y), inputs}', ['inputs/x', 'steps/a', 'inputs']],
    ['{"context", a: 1}', ['context']],
    ['if .inputs.a | not then .inputs.b else .inputs.c end', ['inputs/a', 'inputs/b', 'inputs/c']],
    ['.inputs.a // .inputs.b', ['inputs/a', 'inputs/b']],
    ['"n: \\(.inputs.n) of \\(.steps.a | .x)"', ['inputs/n', 'steps/a']],
    ['@base64 "\\(.inputs.n)"', ['inputs/n']],
    ['first(.inputs.a[], .inputs.b)', ['inputs/a', 'inputs/b']],
    ['reduce .inputs.a[] as $x (0; $x + 1)', ['inputs/a']],
    ['. as $d | $d.steps.a', ['(everything)']],
    ['.', ['(everything)']],
    ['..', ['(everything)']],
    ['keys', ['(everything)']],
    ['.[]', ['(everything)']],
    ['map(.x)', ['(everything)']],
    ['@json', ['(everything)']],
    ['def f: .inputs; f', ['inputs', '(everything)']],
    ['null', []],
    ['1 + 2', []],
    ['"steps.a" # .steps.b', []],
  ];
  for (const [source, expected] of cases) {
    test(source, () => {
      expect(reads(source)).toEqual([...expected]);
    });
  }
});

describe('step ids with dashes', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['.steps.fetch-data.body', '.steps["fetch-data"].body'],
    ['.steps.fetch-data-1', '.steps["fetch-data"]-1'],
    ['.steps.a-1', '.steps.a-1'],
    ['".steps.fetch-data" + .steps.fetch-data', '".steps.fetch-data" + .steps["fetch-data"]'],
    ['"\\(.steps.fetch-data.x)"', '"\\(.steps["fetch-data"].x)"'],
  ];
  for (const [source, text] of cases) {
    test(source, () => {
      const checked = checkJqFilter(source, IDS);
      expect(checked.ok && checked.filter.text).toBe(text);
    });
  }
});

describe('problems', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['.[bad', 1, '`[` is not closed'],
    ['.a)', 2, '`)` closes nothing'],
    ['(.a]', 3, '`]` closes nothing'],
    ['"abc', 0, 'not closed'],
    ['.a + "x \\(.b', 5, 'not closed'],
    ['input', 0, '`input`'],
    ['.a | inputs', 5, '`inputs`'],
    ['import "x" as x; .', 0, '`import`'],
    ['include "x"; .', 0, '`include`'],
    ['.a | debug', 5, '`debug`'],
    ['stderr', 0, '`stderr`'],
    ['input_filename', 0, '`input_filename`'],
    ['  # nothing', 0, 'empty'],
  ];
  for (const [source, offset, message] of cases) {
    test(source, () => {
      const checked = checkJqFilter(source, IDS);
      if (checked.ok) throw new Error('accepted');
      expect(checked.offset).toBe(offset);
      expect(checked.message).toContain(message);
    });
  }

  test('a field, a variable or a text of a forbidden name is none', () => {
    for (const source of ['.input', '.a.inputs', '."debug"', '$inputs', '"input"', '{input: 1}']) {
      const checked = checkJqFilter(source, IDS);
      expect([source, checked.ok]).toEqual([source, true]);
    }
  });
});
