/** What is said about a field that does not fit. */
import { expect, test } from 'bun:test';
import * as v from 'valibot';
import { wordsOf } from '../../src/ops/input-words.ts';

const SCHEMA = v.strictObject({
  id: v.string(),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
  format: v.optional(v.picklist(['ascii', 'svg'])),
  wait: v.optional(v.union([v.string(), v.number()])),
  list: v.optional(v.array(v.string())),
  name: v.optional(v.pipe(v.string(), v.nonEmpty(), v.maxLength(3))),
  dry: v.optional(v.boolean()),
  own: v.optional(v.pipe(v.string(), v.regex(/^a/, 'must begin with a'))),
});

function saidOf(input: unknown): string[] {
  const parsed = v.safeParse(SCHEMA, input);
  return (parsed.issues ?? []).map((issue) => wordsOf(issue));
}

test('a field that does not fit is told in words', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{}, 'is missing'],
    [{ id: 1 }, 'must be a text, not 1'],
    [{ id: null }, 'must be a text, not null'],
    [{ id: 'a', limit: 0 }, 'must be 1 or more, not 0'],
    [{ id: 'a', limit: 2000 }, 'must be at most 1000, not 2000'],
    [{ id: 'a', limit: 1.5 }, 'must be a whole number, not 1.5'],
    [{ id: 'a', limit: 'x' }, 'must be a number, not "x"'],
    [{ id: 'a', format: 'png' }, 'must be one of ascii, svg, not "png"'],
    [{ id: 'a', wait: {} }, 'must be a text or a number, not an object'],
    [{ id: 'a', list: {} }, 'must be a list, not an object'],
    [{ id: 'a', name: '' }, 'must not be empty'],
    [{ id: 'a', name: 'abcd' }, 'must have at most 3 characters, not 4'],
    [{ id: 'a', dry: 1 }, 'must be true or false, not 1'],
    [{ id: 'a', own: 'b' }, 'must begin with a'],
    [{ id: 'a', more: 1 }, 'is no field'],
    [5, 'must be an object, not 5'],
  ];
  for (const [input, words] of cases) expect(saidOf(input)).toEqual([words]);
});

test('what was sent is shown by its beginning', () => {
  expect(saidOf({ id: 'a', limit: 'x'.repeat(1000) })[0]?.length).toBeLessThan(100);
});
