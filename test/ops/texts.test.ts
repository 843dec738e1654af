/** Plan lines, line diffs, params from texts, JSON Schemas of operations. */
import { describe, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import { AppError } from '../../src/model/error.ts';
import { inputJsonSchema, outputJsonSchema } from '../../src/ops/json-schema.ts';
import { typeParams } from '../../src/ops/param-text.ts';
import { planLines } from '../../src/ops/plan-lines.ts';
import { diffLines } from '../../src/ops/text-diff.ts';
import { testPlan } from '../support/test-engine.ts';
import { ask, noop, openHarness, steps } from './harness.ts';

describe('plan lines', () => {
  const lines = (...list: object[]): string[] =>
    planLines(testPlan(steps(...list) as unknown as Definition));

  test('put a step behind what it waits for and say why', () => {
    expect(
      lines(
        noop('deploy', 1, { depends_on: ['build'], condition: 'inputs.ok', retry: { max: 2 } }),
        { id: 'build', action: 'test.unsafe' },
      ),
    ).toEqual([
      '1. build  test.unsafe (cannot be repeated safely)',
      '2. deploy  test.noop  after build  if inputs.ok  retry 2',
    ]);
  });

  test('look at each step of a long chain a few times only', () => {
    const chain = Array.from({ length: 3000 }, (_, i) =>
      noop(`s${i}`, i, i === 0 ? {} : { depends_on: [`s${i - 1}`] }),
    );
    const plan = testPlan(steps(...chain) as unknown as Definition);
    let looks = 0;
    const counted = plan.top.steps.map((step) => ({
      ...step,
      get deps() {
        looks += 1;
        return step.deps;
      },
    }));
    planLines({ ...plan, top: { ...plan.top, steps: counted } });
    expect(looks).toBeLessThan(10 * chain.length);
  });

  test('indent what is inside composites', () => {
    expect(
      lines(
        {
          id: 'route',
          type: 'condition',
          config: {
            expression: 'inputs.env',
            branches: { prod: [noop('a')] },
            default: [noop('b')],
          },
        },
        {
          id: 'each',
          type: 'loop',
          config: { over: 'inputs.items', max_concurrency: 3, body: [noop('c')] },
        },
        { id: 'both', type: 'parallel', config: { branches: [[noop('d')], [noop('e')]] } },
      ),
    ).toEqual([
      '1. route  condition inputs.env',
      '  prod: 1. a  test.noop',
      '  default: 1. b  test.noop',
      '2. each  for each of inputs.items, 3 at once',
      '  1. c  test.noop',
      '3. both  parallel',
      '  branch 0: 1. d  test.noop',
      '  branch 1: 1. e  test.noop',
    ]);
  });

  test('name decisions, waits and fallbacks', () => {
    expect(
      lines(
        ask('q', {}, { by: 'person' }),
        { id: 'w', type: 'wait', config: { duration: '90s' } },
        { id: 's', type: 'wait', config: { signal: 'go' } },
        noop('x', 1, { on_error: { strategy: 'fallback_step', fallback_step: 'y' } }),
        noop('y'),
      ),
    ).toEqual([
      '1. q  decision by a person: yes | no',
      '2. w  wait 1m30s',
      '3. s  wait for signal "go"',
      '4. x  test.noop',
      '5. y  test.noop  only if x fails',
    ]);
  });

  test('are counted, not written, when there are very many', () => {
    const many = lines(...Array.from({ length: 250 }, (_, i) => noop(`s${i}`)));
    expect(many).toHaveLength(201);
    expect(many.at(-1)).toContain('50 more');
  });
});

describe('a line diff', () => {
  test('shows changes with context and nothing else', () => {
    const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
    const after = before.with(10, 'changed').toSpliced(15, 1);
    expect(diffLines(before.join('\n'), after.join('\n'))).toEqual([
      '…',
      '  line 7',
      '  line 8',
      '  line 9',
      '- line 10',
      '+ changed',
      '  line 11',
      '  line 12',
      '  line 13',
      '  line 14',
      '- line 15',
      '  line 16',
      '  line 17',
      '  line 18',
    ]);
  });

  test('of equal texts is empty, of different ones rebuilds the second', () => {
    expect(diffLines('a\nb', 'a\nb')).toEqual([]);
    const lines = diffLines('a\nb\nc', 'b\nd\nc\ne');
    const second = lines.filter((line) => !line.startsWith('-')).map((line) => line.slice(2));
    expect(second.join('\n')).toBe('b\nd\nc\ne');
  });

  test('of huge texts does not take for ever', () => {
    const side = (mark: string): string =>
      Array.from({ length: 20_000 }, (_, i) => `${mark}${i}`).join('\n');
    expect(diffLines(side('a'), side('b'))).toHaveLength(40_000);
  });
});

describe('params from texts', () => {
  const schema = {
    properties: {
      n: { type: 'integer' },
      f: { type: 'number' },
      on: { type: 'boolean' },
      list: { type: 'array' },
      maybe: { type: ['string', 'null'] },
      'a.b': { type: 'integer' },
      o: { type: 'object', properties: { deep: { type: 'integer' } } },
    },
  };

  test('get the type of the schema', () => {
    expect(
      typeParams(
        ['n=5', 'f=-1.5e3', 'on=false', 'list=[1]', 'maybe=null', 'a.b=1', 'o.deep=2', 'free=7'],
        schema,
      ),
    ).toEqual({
      n: 5,
      f: -1500,
      on: false,
      list: [1],
      maybe: null,
      'a.b': 1,
      o: { deep: 2 },
      free: '7',
    });
  });

  test('keep every digit', () => {
    const texts = ['n=9007199254740991', 'f=1e20', 'x:=9007199254740992', 'y=9007199254740992'];
    expect(typeParams([...texts, 'z=007'], schema)).toEqual({
      n: 9007199254740991,
      f: 1e20,
      x: '9007199254740992',
      y: '9007199254740992',
      z: '007',
    });
    expect(typeParams(['n=007', 'f=.5'], schema)).toEqual({ n: 7, f: 0.5 });
  });

  test('may be JSON, may hold equal signs, may be empty', () => {
    expect(typeParams(['a:={"x":1}', 'b=c=d', 'e='], null)).toEqual({
      a: { x: 1 },
      b: 'c=d',
      e: '',
    });
  });

  test.each([
    ['n=5.5', 'integer'],
    ['on=yes', 'boolean'],
    ['list=1', 'array'],
    ['a:={', 'not JSON'],
    ['novalue', 'key=value'],
    ['=x', 'key=value'],
    ['n=9007199254740992', 'more digits than a number can hold'],
    ['f=-9007199254740992', 'more digits than a number can hold'],
    ['n=1e3', 'in digits alone'],
    ['n=+5', 'decimal digits'],
    ['n= 5', 'without blanks'],
    ['n=5 ', 'without blanks'],
    ['n=0x10', 'decimal digits'],
    ['n=1_000', 'decimal digits'],
    ['n=٣', 'decimal digits'],
    ['f=1e999', '1e999 is larger than any number'],
    ['f:=1e999', '1e999 is larger than any number'],
    ['list=[1e999]', '1e999 is larger than any number'],
  ])('%s is refused', (text, part) => {
    expect(() => typeParams([text], schema)).toThrow(part);
    expect(() => typeParams([text], schema)).toThrow(AppError);
  });

  test('are refused when given twice or into a value that is no object', () => {
    expect(() => typeParams(['x=1', 'x=2'], null)).toThrow('twice');
    expect(() => typeParams(['x=1', 'x.y=2'], null)).toThrow('no object');
  });

  test('named like prototypes are ordinary', () => {
    const params = typeParams(['__proto__.x=1', 'constructor=2'], null);
    expect(Object.keys(params).sort()).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  });
});

describe('the catalogue', () => {
  test('gives every operation a JSON Schema of its input and output', async () => {
    const harness = openHarness();
    const all = { ...harness.ops.operations, ...harness.ops.streams };
    for (const [name, operation] of Object.entries(all)) {
      expect(operation.name).toBe(name);
      expect(operation.summary).not.toBe('');
      expect(operation.surfaces.length).toBeGreaterThan(0);
      expect(inputJsonSchema(operation.input), name).toMatchObject({ type: 'object' });
      expect(outputJsonSchema(operation.output), name).toBeDefined();
    }
    await harness.close();
  });
});
