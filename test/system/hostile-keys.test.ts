/** Names that mean something to JavaScript are names like any other, everywhere data has keys. */
import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from 'bun:test';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { TEST_MS } from '../support/patience.ts';
import { newHome, openSystem, refusal, removeHome, type System } from './support.ts';

setDefaultTimeout(TEST_MS);

/** As a client sends it: `{__proto__: …}` in source would set the prototype. */
const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
const NASTY_TEXT =
  '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":"t"}';
const NASTY = parse(NASTY_TEXT);
const text = (value: Json | undefined): string => JSON.stringify(value);

const home = newHome();
let system: System;
beforeAll(async () => {
  system = await openSystem(home);
});
afterAll(async () => {
  await system.close();
  removeHome(home);
});
afterEach(() => {
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
});

const asObject = (value: Json | undefined): JsonObject =>
  isJsonObject(value ?? null) ? (value as JsonObject) : {};

const pure = { id: 'a', action: 'crypto.hash', params: { data: 'x' } };

describe('keys of data', () => {
  test('pass through inputs and every engine', async () => {
    const run = await system.run(
      {
        steps: [
          { id: 'cel', action: 'cel.eval', params: { expression: 'inputs' } },
          { id: 'jq', action: 'jq', params: { filter: '.inputs' } },
          { id: 'expr', action: 'expr.eval', params: { expression: 'fromJSON(toJSON(inputs))' } },
        ],
        output: ['${{inputs}}', '${{steps.cel.result}}', '${{steps.jq.result}}'],
      },
      { params: NASTY },
    );
    expect(run.status).toBe('completed');
    expect(text(run.output)).toBe(`[${NASTY_TEXT},${NASTY_TEXT},${NASTY_TEXT}]`);
    const keys = ['__proto__', 'constructor', 'toString'];
    const output = asObject(run.steps.expr?.output);
    expect(Object.keys(asObject(output.result)).sort()).toEqual(keys);
  });

  test('pass through the context: given, set, merged by a signal', async () => {
    const run = await system.run(
      {
        steps: [
          { id: 'set', action: 'workflow.set', params: { variables: { mine: NASTY } } },
          { id: 'w', type: 'wait', config: { signal: 'go' } },
        ],
        output: ['${{context}}', '${{steps.w.payload}}'],
      },
      { context: NASTY },
    );
    const id = run.workflow_id;
    const data = { workflow_id: id, signal_type: 'data' as const, payload: NASTY };
    await system.ops.signal(system.me, data);
    const answer = await system.ops.signal(system.me, { ...data, name: 'go', wait: '2m' });
    expect(text(answer.output)).toBe(
      `[${NASTY_TEXT.slice(0, -1)},"mine":${NASTY_TEXT}},${NASTY_TEXT}]`,
    );
  });

  test('pass through the output of a command', async () => {
    const run = await system.run({ steps: [{ id: 'sh', run: `printf '%s' '${NASTY_TEXT}'` }] });
    expect(text((run.output as { sh: { stdout: Json } }).sh.stdout)).toBe(NASTY_TEXT);
  });

  test('may be made by an expression in a key', async () => {
    const run = await system.run({
      inputs: { key: '__proto__' },
      steps: [
        { id: 'set', action: 'workflow.set', params: { variables: { '${{inputs.key}}': 1 } } },
      ],
      output: '${{context}}',
    });
    expect(text(run.output)).toBe('{"__proto__":1}');
  });

  test('that are not there are missing', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const run = await system.run({ steps: [pure], output: `\${{context.${name}}}` });
      expect(run.error).toMatchObject({ code: 'INTERPOLATION_ERROR' });
    }
    const has = 'has(context.__proto__) || has(context.constructor) || has(inputs.toString)';
    const run = await system.run({
      steps: [
        { id: 'cel', action: 'cel.eval', params: { expression: has } },
        { id: 'expr', action: 'expr.eval', params: { expression: '[context.constructor]' } },
      ],
    });
    expect(run.output).toEqual({ cel: { result: false }, expr: { result: [null] } });
  });
});

describe('names in a definition', () => {
  test('steps and branches may have them', async () => {
    const run = await system.run({
      steps: [
        { ...pure, id: '__proto__' },
        { ...pure, id: 'constructor' },
        {
          id: 'route',
          type: 'condition',
          config: {
            expression: "'__proto__'",
            branches: parse(`{"__proto__":[${text(pure)}],"constructor":[]}`),
          },
        },
      ],
    });
    expect(Object.keys(run.output as JsonObject)).toEqual(['__proto__', 'constructor', 'route']);
    expect(run.steps.route?.output).toMatchObject({
      branch: '__proto__',
      output: { algorithm: 'sha256' },
    });
    expect(run.steps['route.__proto__.a']?.status).toBe('completed');
  });

  test('a branch that is not there is not found in the prototype', async () => {
    const config = { expression: "'constructor'", branches: { x: [pure] } };
    const run = await system.run({ steps: [{ id: 'route', type: 'condition', config }] });
    expect(run.output).toEqual({ route: { branch: 'constructor', skipped: true } });
  });

  test.each([
    ['an unknown field', '{"id":"a","action":"crypto.uuid","__proto__":{}}', 'steps[0].__proto__'],
    [
      'an unknown param',
      '{"id":"a","action":"crypto.hash","params":{"data":"x","constructor":1}}',
      'constructor',
    ],
    ['an unknown action', '{"id":"a","action":"constructor"}', '"constructor"'],
    ['an unknown type', '{"id":"a","type":"__proto__"}', '"__proto__"'],
  ])('%s is told as such', async (_name, step, says) => {
    const refused = await refusal(system.run({ steps: [parse(step)] }), 'VALIDATION_ERROR');
    expect(refused.message).toContain(says);
  });

  test('a template may be called so, and is not there before it is defined', async () => {
    await refusal(system.runTemplate('constructor'), 'NOT_FOUND');
    await system.template('constructor', { steps: [pure] });
    expect(await system.runTemplate('constructor')).toMatchObject({ status: 'completed' });
  });

  test('an input schema sees own properties only', async () => {
    const schema =
      '{"type":"object","required":["constructor"],"additionalProperties":false,"properties":{"constructor":{}}}';
    await system.template('own', { steps: [pure] }, { input_schema: parse(schema) });
    const missing = await refusal(system.runTemplate('own'), 'VALIDATION_ERROR');
    expect(missing.message).toContain('constructor');
    const params = parse('{"constructor":1,"__proto__":{"polluted":1}}');
    const extra = await refusal(system.runTemplate('own', { params }), 'VALIDATION_ERROR');
    expect(extra.message).toContain('__proto__');
  });

  test('a signal that no wait is called by is not found in the prototype', async () => {
    const run = await system.run({ steps: [{ id: 'w', type: 'wait', config: { signal: 'x' } }] });
    const signal = { workflow_id: run.workflow_id, signal_type: 'data' as const };
    await refusal(system.ops.signal(system.me, { ...signal, name: 'constructor' }), 'NOT_FOUND');
    await system.ops.signal(system.me, { ...signal, signal_type: 'cancel' });
  });
});
