import { describe, expect, test } from 'bun:test';
import { check, evaluating as e } from './support.ts';

const decision = (id: string, config: object = {}): object => ({
  id,
  type: 'reasoning',
  config: { prompt_context: 'go on?', options: [{ id: 'yes' }, { id: 'no' }], ...config },
});
const post = (id: string, more: object = {}): object => ({
  id,
  action: 'http.post',
  params: { url: 'http://x' },
  ...more,
});
const shell = (id: string, params: object = {}, more: object = {}): object => ({
  id,
  action: 'shell.exec',
  params: { command: 'x', ...params },
  ...more,
});

/** `path message` of each issue; all must be warnings. */
function warnings(definition: object, deps: object = {}): string[] {
  const issues = check(definition, deps);
  expect(issues.filter((issue) => issue.severity === 'error')).toEqual([]);
  return issues.map((issue) => `${issue.path} ${issue.message}`);
}

const only = (definition: object, path: string, message: string, deps: object = {}): void => {
  const found = warnings(definition, deps);
  expect(found).toHaveLength(1);
  expect(found[0]).toStartWith(`${path} `);
  expect(found[0]).toContain(message);
};

describe('a choice nobody acts on', () => {
  const behind = { depends_on: ['ok'] };

  test('with something happening behind it', () => {
    only({ steps: [decision('ok'), post('go', behind)] }, 'steps[0]', 'nothing reads the choice');
  });

  test('also in a branch, with the effect behind the composite', () => {
    const steps = [
      { id: 'p', type: 'parallel', config: { branches: [[decision('ok')]] } },
      post('go', { depends_on: ['p'] }),
    ];
    only({ steps }, 'steps[0].config.branches[0][0]', 'nothing reads the choice');
  });

  const fine: [string, object[]][] = [
    [
      'an option stops',
      [decision('ok', { options: [{ id: 'no', outcome: 'stop' }] }), post('go', behind)],
    ],
    ['a guard reads it', [decision('ok'), post('go', { condition: 'steps.ok.choice == "yes"' })]],
    [
      'a condition reads it',
      [
        decision('ok'),
        {
          id: 'c',
          type: 'condition',
          config: { expression: 'steps.ok.output.choice', branches: { yes: [e('x', '1')] } },
        },
        post('go', { depends_on: ['c'] }),
      ],
    ],
    [
      'all of it is read',
      [decision('ok'), post('go', { params: { url: 'x', body: '${{steps.ok}}' } })],
    ],
    ['nothing comes behind it', [decision('ok'), post('go')]],
    [
      'only a read comes behind it',
      [decision('ok'), { id: 'r', action: 'fs.read', params: { path: 'x' }, ...behind }],
    ],
    ['only something pure comes behind it', [decision('ok'), e('x', '1', behind)]],
  ];
  test.each(fine)('not when %s', (_name, steps) => {
    expect(warnings({ steps })).toEqual([]);
  });

  test('reading only its data is no reading of the choice', () => {
    const steps = [
      decision('ok'),
      post('go', { params: { url: 'x', body: '${{steps.ok.data}}' } }),
    ];
    expect(warnings({ steps })).toHaveLength(1);
  });
});

describe('an exit code nobody looks at', () => {
  test('by default', () => {
    only({ steps: [shell('a')] }, 'steps[0]', 'exit code of "a"');
  });

  const fine: [string, object][] = [
    ['it must be 0', { steps: [shell('a', { fail_on_error: true })] }],
    ['`run` is used', { steps: [{ id: 'a', run: 'x' }] }],
    [
      'a default says so',
      { steps: [shell('a')], defaults: { params: { 'shell.exec': { fail_on_error: true } } } },
    ],
    ['a step reads it', { steps: [shell('a'), e('b', 'steps.a.exit_code == 0')] }],
    ['the output holds it', { steps: [shell('a')], output: '${{steps.a.output}}' }],
    [
      'a full path reads it',
      {
        steps: [
          { id: 'l', type: 'loop', config: { over: [1], body: [shell('a')] } },
          e('b', "steps['l.iter_0.a'].exit_code"),
        ],
      },
    ],
  ];
  test.each(fine)('not when %s', (_name, definition) => {
    expect(warnings(definition)).toEqual([]);
  });
});

