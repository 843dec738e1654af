import { describe, expect, test } from 'bun:test';
import { check, evaluating as e, errorsOf } from './support.ts';

type Case = [name: string, definition: unknown, path: string, message: RegExp];

/** The step of a one-step definition. */
const step = (more: object): object => ({ steps: [{ id: 'a', ...more }] });
const typed = (type: string, config: object): object => step({ type, config });
/** What a loop or branch does where that is not the point. */
const body = [e('x', '1')];
const act = (more: object): object => step({ action: 'fs.read', params: { path: 'x' }, ...more });

const cases: Case[] = [
  ['a number', 5, '', /not the number 5/],
  ['a list', [], '', /not a list/],
  ['nothing in it', {}, 'steps', /needs `steps`/],
  ['no steps', { steps: [] }, 'steps', /at least one step/],
  ['steps that are no list', { steps: {} }, 'steps', /must be a list of steps/],
  ['a step that is a text', { steps: ['x'] }, 'steps[0]', /a step is an object/],
  ['an unknown field', { ...act({}), step: [] }, 'step', /no field "step"/],
  ['a wrong order', { ...act({}), order: 'sequential' }, 'order', /"graph", "sequence"/],
  ['a number as timeout', { ...act({}), timeout: 30 }, 'timeout', /write "30s" or "30ms"/],
  [
    'no concurrency limit',
    { ...act({}), concurrency: { key: 'k' } },
    'concurrency.limit',
    /needs `limit`/,
  ],
  [
    'a limit of a global group',
    { ...act({}), concurrency: { group: 'gpu', limit: 2 } },
    'concurrency.limit',
    /not the workflow/,
  ],
  [
    'a group of no name',
    { ...act({}), concurrency: { group: '' } },
    'concurrency.group',
    /needs `group`/,
  ],
  ['a limit of zero', { ...act({}), max_concurrency: 0 }, 'max_concurrency', /1 or more, not 0/],
  ['a list as inputs', { ...act({}), inputs: [] }, 'inputs', /must be an object/],
  [
    'a default that is no object',
    { ...act({}), defaults: { params: { fs: 1 } } },
    'defaults.params.fs',
    /an object/,
  ],
  [
    'a prototype key',
    JSON.parse('{"steps":[{"id":"a","run":"x","__proto__":1}]}'),
    'steps[0].__proto__',
    /no field "__proto__"/,
  ],
  ['no id', { steps: [{ run: 'x' }] }, 'steps[0].id', /needs an `id`/],
  ['an id with a dot', { steps: [{ id: 'a.b', run: 'x' }] }, 'steps[0].id', /is no step id/],
  ['an id that is too long', { steps: [{ id: 'a'.repeat(129), run: 'x' }] }, 'steps[0].id', /128/],
  ['an id twice', { steps: [e('a', '1'), e('a', '2')] }, 'steps[1].id', /used twice/],
  ['a wrong type', step({ type: 'lop' }), 'steps[0].type', /"loop"/],
  ['no action', step({}), 'steps[0].action', /needs an `action` or `run`/],
  ['action and run', step({ action: 'fs.read', run: 'x' }), 'steps[0].run', /not both/],
  [
    'run and a command',
    step({ run: 'x', params: { command: 'y' } }),
    'steps[0].params.command',
    /sets `command` itself/,
  ],
  ['a config without type', act({ config: { over: 'x' } }), 'steps[0].config', /no field "config"/],
  [
    'an action in a loop',
    step({ type: 'loop', action: 'x', config: { over: '[1]', body } }),
    'steps[0].action',
    /no field "action"/,
  ],
  [
    'an effect of a composite',
    step({ type: 'parallel', effect: 'pure', config: { branches: [body] } }),
    'steps[0].effect',
    /no field "effect"/,
  ],
  [
    'a config field outside',
    step({ type: 'loop', over: 'x', config: { over: '[1]', body } }),
    'steps[0].over',
    /no field "over"/,
  ],
  [
    'a bare true as guard',
    act({ condition: true }),
    'steps[0].condition',
    /an expression is a text/,
  ],
  ['a wrong rule', act({ trigger_rule: 'all_okay' }), 'steps[0].trigger_rule', /all_ok/],
  ['no retry max', act({ retry: { delay: '1s' } }), 'steps[0].retry.max', /needs `max`/],
  ['a negative retry', act({ retry: { max: -1 } }), 'steps[0].retry.max', /0 or more/],
  ['half a retry', act({ retry: { max: 1.5 } }), 'steps[0].retry.max', /whole number/],
  ['a jitter of 2', act({ retry: { max: 1, jitter: 2 } }), 'steps[0].retry.jitter', /from 0 to 1/],
  [
    'an unknown code',
    act({ retry: { max: 1, on: ['TIMEOUT'] } }),
    'steps[0].retry.on[0]',
    /TIMEOUT_ERROR/,
  ],
  ...['0s', '0ms', '0.0h'].map((timeout): [string, object, string, RegExp] => [
    `a step's limit of ${timeout}`,
    act({ timeout }),
    'steps[0].timeout',
    /would end it before it begins.*leave it out/s,
  ]),
  [
    "a decision's limit of no time",
    step({ type: 'reasoning', config: { prompt_context: '?', timeout: '0s' } }),
    'steps[0].config.timeout',
    /before it begins/,
  ],
  [
    "a wait's limit of no time",
    step({ type: 'wait', config: { signal: 'go', timeout: '0s' } }),
    'steps[0].config.timeout',
    /before it begins/,
  ],
  ['a run without time', { ...act({}), timeout: '0s' }, 'timeout', /before it begins/],
  [
    'a default limit of no time',
    { ...act({}), defaults: { timeout: '0s' } },
    'defaults.timeout',
    /before it begins/,
  ],
  [
    'defaults for other steps',
    { ...act({}), defaults: { steps: 'action' } },
    'defaults.steps',
    /"actions", "all".*did you mean "actions"/s,
  ],
  [
    'a code in other words',
    act({ retry: { max: 1, on: ['exection error'] } }),
    'steps[0].retry.on[0]',
    /no error code.*did you mean "EXECUTION_ERROR"/s,
  ],
  [
    'the beginning of a code',
    act({ on_error: { strategy: 'ignore', on: ['Timeout'] } }),
    'steps[0].on_error.on[0]',
    /"Timeout" is no error code.*did you mean "TIMEOUT_ERROR"/s,
  ],
  [
    'a word far from every code',
    act({ on_error: { strategy: 'ignore', on: ['whatever'] } }),
    'steps[0].on_error.on[0]',
    /the codes are VALIDATION_ERROR, /,
  ],
  [
    'a code that is no text',
    act({ on_error: { strategy: 'ignore', on: [7] } }),
    'steps[0].on_error.on[0]',
    /this must be a text/,
  ],
  [
    'handled codes without any',
    act({ on_error: { strategy: 'ignore', on: [] } }),
    'steps[0].on_error.on',
    /name at least one error code/,
  ],
  [
    'handled codes of a strategy that handles nothing',
    act({ on_error: { strategy: 'fail_workflow', on: ['TIMEOUT_ERROR'] } }),
    'steps[0].on_error.on',
    /`on` limits "ignore" and "fallback_step"/,
  ],
  [
    'no fallback named',
    act({ on_error: { strategy: 'fallback_step' } }),
    'steps[0].on_error.fallback_step',
    /needs `fallback_step`/,
  ],
  [
    'a fallback nobody uses',
    act({ on_error: { strategy: 'ignore', fallback_step: 'b' } }),
    'steps[0].on_error.fallback_step',
    /only used by/,
  ],
  ['a missing dependency', act({ depends_on: ['b'] }), 'steps[0].depends_on[0]', /no step "b"/],
  [
    'itself as dependency',
    act({ depends_on: ['a'] }),
    'steps[0].depends_on[0]',
    /depends on itself/,
  ],
  [
    'a dependency twice',
    { steps: [e('b', '1'), e('a', '1', { depends_on: ['b', 'b'] })] },
    'steps[1].depends_on[1]',
    /twice/,
  ],
  [
    'a dependency outside',
    {
      steps: [
        e('b', '1'),
        {
          id: 'l',
          type: 'loop',
          config: { over: '[1]', body: [e('c', '1', { depends_on: ['b'] })] },
        },
      ],
    },
    'steps[1].config.body[0].depends_on[0]',
    /outer list/,
  ],
  [
    'a condition without expression',
    typed('condition', { branches: {} }),
    'steps[0].config.expression',
    /needs `expression`/,
  ],
  [
    'a condition without branches',
    typed('condition', { expression: 'true' }),
    'steps[0].config.branches',
    /`branches` or `default`/,
  ],
  [
    'default twice',
    typed('condition', { expression: 'true', branches: { default: [] }, default: [] }),
    'steps[0].config.branches.default',
    /beside `default`/,
  ],
  [
    'a branch that is no list',
    typed('condition', { expression: 'true', branches: { a: {} } }),
    'steps[0].config.branches.a',
    /a list of steps/,
  ],
  [
    'an odd branch key',
    typed('condition', { expression: 'true', branches: { 'a b': [{ id: 'x' }] } }),
    'steps[0].config.branches["a b"][0].action',
    /needs an `action`/,
  ],
  ['a loop over nothing', typed('loop', { body }), 'steps[0].config.over', /needs `over`/],
  [
    'a loop over a number',
    typed('loop', { over: 5, body }),
    'steps[0].config.over',
    /a list or an expression/,
  ],
  ['a loop without body', typed('loop', { over: '[1]' }), 'steps[0].config.body', /needs `body`/],
  [
    'a while without test',
    typed('loop', { mode: 'while', body }),
    'steps[0].config.condition',
    /needs `condition`/,
  ],
  [
    'a test of for_each',
    typed('loop', { over: '[1]', condition: 'true', body }),
    'steps[0].config.condition',
    /no field "condition"/,
  ],
  [
    'a while that runs several',
    typed('loop', { mode: 'while', condition: 'false', max_iter: 1, body, max_concurrency: 2 }),
    'steps[0].config.max_concurrency',
    /no field/,
  ],
  [
    'no iterations',
    typed('loop', { over: '[1]', body, max_iter: 0 }),
    'steps[0].config.max_iter',
    /1 or more/,
  ],
  [
    'parallel branches by name',
    typed('parallel', { branches: { a: [] } }),
    'steps[0].config.branches',
    /a list/,
  ],
  [
    'an unknown parallel mode',
    typed('parallel', { branches: [body], mode: 'any' }),
    'steps[0].config.mode',
    /"all", "race"/,
  ],
  ['a wait for nothing', typed('wait', {}), 'steps[0].config', /exactly one of.*none is given/],
  [
    'a wait for two things',
    typed('wait', { duration: '1s', signal: 'x' }),
    'steps[0].config',
    /duration and signal/,
  ],
  [
    'a timeout of a pause',
    typed('wait', { duration: '1s', timeout: '2s' }),
    'steps[0].config.timeout',
    /no field "timeout"/,
  ],
  [
    'an option without id',
    typed('reasoning', { prompt_context: 'which?', options: [{ description: 'x' }] }),
    'steps[0].config.options[0].id',
    /needs `id`/,
  ],
  [
    'an option twice',
    typed('reasoning', { prompt_context: 'which?', options: [{ id: 'x' }, { id: 'x' }] }),
    'steps[0].config.options[1].id',
    /there twice/,
  ],
  [
    'an unknown outcome',
    typed('reasoning', { prompt_context: 'which?', options: [{ id: 'x', outcome: 'halt' }] }),
    'steps[0].config.options[0].outcome',
    /"continue", "stop"/,
  ],
  [
    'a fallback that is no option',
    typed('reasoning', { prompt_context: 'which?', options: [{ id: 'x' }], fallback: 'y' }),
    'steps[0].config.fallback',
    /none of the options/,
  ],
  [
    'somebody unknown',
    typed('reasoning', { prompt_context: 'which?', by: 'human' }),
    'steps[0].config.by',
    /"person"/,
  ],
  [
    'a hook that asks',
    { ...act({}), on_complete: { type: 'reasoning', config: { prompt_context: 'which?' } } },
    'on_complete.type',
    /cannot ask/,
  ],
  [
    'a hook that waits for a signal deep down',
    {
      ...act({}),
      on_error: {
        type: 'parallel',
        config: { branches: [[{ id: 'w', type: 'wait', config: { signal: 'x' } }]] },
      },
    },
    'on_error.config.branches[0][0].config.signal',
    /cannot wait for a signal/,
  ],
  [
    'a hook that depends',
    { ...act({}), on_error: { run: 'x', depends_on: [] } },
    'on_error.depends_on',
    /no `depends_on`/,
  ],
  [
    'a package without definition',
    { name: 'x', definition: null },
    'definition',
    /an object with `steps`/,
  ],
  [
    'a package’s step',
    { definition: step({ type: 'wait', config: {} }) },
    'definition.steps[0].config',
    /exactly one/,
  ],
  [
    'an unknown package field',
    { definition: act({}), versions: 1 },
    'versions',
    /no field "versions"/,
  ],
  [
    'a trigger without time',
    { definition: act({}), triggers: { cron: [{ name: 'x' }] } },
    'triggers.cron[0].expression',
    /needs `expression`/,
  ],
];

