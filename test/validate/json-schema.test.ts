import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import { workflowJsonSchema } from '../../src/validate/json-schema.ts';
import { describeSchemaProblems } from '../../src/validate/schema-check.ts';
import { lintSchema } from '../../src/validate/schema-lint.ts';
import { evaluating as e, testRegistry } from './support.ts';

const schema = workflowJsonSchema(testRegistry);
const problems = (value: unknown): string[] => describeSchemaProblems(schema, value as Json);

test('it is itself a schema', () => {
  expect(lintSchema(schema, [])).toEqual([]);
});

describe('it takes', () => {
  const good: [string, object][] = [
    ['a bare definition', { $schema: 'x', steps: [e('a', '1')], 'x-y': 1 }],
    [
      'a package',
      {
        name: 'n',
        input_schema: {},
        definition: { steps: [{ id: 'a', run: 'ls', params: { cwd: '/' } }] },
      },
    ],
    ['what is not given', { steps: [e('a', '1', { retry: null, timeout: null })], output: null }],
    ['a package beside the steps', { name: 'n', labels: { team: 'a' }, steps: [e('a', '1')] }],
    ['plugin tools', { steps: [{ id: 'a', action: 'github.create', params: { any: 1 } }] }],
    [
      'templates for any value',
      {
        steps: [
          {
            id: 'a',
            action: 'http.get',
            timeout: '${{inputs.t}}',
            params: { url: 'x', max_redirects: '${{inputs.n}}', headers: 'jq: .inputs' },
          },
        ],
      },
    ],
    [
      'every step type',
      {
        steps: [
          {
            id: 'c',
            type: 'condition',
            config: { expression: 'true', branches: { a: [e('x', '1')] }, default: [] },
          },
          {
            id: 'l',
            type: 'loop',
            config: { mode: 'while', condition: 'true', max_iter: 3, body: [e('x', '1')] },
          },
          { id: 'p', type: 'parallel', config: { mode: 'race', branches: [[e('x', '1')]] } },
          {
            id: 'w',
            type: 'wait',
            timeout: '1h30m',
            config: { signal: 's', on_timeout: 'continue', timeout: '1h' },
          },
          {
            id: 'r',
            type: 'reasoning',
            config: {
              prompt_context: 'go on?',
              options: [{ id: 'a', outcome: 'stop' }],
              by: 'person',
            },
          },
          {
            id: 'a',
            type: 'action',
            action: 'fs.read',
            params: { path: 'x' },
            retry: { max: 1, on: ['TIMEOUT_ERROR'] },
          },
        ],
        on_error: { action: 'workflow.log', params: { message: 'x' } },
      },
    ],
  ];
  test.each(good)('%s', (_name, definition) => {
    expect(problems(definition)).toEqual([]);
  });
});

describe('it refuses', () => {
  const step = (more: object): object => ({ steps: [{ id: 'a', ...more }] });
  const bad: [string, object, string][] = [
    ['an unknown field', { steps: [e('a', '1')], stepz: 1 }, 'stepz'],
    ['an unknown field of a package', { definition: { steps: [e('a', '1')] }, nam: 1 }, 'nam'],
    ['an unknown field of a step', step({ run: 'x', dependson: [] }), 'steps[0].dependson'],
    [
      'an unknown field of a config',
      step({ type: 'wait', config: { duration: '1s', x: 1 } }),
      'steps[0].config.x',
    ],
    ['an unknown param', step({ action: 'http.get', params: { ur: 'x' } }), 'steps[0].params.ur'],
    ['an unknown param of run', step({ run: 'x', params: { cwdd: 'x' } }), 'steps[0].params.cwdd'],
    ['a config of an action', step({ run: 'x', config: {} }), 'steps[0].config'],
    [
      'a loop of nothing',
      step({ type: 'loop', config: { over: [], body: [] } }),
      'steps[0].config.body',
    ],
    [
      'a question of nothing',
      step({ type: 'reasoning', config: {} }),
      'steps[0].config.prompt_context',
    ],
    ['a wrong value', step({ run: 'x', trigger_rule: 'x' }), 'steps[0].trigger_rule'],
    ['a bare number as duration', step({ run: 'x', timeout: '30' }), 'steps[0].timeout'],
    [
      'a nested mistake',
      step({ type: 'parallel', config: { branches: [[{ id: 'x', runn: 'y' }]] } }),
      'steps[0].config.branches[0][0].runn',
    ],
    ['no steps', { steps: [] }, 'steps'],
  ];
  test.each(bad)('%s', (_name, definition, path) => {
    expect(problems(definition).some((line) => line.startsWith(`${path}: `))).toBe(true);
  });
});
