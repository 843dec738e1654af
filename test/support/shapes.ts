/**
 * Flow-control shapes for crash tests: each step type, error strategy and waiting form by itself, and
 * generated nestings of them.
 */
import type { Definition, StepDef } from '../../src/model/definition.ts';
import type { Shape } from './crash-family.ts';

const noop = (id: string, more: Partial<StepDef> = {}): StepDef => ({
  id,
  action: 'test.noop',
  params: { value: id },
  ...more,
});
const effect = (
  id: string,
  kind: 'read' | 'idempotent' | 'unsafe' = 'idempotent',
  more: Partial<StepDef> = {},
): StepDef => ({ id, action: `test.${kind}`, params: { value: id }, ...more });
const ask = (id: string, more: Partial<StepDef> = {}): StepDef => ({
  id,
  type: 'reasoning',
  config: { prompt_context: `${id}?`, options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }] },
  ...more,
});

/** Aborting what is below a composite and its next attempt are one fact: cut only between commits. */
const whole = (made: Shape): Shape => ({ ...made, cutAt: 'commits' });

const shape = (
  name: string,
  steps: readonly StepDef[],
  more: Partial<Omit<Shape, 'definition'>> & { definition?: Partial<Definition> } = {},
): Shape => ({
  ...more,
  name,
  definition: { ...more.definition, steps },
});