describe('one thing wrong', () => {
  test.each(cases)('%s', (_name, definition, path, message) => {
    const issues = errorsOf(check(definition));
    expect(issues.map((issue) => issue.path)).toEqual([path]);
    expect(`${issues[0]?.message} ${issues[0]?.hint ?? ''}`).toMatch(message);
  });
});

describe('hints say what was meant', () => {
  const hints: [object, string][] = [
    [{ steps: [e('a', '1', { needs: [] })] }, 'did you mean "depends_on"?'],
    [{ steps: [e('a', '1', { dependson: [] })] }, 'did you mean "depends_on"?'],
    [{ steps: [e('a', '1', { if: 'true' })] }, 'did you mean "condition"?'],
    [{ steps: [e('a', '1', { body: [] })] }, 'it belongs into the `config` of a typed step'],
  ];
  test.each(hints)('%j', (definition, hint) => {
    expect(errorsOf(check(definition))[0]?.hint).toContain(hint);
  });
});

test('everything wrong is told at once', () => {
  const issues = errorsOf(
    check({
      stepz: 1,
      steps: [
        e('a', 'steps.nope.result', { depends_on: ['gone'] }),
        { id: 'b', type: 'loop', config: { body: [{ id: 'x', action: 'fs.raed' }] } },
        e('c', '1 +', { depends_on: ['d'] }),
        e('d', '1', { depends_on: ['c'], timeout: '5' }),
      ],
    }),
  );
  expect(issues.map((issue) => issue.path).sort()).toEqual([
    'steps[0].depends_on[0]',
    'steps[0].params.expression',
    'steps[1].config.body[0].action',
    'steps[1].config.over',
    'steps[2].depends_on[0]',
    'steps[2].params.expression',
    'steps[3].timeout',
    'stepz',
  ]);
});

