import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Definition } from '../../src/model/definition.ts';
import { formatIssuePath } from '../../src/model/issue.ts';
import type { Json } from '../../src/model/json.ts';
import { definitionHash } from '../../src/validate/hash.ts';
import { parseIssuePath } from '../../src/validate/issues.ts';
import { check, checkText, compile, evaluating as e, validateDeps } from './support.ts';

const WORDS = [
  'steps',
  'id',
  'type',
  'action',
  'params',
  'config',
  'branches',
  'body',
  'over',
  'default',
  'loop',
  'condition',
  'parallel',
  'wait',
  'reasoning',
  'expression',
  'depends_on',
  'on_error',
  'retry',
  'max',
  'fallback_step',
  'definition',
  'a',
  'b',
  'expr.eval',
  'http.get',
  'true',
  '${{steps.a}}',
  '${{',
  'steps.b.x',
  '1s',
  '__proto__',
  'constructor',
  '',
];
const word = fc.constantFrom(...WORDS);
/** JSON made of the words of definitions, so that it gets past the first check. */
const definitionLike = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    word,
    fc.integer({ min: -1, max: 3 }),
    fc.constantFrom(null, true, 0.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 6 }),
    fc.record(
      {
        id: word,
        type: word,
        action: word,
        config: tie('value'),
        params: tie('value'),
        depends_on: fc.array(word),
      },
      { requiredKeys: [] },
    ),
  ),
})).value;

const definition = fc.oneof(
  fc.jsonValue(),
  fc.record({ steps: fc.array(definitionLike, { maxLength: 4 }) }),
  definitionLike,
);

test('any JSON validates or gives issues with paths; nothing throws', () => {
  fc.assert(
    fc.property(definition, (value) => {
      for (const issue of check(value)) {
        expect(issue.message).not.toBe('');
        expect(formatIssuePath(parseIssuePath(issue.path))).toBe(issue.path);
      }
    }),
    { numRuns: 400 },
  );
});

test('any text validates or gives issues; nothing throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          ':',
          ',',
          '"a"',
          'steps',
          '- ',
          '\n',
          '  ',
          '&a ',
          '*a',
          '|',
          '#',
          '!x ',
          '"',
        ),
      )
      .map((parts) => parts.join('')),
    definitionLike.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(text, fc.constantFrom('json', 'jsonc', 'yaml'), (source, format) => {
      for (const issue of checkText(source, format as 'json'))
        expect(issue.severity).toMatch(/error|warning/);
    }),
    { numRuns: 300 },
  );
});

test('an issue path is read back as it was written', () => {
  const path = fc.array(
    fc.oneof(fc.string(), fc.nat({ max: 999 }), fc.constantFrom('a.b', '0', 'x[1]', '"', '\\')),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(path, (parts) => {
      expect(parseIssuePath(formatIssuePath(parts))).toEqual(parts);
    }),
  );
});

test('random graphs: a plan when there is no cycle, CYCLE_DETECTED when there is one', () => {
  const graph = fc
    .integer({ min: 1, max: 12 })
    .chain((count) =>
      fc
        .array(fc.tuple(fc.nat({ max: count - 1 }), fc.nat({ max: count - 1 })), { maxLength: 20 })
        .map((edges) => ({ count, edges })),
    );
  fc.assert(
    fc.property(graph, fc.boolean(), ({ count, edges }, forward) => {
      const depends: Set<string>[] = Array.from({ length: count }, () => new Set());
      for (const [from, to] of edges) {
        if (from !== to && (!forward || from > to)) depends[from]?.add(`s${to}`);
      }
      const steps = depends.map((ids, i) => e(`s${i}`, '1', { depends_on: [...ids] }));
      const { plan, problems } = compile({ steps });
      if (forward) expect(problems).toEqual([]);
      expect(plan === null).toBe(problems.some((problem) => problem.code === 'CYCLE_DETECTED'));
    }),
  );
});

test('the hash does not depend on the order of keys, and on everything else', () => {
  const hash = (value: object, schema: Json | null = null): string =>
    definitionHash(value as Definition, schema, validateDeps.sha256);
  const a = { steps: [{ id: 'a', run: 'x' }], context: { p: 1, q: [1, 2] } };
  expect(hash({ context: { q: [1, 2], p: 1 }, steps: [{ run: 'x', id: 'a' }] })).toBe(hash(a));
  expect(hash({ ...a, context: { p: 1, q: [2, 1] } })).not.toBe(hash(a));
  expect(hash(a, { type: 'string' })).not.toBe(hash(a));
  expect(hash(a)).toMatch(/^[0-9a-f]{64}$/);
});