export const SIMPLE_SHAPES: readonly Shape[] = [
  shape('a chain of effects', [
    effect('a'),
    effect('b', 'read', { params: { value: '${{steps.a.value}}' } }),
    effect('c', 'unsafe', { params: { value: '${{steps.b.value}}' } }),
  ]),
  shape('a diamond', [
    noop('a'),
    effect('b', 'idempotent', { depends_on: ['a'] }),
    effect('c', 'unsafe', { depends_on: ['a'] }),
    noop('d', { depends_on: ['b', 'c'] }),
  ]),
  shape('guards and rules', [
    noop('a'),
    noop('off', { condition: 'false', depends_on: ['a'] }),
    noop('behind', { depends_on: ['off'] }),
    noop('join', { depends_on: ['off', 'a'] }),
    noop('always', { depends_on: ['behind', 'join'], trigger_rule: 'all_done' }),
  ]),
  shape('a failure with cleanup', [
    effect('a'),
    { id: 'bad', action: 'test.fail', depends_on: ['a'] },
    noop('never', { depends_on: ['bad'] }),
    effect('cleanup', 'idempotent', { depends_on: ['bad'], trigger_rule: 'any_failed' }),
  ]),
  shape('ignore and fallback', [
    { id: 'soft', action: 'test.fail', on_error: { strategy: 'ignore' } },
    {
      id: 'main',
      action: 'test.fail',
      on_error: { strategy: 'fallback_step', fallback_step: 'plan_b' },
    },
    effect('plan_b'),
    noop('end', {
      params: { value: '${{steps.main.output.value}}' },
      depends_on: ['soft', 'main'],
    }),
  ]),
  shape('a retried effect', [
    effect('a', 'idempotent', {
      params: { value: 1, fail_times: 2 },
      retry: { max: 3, backoff: 'exponential', delay: '10s' },
    }),
    noop('b', { depends_on: ['a'] }),
  ]),
  shape('a decision in the middle', [
    effect('a'),
    ask('ok', { depends_on: ['a'] }),
    effect('b', 'unsafe', { params: { value: '${{steps.a.value}} ${{steps.ok.choice}}' } }),
  ]),
  shape('a rejected decision', [ask('ok'), effect('b', 'unsafe', { depends_on: ['ok'] })], {
    decide: { ok: 'no' },
  }),
  shape(
    'a no in a branch, beside one that goes on, below composites that ignore',
    [
      {
        id: 'p',
        type: 'parallel',
        config: {
          branches: [[ask('ok')], [effect('slow', 'unsafe'), { id: 'bad', action: 'test.fail' }]],
        },
        on_error: { strategy: 'ignore' },
      },
      effect('b', 'unsafe', { depends_on: ['p'] }),
    ],
    { decide: { 'p.branch_0.ok': 'no' } },
  ),
  shape(
    'a no that a fallback deals with by name',
    [
      ask('ok', {
        on_error: { strategy: 'fallback_step', fallback_step: 'else', on: ['REJECTED'] },
      }),
      effect('else', 'unsafe'),
      effect('b', 'unsafe', { depends_on: ['ok'] }),
    ],
    { decide: { ok: 'no' } },
  ),
  shape(
    'waits',
    [
      { id: 'w', type: 'wait', config: { duration: '1h' } },
      { id: 's', type: 'wait', config: { signal: 'go' }, depends_on: ['w'] },
      noop('end', { params: { value: '${{steps.s.payload.n}}' } }),
    ],
    { signals: { go: { n: 7 } } },
  ),
  shape('a condition', [
    {
      id: 'c',
      type: 'condition',
      config: {
        expression: '1 + 1',
        branches: { 2: [effect('x'), noop('y')] },
        default: [noop('z')],
      },
    },
    noop('end', { params: { value: '${{steps.c.output}}' } }),
  ]),
  shape('a loop of effects', [
    {
      id: 'l',
      type: 'loop',
      config: {
        over: '[10, 20, 30]',
        body: [effect('x', 'unsafe', { params: { value: '${{loop.item}}' } }), noop('y')],
      },
    },
    noop('end', { params: { value: '${{steps.l.iterations}}' } }),
  ]),
  shape('a concurrent loop', [
    {
      id: 'l',
      type: 'loop',
      config: {
        over: '[1, 2, 3, 4]',
        max_concurrency: 2,
        body: [effect('x', 'idempotent', { params: { value: '${{loop.item}}' } })],
      },
    },
  ]),
  shape('while and until', [
    {
      id: 'w',
      type: 'loop',
      config: { mode: 'while', condition: 'iter.index < 3', max_iter: 9, body: [effect('x')] },
    },
    {
      id: 'u',
      type: 'loop',
      config: { mode: 'until', condition: 'iter.index == 1', max_iter: 9, body: [effect('x')] },
      depends_on: ['w'],
    },
  ]),
  shape('a retried loop keeps what completed', [
    {
      id: 'l',
      type: 'loop',
      retry: { max: 4, backoff: 'constant', delay: '1s' },
      config: {
        over: '[0, 1, 2]',
        body: [
          effect('x', 'unsafe'),
          effect('y', 'idempotent', {
            params: { value: '${{loop.item}}', fail_times: '${{loop.index}}' },
          }),
        ],
      },
    },
  ]),
  shape('parallel all', [
    {
      id: 'p',
      type: 'parallel',
      config: {
        branches: [
          [effect('a'), noop('b')],
          [{ id: 'w', type: 'wait', config: { duration: '5s' } }, effect('c', 'unsafe')],
        ],
      },
    },
    noop('end', { depends_on: ['p'] }),
  ]),
  shape(
    'a race with one possible winner',
    [
      {
        id: 'p',
        type: 'parallel',
        config: {
          mode: 'race',
          branches: [
            [{ id: 'w', type: 'wait', config: { signal: 'never' } }],
            [{ id: 's', type: 'wait', config: { signal: 'now' } }],
          ],
        },
      },
      noop('end', { depends_on: ['p'] }),
    ],
    { signals: { now: 1 } },
  ),
  shape(
    'context and output',
    [
      { id: 's', action: 'test.set', params: { set: { n: 1 } } },
      noop('end', { params: { value: '${{context.n}}' }, depends_on: ['s'] }),
    ],
    { definition: { output: { n: '${{steps.end.value}}' } } },
  ),
  shape('hooks', [effect('a')], {
    definition: { on_complete: effect('done'), on_error: effect('oops') },
  }),
  shape('a failing run with its hook', [{ id: 'bad', action: 'test.fail' }], {
    definition: {
      on_error: effect('oops', 'idempotent', { params: { value: '${{error.code}}' } }),
    },
  }),
  shape(
    'fail fast',
    [
      { id: 'bad', action: 'test.fail' },
      { id: 'w', type: 'wait', config: { duration: '1000h' } },
    ],
    { definition: { fail_fast: true } },
  ),
];

/** Goes on until it is aborted at its first execution, and a while longer. */
const hanging = (
  id: string,
  kind: 'read' | 'idempotent' | 'unsafe' = 'idempotent',
  more: Partial<StepDef> = {},
): StepDef => effect(id, kind, { params: { value: id, hang_times: 1 }, ...more });

/** Goes on until it is aborted, each time. */
const endless = (id: string, more: Partial<StepDef> = {}): StepDef =>
  effect(id, 'idempotent', { ...more, params: { value: id, hang_times: 1000 } });

const again = { timeout: '300ms', retry: { max: 4 } } as const;
const behind = (id: string): StepDef => noop('behind', { depends_on: [id] });