describe('what is right', () => {
  const free = { $schema: 'x', tags: [1], labels: {}, title: 't', features: null, 'x-mine': 1 };
  const good: [string, object][] = [
    [
      'free fields everywhere',
      { ...free, steps: [{ ...e('a', '1'), ...free, retry: { max: 1, ...free } }] },
    ],
    [
      'free fields in packages and config',
      {
        ...free,
        definition: { steps: [{ id: 'w', type: 'wait', config: { duration: '1s', ...free } }] },
      },
    ],
    ['a global group', { steps: [e('a', '1')], concurrency: { group: 'gpu', key: 'k' } }],
    [
      'a hook without an id',
      { steps: [e('a', '1')], on_complete: { action: 'fs.read', params: { path: 'x' } } },
    ],
    [
      'a branch called default alone',
      typed('condition', { expression: 'true', branches: { default: body } }),
    ],
    [
      'an empty default',
      typed('condition', { expression: 'true', branches: { a: body }, default: [] }),
    ],
    [
      'every field of a definition',
      {
        steps: [e('a', '1')],
        inputs: { x: 1 },
        context: {},
        output: '${{steps.a.result}}',
        timeout: '1h',
        on_timeout: 'suspend',
        on_interrupt: 'rerun',
        fail_fast: true,
        max_concurrency: 2,
        concurrency: { key: '${{inputs.x}}', limit: 1, when_full: 'reject' },
        order: 'sequence',
        defaults: { timeout: '1m', retry: { max: 1 }, on_interrupt: 'ask', params: {} },
        working_dir: '/tmp',
        metadata: { name: 'n' },
      },
    ],
    [
      'a package with triggers',
      {
        name: 'x',
        description: '',
        category: 'c',
        input_schema: { type: 'object' },
        output_schema: true,
        triggers: {
          cron: [
            {
              name: 'n',
              expression: '@daily',
              timezone: 'UTC',
              params: {},
              enabled: true,
              overlap: 'skip',
              catch_up: 'all',
            },
          ],
          webhook: [{ name: 'w', secret: 'S' }],
        },
        definition: { steps: [e('a', '1')] },
      },
    ],
  ];
  test.each(good)('%s', (_name, definition) => {
    expect(errorsOf(check(definition))).toEqual([]);
  });
});

