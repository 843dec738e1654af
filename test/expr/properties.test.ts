/**
 * Properties: interpolation never evaluates data, and nothing thrown at it makes it throw.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import { splitText } from '../../src/expr/lexer.ts';
import type { Json } from '../../src/model/json.ts';
import { fill, filled, makeScope, NO_ANSWERS, resultOf } from './support.ts';

const pieces = fc.constantFrom(
  '${{',
  '}}',
  '$${{',
  'inputs.v',
  'inputs.w',
  'secrets.KEY',
  'steps.a-b.output',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '??',
  ' + ',
  '.',
  '\\',
  'jq: .',
  'expr: ',
  ' ',
  '1',
  'x',
  '`',
);
const hostileText = fc.array(pieces, { maxLength: 14 }).map((parts) => parts.join(''));
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

describe('interpolation never evaluates data', () => {
  test('a whole value comes out as it is, whatever it looks like', () => {
    fc.assert(
      fc.property(fc.oneof(json, hostileText), (v) => {
        expect(filled('${{inputs.v}}', { values: { inputs: { v } } })).toEqual(v);
        expect(filled({ a: ['${{inputs.v}}'] }, { values: { inputs: { v } } })).toEqual({ a: [v] });
      }),
      { numRuns: 200 },
    );
  });

  test('text joined from data is that text and nothing else', () => {
    fc.assert(
      fc.property(hostileText, hostileText, (v, w) => {
        const data = { values: { inputs: { v, w } } };
        expect(filled('a ${{inputs.v}} b ${{ inputs.w }}${{inputs.v}}', data)).toBe(
          `a ${v} b ${w}${v}`,
        );
        expect(filled({ 'k${{inputs.v}}': 1 }, data)).toEqual({ [`k${v}`]: 1 });
        expect(fill('${{inputs.v}}', data, { secrets: () => true })).not.toHaveProperty(
          'secretRefs',
        );
      }),
      { numRuns: 200 },
    );
  });

  test('text in CEL and Expr is text', () => {
    fc.assert(
      fc.property(hostileText, (v) => {
        const data = { values: { inputs: { v } } };
        expect(resultOf("'<' + inputs.v + '>'", data)).toBe(`<${v}>`);
        expect(resultOf('expr: "<" + inputs.v + ">"', data)).toBe(`<${v}>`);
        expect(resultOf('{inputs.v: 1}', data)).toEqual({ [v]: 1 });
      }),
      { numRuns: 100 },
    );
  });
});

describe('anything written is compiled or refused with a place', () => {
  const compiler = createExpressionCompiler();
  const evaluator = createExpressionEvaluator();
  const scope = makeScope({ values: { inputs: { v: 1, w: [{}] } } });
  const options = { stepIds: new Set(['a-b']), prefixes: true, secrets: () => true };

  test('templates', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string()), json, (text, extra) => {
        const compiled = compiler.template({ [text]: [text, extra] }, options);
        if (!compiled.ok) {
          for (const problem of compiled.problems) {
            expect(problem.message.length).toBeGreaterThan(0);
            expect(problem.offset ?? 0).toBeLessThanOrEqual(text.length + 1);
          }
          return;
        }
        const result = evaluator.template(compiled.value, scope, NO_ANSWERS);
        expect(['value', 'failure', 'pending']).toContain(result.kind);
      }),
      { numRuns: 500 },
    );
  });

  test('expressions in every engine', () => {
    const prefix = fc.constantFrom('', 'cel: ', 'jq: ', 'expr: ');
    fc.assert(
      fc.property(prefix, fc.oneof(hostileText, fc.string()), (engine, text) => {
        const compiled = compiler.expression(engine + text, options);
        if (!compiled.ok) return;
        const result = evaluator.expression(compiled.value, scope, NO_ANSWERS);
        expect(['value', 'failure', 'pending']).toContain(result.kind);
      }),
      { numRuns: 500 },
    );
  });

  test('text without ${{ is itself, and splitting loses nothing', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const split = splitText(text);
        if (!split.ok) return;
        const joined = split.parts
          .map((part) =>
            typeof part === 'string'
              ? part.replaceAll('${{', () => '$${{')
              : `\${{${part.source}}}`,
          )
          .join('');
        expect(joined).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('numbers', () => {
  test('CEL gives back every number it is given', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const value = resultOf('[inputs.n][0]', { values: { inputs: { n } } });
        expect(value).toBe(n === 0 ? 0 : n);
      }),
    );
  });

  test('a number inside text is its JSON, whole ones without exponent', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        const text = filled('<${{inputs.n}}>', { values: { inputs: { n } } }) as string;
        expect(Number(text.slice(1, -1))).toBe(n === 0 ? 0 : n);
        if (Number.isInteger(n)) expect(text).not.toContain('e');
      }),
    );
  });
});