/** What has to wait until something that was stopped is really over. */
export const SETTLING_SHAPES: readonly Shape[] = (
  [
    shape('an attempt after one that was cut off', [
      hanging('a', 'idempotent', again),
      behind('a'),
    ]),
    shape('a read after one that was cut off', [hanging('a', 'read', again), behind('a')]),
    shape('defaults for all', [hanging('a'), behind('a')], { definition: { defaults: again } }),
    shape('a loop over what was cut off', [
      {
        id: 'l',
        type: 'loop',
        ...again,
        config: { over: '[1, 2]', body: [hanging('x'), noop('y')] },
      },
      behind('l'),
    ]),
    shape('branches that were cut off', [
      {
        id: 'p',
        type: 'parallel',
        ...again,
        config: { branches: [[hanging('x')], [effect('y'), hanging('z')]] },
      },
      behind('p'),
    ]),
    shape('a race that was cut off', [
      {
        id: 'p',
        type: 'parallel',
        ...again,
        config: { mode: 'race', branches: [[hanging('x')]] },
      },
      behind('p'),
    ]),
    shape('a branch that was cut off', [
      {
        id: 'c',
        type: 'condition',
        ...again,
        config: { expression: 'true', branches: { true: [hanging('x')] } },
      },
      behind('c'),
    ]),
    shape(
      'a list that one failure ended, tried again',
      [
        {
          id: 'c',
          type: 'condition',
          retry: { max: 4 },
          config: {
            expression: 'true',
            branches: {
              true: [
                hanging('x', 'idempotent', { ...again, timeout: '1h', depends_on: [] }),
                effect('y', 'idempotent', {
                  depends_on: [],
                  params: { value: 1, fail_times: 1 },
                }),
              ],
            },
          },
        },
        behind('c'),
      ],
      { definition: { fail_fast: true } },
    ),
    shape('a loser of a race that takes its time', [
      {
        id: 'p',
        type: 'parallel',
        config: { mode: 'race', branches: [[endless('x')], [noop('a'), effect('y')]] },
      },
      behind('p'),
    ]),
    shape('a cut off step with a fallback', [
      endless('a', {
        timeout: '300ms',
        on_error: { strategy: 'fallback_step', fallback_step: 'b' },
      }),
      effect('b'),
      behind('a'),
    ]),
    shape('a run at its limit', [effect('a'), endless('b', { depends_on: ['a'] })], {
      definition: { timeout: '2s' },
    }),
  ] as const
).map(whole);

type Wrap = (id: string, inner: readonly StepDef[]) => StepDef;

const WRAPS: Readonly<Record<string, Wrap>> = {
  condition: (id, inner) => ({
    id,
    type: 'condition',
    config: { expression: 'true', branches: { true: [noop(`${id}0`), ...inner] } },
  }),
  for_each: (id, inner) => ({
    id,
    type: 'loop',
    config: { over: '[1, 2]', body: [...inner, noop(`${id}1`)] },
  }),
  until: (id, inner) => ({
    id,
    type: 'loop',
    config: { mode: 'until', condition: 'iter.index >= 1', max_iter: 3, body: inner },
  }),
  while: (id, inner) => ({
    id,
    type: 'loop',
    config: { mode: 'while', condition: 'iter.index < 1', max_iter: 3, body: inner },
  }),
  race: (id, inner) => ({
    id,
    type: 'parallel',
    config: {
      mode: 'race',
      branches: [inner, [{ id: `${id}1`, type: 'wait', config: { signal: 'never' } }]],
    },
  }),
  parallel: (id, inner) => ({
    id,
    type: 'parallel',
    config: { branches: [inner, [effect(`${id}1`)]] },
  }),
};

const LEAVES: Readonly<Record<string, readonly StepDef[]>> = {
  unsafe: [effect('leaf', 'unsafe')],
  retried: [
    effect('leaf', 'idempotent', {
      params: { value: 1, fail_times: 1 },
      retry: { max: 1, backoff: 'constant', delay: '1s' },
    }),
  ],
  ignored: [{ id: 'leaf', action: 'test.fail', on_error: { strategy: 'ignore' } }],
  fallback: [
    {
      id: 'leaf',
      action: 'test.fail',
      on_error: { strategy: 'fallback_step', fallback_step: 'leaf_b' },
    },
    effect('leaf_b'),
  ],
  decision: [ask('leaf')],
  wait: [{ id: 'leaf', type: 'wait', config: { duration: '10s' } }],
};

/** Every composite in every composite to depth `depth` around every leaf. */
export function nestedShapes(depth: number): Shape[] {
  let level = Object.entries(LEAVES).map(([name, steps]) => ({ name, steps }));
  const shapes: Shape[] = [];
  for (let d = 1; d <= depth; d++) {
    level = level.flatMap(({ name, steps }) =>
      Object.entries(WRAPS).map(([wrap, around]) => ({
        name: `${wrap} > ${name}`,
        steps: [around(`d${d}`, steps)],
      })),
    );
    for (const { name, steps } of level)
      shapes.push({
        name,
        definition: {
          steps: [
            noop('first'),
            ...steps.map((step) => ({ ...step, depends_on: ['first'] })),
            noop('last', { depends_on: steps.map((step) => step.id) }),
          ],
        },
      });
  }
  return shapes;
}