describe('limits', () => {
  const nested = (depth: number): object =>
    depth === 0
      ? e('leaf', '1')
      : { id: `p${depth}`, type: 'parallel', config: { branches: [[nested(depth - 1)]] } };

  test('32 composites around a step are allowed, one more is not', () => {
    expect(check({ steps: [nested(32)] })).toEqual([]);
    const [issue, ...others] = check({ steps: [nested(33)] });
    expect(others).toEqual([]);
    expect(issue).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'steps nest deeper than 32 composites',
    });
  });

  test('10,000 steps are allowed, one more is not, nested ones count', () => {
    const steps = Array.from({ length: 9_998 }, (_, i) => e(`s${i}`, '1'));
    const body = (count: number): object => ({
      id: 'l',
      type: 'loop',
      config: { over: '[1]', body: [e('x', '1'), e('y', '1')].slice(0, count) },
    });
    expect(check({ steps: [...steps, body(1)] })).toEqual([]);
    expect(check({ steps: [...steps, body(2)] })).toMatchObject([
      { code: 'LIMIT_EXCEEDED', path: '' },
    ]);
  });

  test('both can be set', () => {
    const limits = { maxBytes: 1000, maxSteps: 1, maxNesting: 1, maxDepth: 20, maxAliases: 100 };
    expect(check({ steps: [e('a', '1'), e('b', '1')] }, { limits })[0]?.message).toContain(
      'more than 1 steps',
    );
  });
});