describe('decisions, loops, repeats', () => {
  test('a decision with a timeout and no fallback', () => {
    only({ steps: [decision('d', { timeout: '1h' })] }, 'steps[0]', 'no fallback');
    only({ steps: [{ ...decision('d'), timeout: '1h' }] }, 'steps[0]', 'no fallback');
    expect(warnings({ steps: [decision('d', { timeout: '1h', fallback: 'no' })] })).toEqual([]);
    expect(warnings({ steps: [decision('d')] })).toEqual([]);
  });

  test('not when on_error deals with the time-out', () => {
    const late = (on_error: object) => ({ ...decision('d', { timeout: '1h' }), on_error });
    expect(warnings({ steps: [late({ strategy: 'ignore' })] })).toEqual([]);
    expect(warnings({ steps: [late({ strategy: 'ignore', on: ['TIMEOUT_ERROR'] })] })).toEqual([]);
    only({ steps: [late({ strategy: 'ignore', on: ['REJECTED'] })] }, 'steps[0]', 'no fallback');
  });

  test('a tested loop without max_iter', () => {
    const loop = (config: object): object => ({
      steps: [{ id: 'l', type: 'loop', config: { body: [e('x', '1')], ...config } }],
    });
    only(loop({ mode: 'while', condition: 'false' }), 'steps[0].config', 'no `max_iter`');
    expect(warnings(loop({ mode: 'until', condition: 'true', max_iter: 3 }))).toEqual([]);
    expect(warnings(loop({ over: [1] }))).toEqual([]);
  });

  const strict = { fail_on_error: true };
  test('an unsafe step that repeats timeouts', () => {
    only(
      { steps: [shell('a', strict, { retry: { max: 1 } })] },
      'steps[0].retry',
      'tried again after a timeout',
    );
    const append = {
      id: 'a',
      action: 'fs.append',
      params: { path: 'x', content: 'y' },
      retry: { max: 1, on: ['TIMEOUT_ERROR'] },
    };
    only({ steps: [append] }, 'steps[0].retry', 'tried again after a timeout');
  });

  const fine: [string, object][] = [
    [
      'timeouts are not repeated',
      shell('a', strict, { retry: { max: 1, on: ['EXECUTION_ERROR'] } }),
    ],
    ['nothing is repeated', shell('a', strict, { retry: { max: 0 } })],
    [
      'it passes the key on',
      shell('a', { ...strict, args: ['${{step.idempotency_key}}'] }, { retry: { max: 1 } }),
    ],
    [
      'the command takes the key',
      shell(
        'a',
        { ...strict, command: 'x $OPCODE_IDEMPOTENCY_KEY', shell: true },
        { retry: { max: 1 } },
      ),
    ],
    ['it says it may be repeated', shell('a', strict, { retry: { max: 1 }, effect: 'idempotent' })],
    ['http sends the key by itself', post('a', { retry: { max: 1 } })],
  ];
  test.each(fine)('not when %s', (_name, step) => {
    expect(warnings({ steps: [step] })).toEqual([]);
  });
});

describe('secrets the vault does not hold', () => {
  const step = {
    id: 'a',
    action: 'http.get',
    params: { url: 'x', body: { a: ['Bearer ${{secrets.NOPE}}'], b: '${{secrets.TOKEN}}' } },
  };

  test('are named where they stand', () => {
    only({ steps: [step] }, 'steps[0].params.body.a[0]', 'no secret "NOPE"');
    only(
      { steps: [e('a', '1')], inputs: { k: "${{secrets['NO-PE']}}" } },
      'inputs.k',
      'no secret "NO-PE"',
    );
  });

  test('not when nobody can tell', () => {
    expect(warnings({ steps: [step] }, { knownSecrets: null })).toEqual([]);
  });

  test('of a group that the settings do not have', () => {
    const steps = [{ id: 'a', action: 'expr.eval', params: { expression: '1' } }];
    const [only, ...more] = warnings({ steps, concurrency: { group: 'gpus' } });
    expect(JSON.stringify(only)).toContain('gpus');
    expect(more).toEqual([]);
    expect(warnings({ steps, concurrency: { group: 'gpu' } })).toEqual([]);
  });
});
