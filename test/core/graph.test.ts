import { describe, expect, test } from 'bun:test';
import { nearestName } from '../../src/core/graph-nearest.ts';
import type { Issue } from '../../src/model/issue.ts';
import type { ActionPlan, ListPlan, Plan } from '../../src/model/plan.ts';
import { compile, evaluating as e } from '../validate/support.ts';

function planOf(definition: object): Plan {
  const { plan, problems } = compile(definition);
  expect(problems).toEqual([]);
  if (plan === null) throw new Error('no plan');
  return plan;
}

const problemsOf = (definition: object): Issue[] => compile(definition).problems;

/** `{b: ['a']}`: what each step waits for, by id. */
function waits(list: ListPlan): Record<string, string[]> {
  const idOf = (index: number): string => list.steps[index]?.id ?? '?';
  return Object.fromEntries(list.steps.map((step) => [step.id, step.deps.map(idOf)]));
}

function bodyOfLoop(plan: Plan, index: number): ListPlan {
  const body = plan.top.steps[index]?.body;
  if (body?.type !== 'loop') throw new Error('no loop');
  return body.body;
}

const condition = (id: string, branches: object, more: object = {}): object => ({
  id,
  type: 'condition',
  config: { expression: 'true', branches, ...more },
});
const parallel = (id: string, ...branches: object[][]): object => ({
  id,
  type: 'parallel',
  config: { branches },
});
const loop = (id: string, body: object[], config: object = { over: '[1, 2]' }): object => ({
  id,
  type: 'loop',
  config: { ...config, body },
});
const falling = (fallback: string): object => ({
  on_error: { strategy: 'fallback_step', fallback_step: fallback },
});

describe('what a step waits for', () => {
  test('written dependencies, in the order they are written', () => {
    const plan = planOf({
      steps: [e('a', '1'), e('b', '1'), e('c', '1', { depends_on: ['b', 'a'] })],
    });
    expect(waits(plan.top)).toEqual({ a: [], b: [], c: ['b', 'a'] });
    expect(plan.top.steps.map((step) => step.dependents)).toEqual([[2], [2], []]);
  });

  test('steps that it reads, in guards, params, expressions and texts', () => {
    const plan = planOf({
      steps: [
        e('a', '1'),
        e('guarded', '1', { condition: 'steps.a.result > 0' }),
        e('computed', 'steps.a.result + 1'),
        {
          id: 'told',
          action: 'workflow.log',
          params: { message: 'is ${{steps.computed.result}}' },
        },
        { id: 'waiting', type: 'wait', config: { duration: '${{steps.a.result}}ms' } },
        {
          id: 'late',
          type: 'wait',
          timeout: '${{steps.told.logged}}s',
          config: { duration: '1s' },
        },
        { id: 'by_jq', action: 'jq', params: { filter: '.steps.a.output' } },
      ],
    });
    expect(waits(plan.top)).toEqual({
      a: [],
      guarded: ['a'],
      computed: ['a'],
      told: ['computed'],
      waiting: ['a'],
      late: ['told'],
      by_jq: ['a'],
    });
  });

  test('a jq filter with an input of its own reads nothing of the run', () => {
    const plan = planOf({
      steps: [
        e('a', '1'),
        { id: 'q', action: 'jq', params: { filter: '.steps.nothing', input: { steps: {} } } },
      ],
    });
    expect(waits(plan.top)).toEqual({ a: [], q: [] });
  });

  test('what is read below it, also several composites deep', () => {
    const deep = condition('inner', { true: [e('leaf', 'steps.a.result')] });
    const plan = planOf({ steps: [e('a', '1'), parallel('outer', [loop('l', [deep])])] });
    expect(waits(plan.top)).toEqual({ a: [], outer: ['a'] });
  });

  test('the nearest list that has the id is meant', () => {
    const plan = planOf({
      steps: [e('a', '1'), loop('l', [e('a', '2'), e('b', 'steps.a.result')])],
    });
    expect(waits(plan.top)).toEqual({ a: [], l: [] });
    expect(waits(bodyOfLoop(plan, 1))).toEqual({ a: [], b: ['a'] });
  });

  test('a full path makes it wait for the composite around that step', () => {
    const plan = planOf({
      steps: [
        condition('c', { 'a.b': [e('x', '1')] }),
        loop('l', [e('x', '1')]),
        e('z', "steps['c.a%2Eb.x'].result + steps['l.iter_3.x'].result"),
      ],
    });
    expect(waits(plan.top)).toEqual({ c: [], l: [], z: ['c', 'l'] });
  });

  test('in a sequence the step before, fallbacks left out; an empty list means nothing', () => {
    const plan = planOf({
      order: 'sequence',
      steps: [
        e('a', '1', falling('f')),
        e('f', '0'),
        e('b', '1'),
        e('free', '1', { depends_on: [] }),
        e('c', 'steps.a.result'),
      ],
    });
    expect(waits(plan.top)).toEqual({ a: [], f: [], b: ['a'], free: [], c: ['free', 'a'] });
  });

  test('inside branches and bodies the step before, unless it says otherwise', () => {
    const body = [e('a', '1'), e('b', '1'), e('c', '1', { depends_on: ['a'] })];
    const plan = planOf({ steps: [loop('l', body)] });
    expect(waits(bodyOfLoop(plan, 0))).toEqual({
      a: [],
      b: ['a'],
      c: ['a'],
    });
  });

  test('a loop test sees the body by bare id and its own iterations by path', () => {
    const config = {
      mode: 'until',
      condition: "steps.x.result == 1 || steps['l.iter_0.x'].result == 1",
    };
    const plan = planOf({ steps: [e('x', '0'), loop('l', [e('x', '1')], config)] });
    expect(waits(plan.top)).toEqual({ x: [], l: [] });
  });

  test('the output and hooks read every step and wait for none', () => {
    const plan = planOf({
      steps: [e('a', '1'), loop('l', [e('x', '1')])],
      output: { a: '${{steps.a.result}}', x: "${{steps['l.iter_0.x'].result}}" },
      on_error: e('h', 'error.code', { condition: 'steps.a.status == "failed"' }),
    });
    expect(waits(plan.top)).toEqual({ a: [], l: [] });
    expect(plan.onError?.steps[0]?.id).toBe('@on_error');
  });
});

describe('leaves, results, fallbacks', () => {
  test('leaves are the steps nothing waits for; a fallback is none and makes none', () => {
    const plan = planOf({
      steps: [e('a', '1', falling('f')), e('b', '1'), e('f', '1', { depends_on: ['a'] })],
    });
    expect(plan.top.leaves).toEqual([0, 1]);
    expect(plan.top.result).toBe(1);
    expect(plan.top.steps.map((step) => [step.fallback, step.fallbackOf])).toEqual([
      [2, null],
      [null, null],
      [null, 0],
    ]);
  });

  test('a fallback may read what came before the step it stands in for', () => {
    const plan = planOf({
      order: 'sequence',
      steps: [
        e('a', '1'),
        e('b', '1'),
        e('c', '1', falling('f')),
        e('f', '{"x": steps.a.result, "why": steps.c.error}'),
      ],
    });
    expect(waits(plan.top)).toEqual({ a: [], b: ['a'], c: ['b'], f: ['a', 'c'] });
  });

  const bad: [string, object, string, RegExp][] = [
    [
      'is not there',
      { steps: [e('a', '1', falling('fb')), e('fa', '1')] },
      'steps[0].on_error.fallback_step',
      /no step "fb"/,
    ],
    [
      'is the step itself',
      { steps: [e('a', '1', falling('a'))] },
      'steps[0].on_error.fallback_step',
      /its own fallback/,
    ],
    [
      'belongs to two steps',
      { steps: [e('a', '1', falling('f')), e('b', '1', falling('f')), e('f', '1')] },
      'steps[1].on_error.fallback_step',
      /one step only/,
    ],
    [
      'waits for a stranger',
      { steps: [e('a', '1', falling('f')), e('b', '1'), e('f', '1', { depends_on: ['b'] })] },
      'steps[2].depends_on[0]',
      /may depend only on it/,
    ],
    [
      'is what its step waits for',
      { steps: [e('a', '1', { ...falling('f'), depends_on: ['f'] }), e('f', '1')] },
      'steps[0].depends_on[0]',
      /a → f → a/,
    ],
    [
      'goes round',
      { steps: [e('a', '1', falling('b')), e('b', '1', falling('a'))] },
      'steps[1].on_error.fallback_step',
      /a → b → a/,
    ],
  ];
  test.each(bad)('a fallback that %s is refused', (_name, definition, path, message) => {
    const [problem] = problemsOf(definition);
    expect(problem?.path).toBe(path);
    expect(problem?.message).toMatch(message);
  });
});

describe('cycles', () => {
  test('are named, with who waits for whom and where', () => {
    const [problem, ...others] = problemsOf({
      steps: [
        e('a', 'steps.c.result'),
        e('b', '1', { depends_on: ['a'] }),
        e('c', 'steps.b.result'),
      ],
    });
    expect(others).toEqual([]);
    expect(problem?.code).toBe('CYCLE_DETECTED');
    expect(problem?.message).toContain('a → c → b → a');
    expect(problem?.hint).toContain('"a" reads "c" at steps[0].params.expression');
  });

  test('reading a later step of a sequence is one', () => {
    const [problem] = problemsOf({
      steps: [e('a', 'steps.b.result'), e('b', '1')],
      order: 'sequence',
    });
    expect(problem?.code).toBe('CYCLE_DETECTED');
    expect(problem?.path).toBe('steps[0].params.expression');
  });

  test('one inside a branch is found there', () => {
    const [problem] = problemsOf({
      steps: [condition('c', { yes: [e('x', 'steps.y.result'), e('y', '1')] })],
    });
    expect(problem?.path).toBe('steps[0].config.branches.yes[0].params.expression');
    expect(problem?.message).toContain('x → y → x');
  });

  test('two that are apart are both told', () => {
    const pair = (a: string, b: string): object[] => [
      e(a, '1', { depends_on: [b] }),
      e(b, '1', { depends_on: [a] }),
    ];
    const problems = problemsOf({ steps: [...pair('a', 'b'), ...pair('c', 'd')] });
    expect(problems.map((problem) => problem.message.slice(-9))).toEqual([
      'a → b → a',
      'c → d → c',
    ]);
  });

  test('one through 10,000 steps is told in a line and does not overflow', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) =>
      e(`s${i}`, '1', { depends_on: [`s${(i + 1) % 10_000}`] }),
    );
    const [problem] = problemsOf({ steps });
    expect(problem?.code).toBe('CYCLE_DETECTED');
    expect(problem?.message.length).toBeLessThan(200);
  });
});

describe('what cannot be read', () => {
  const cases: [string, object, string, RegExp][] = [
    [
      'a step that is nowhere',
      { steps: [e('fetch', '1'), e('b', 'steps.fech.result')] },
      'steps[1].params.expression',
      /no step "fech".*there is: fetch, b/,
    ],
    [
      'itself',
      { steps: [e('a', 'steps.a.result')] },
      'steps[0].params.expression',
      /inside itself/,
    ],
    [
      'the composite around it',
      { steps: [loop('l', [e('x', 'steps.l.iterations')])] },
      'steps[0].config.body[0].params.expression',
      /inside itself/,
    ],
    [
      'another branch of a parallel',
      { steps: [parallel('p', [e('x', '1')], [e('y', "steps['p.branch_0.x'].result")])] },
      'steps[0].config.branches[1][0].params.expression',
      /another branch of "p"/,
    ],
    [
      'another branch of a condition',
      { steps: [condition('c', { a: [e('x', '1')], b: [e('y', "steps['c.a.x'].result")] })] },
      'steps[0].config.branches.b[0].params.expression',
      /another branch of "c"/,
    ],
    [
      'another iteration where several run at once',
      {
        steps: [
          loop('l', [e('x', '1'), e('y', "steps['l.iter_0.x'].result")], {
            over: '[1]',
            max_concurrency: 2,
          }),
        ],
      },
      'steps[0].config.body[1].params.expression',
      /several iterations at once/,
    ],
    [
      'the iteration before where several run at once',
      { steps: [loop('l', [e('x', 'loop.previous')], { over: '[1]', max_concurrency: 2 })] },
      'steps[0].config.body[0].params.expression',
      /`loop.previous` is not there/,
    ],
    [
      'a nested step by its bare id',
      { steps: [loop('l', [e('x', '1')]), e('z', 'steps.x.result')] },
      'steps[1].params.expression',
      /no step "x"/,
    ],
    [
      'a path that is no step',
      { steps: [loop('l', [e('x', '1')]), e('z', "steps['l.iter_0'].result")] },
      'steps[1].params.expression',
      /no step "l.iter_0"/,
    ],
    [
      'its own branches, before they have run',
      {
        steps: [{ ...parallel('p', [e('x', '1')]), condition: "steps['p.branch_0.x'].result > 1" }],
      },
      'steps[0].condition',
      /"p" has not ended/,
    ],
    [
      'the loop where there is none',
      {
        steps: [
          {
            id: 'a',
            action: 'workflow.log',
            params: { message: 'x', data: [1, '${{loop.item}}'] },
          },
        ],
      },
      'steps[0].params.data[1]',
      /no loop is around/,
    ],
    [
      'the error outside of the hook that has it',
      { steps: [e('a', '1')], on_complete: e('h', 'error.code') },
      'on_complete.params.expression',
      /only the `on_error` hook/,
    ],
    [
      'a step before any has run',
      { steps: [e('a', '1')], inputs: { x: '${{steps.a.result}}' } },
      'inputs.x',
      /no step has run yet/,
    ],
    [
      'an action’s own data in a guard',
      { steps: [e('a', '1', { condition: 'data.x == 1' })] },
      'steps[0].condition',
      /`data` cannot be read here/,
    ],
  ];
  test.each(cases)('%s', (_name, definition, path, message) => {
    const problems = problemsOf(definition);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(message);
    expect(problems[0]?.severity).toBe('error');
  });

  test('a nested step is named by its path', () => {
    const [problem] = problemsOf({ steps: [loop('l', [e('x', '1')]), e('z', 'steps.x.result')] });
    expect(problem?.hint).toContain("steps['l.iter_0.x']");
  });
});

describe('actions', () => {
  const bodyOf = (step: object, more: object = {}): ActionPlan => {
    const body = planOf({ steps: [step], ...more }).top.steps[0]?.body;
    if (body?.type !== 'action') throw new Error('no action');
    return body;
  };

  test('`run` is a strict shell command', () => {
    expect(bodyOf({ id: 'a', run: 'ls', params: { cwd: 'src' } })).toMatchObject({
      action: 'shell.exec',
      effect: 'unsafe',
      via: 'effect',
      params: { raw: { command: 'ls', shell: true, fail_on_error: true, cwd: 'src' } },
    });
  });

  test('interpolated values are never shell text', () => {
    const step = { id: 'a', run: 'echo ${{inputs.x}} $${{literal}} "${{ inputs.y }}"' };
    const { params } = bodyOf(step);
    expect(params.raw).toMatchObject({
      command: 'echo "$OPCODE_V1" $${{literal}} "${OPCODE_V2}"',
      hole_env: { OPCODE_V1: '${{inputs.x}}', OPCODE_V2: '${{ inputs.y }}' },
    });
    expect(params.dynamic).toBe(true);
  });

  test('whether a command is shell text must be known beforehand', () => {
    const params = { command: 'echo ${{inputs.x}}', shell: '${{inputs.s}}' };
    const [problem] = problemsOf({ steps: [{ id: 'a', action: 'shell.exec', params }] });
    expect(problem?.path).toBe('steps[0].params.shell');
  });

  test('without a shell the command is a plain template', () => {
    const params = { command: 'echo', args: ['${{inputs.x}}'] };
    expect(bodyOf({ id: 'a', action: 'shell.exec', params }).params.raw).toEqual(params);
  });

  test('the effect is that of the call, the step’s word counts more, a stranger is unsafe', () => {
    const request = (method: string): object => ({
      id: 'a',
      action: 'http.request',
      params: { url: 'http://x', method },
    });
    expect(bodyOf(request('GET')).effect).toBe('read');
    expect(bodyOf(request('${{inputs.m}}')).effect).toBe('unsafe');
    expect(bodyOf({ ...request('POST'), effect: 'idempotent' }).effect).toBe('idempotent');
    expect(bodyOf({ id: 'a', action: 'some.tool' })).toMatchObject({
      effect: 'unsafe',
      via: 'effect',
    });
  });

  test('who carries it out', () => {
    expect(bodyOf({ id: 'a', action: 'crypto.hash', params: { data: 'x' } }).via).toBe('inline');
    expect(bodyOf({ id: 'a', action: 'workflow.run', params: { template_name: 't' } }).via).toBe(
      'child',
    );
    const evaluated = bodyOf(e('a', 'inputs.n + 1'));
    expect(evaluated.via).toBe('engine');
    expect(evaluated.expression?.engine).toBe('expr');
    expect(bodyOf(e('a', '${{inputs.formula}}')).expression).toBeNull();
  });

  test('defaults: the exact action over its prefix, the step over both', () => {
    const defaults = {
      timeout: '5s',
      retry: { max: 2 },
      params: {
        http: { headers: { a: '1' }, timeout: '1s', max_redirects: 3 },
        'http.get': { timeout: '2s' },
        fs: { create_dirs: true },
      },
    };
    const get = { id: 'a', action: 'http.get', params: { url: 'http://x', max_redirects: 0 } };
    expect(bodyOf(get, { defaults }).params.raw).toEqual({
      headers: { a: '1' },
      timeout: '2s',
      url: 'http://x',
      max_redirects: 0,
    });
    const read = { id: 'a', action: 'fs.read', params: { path: 'x' } };
    expect(bodyOf(read, { defaults }).params.raw).toEqual({ path: 'x' });
    const plan = planOf({ steps: [read], defaults, on_complete: read });
    expect(plan.top.steps[0]).toMatchObject({ timeout: { ms: 5000 }, retry: { max: 2 } });
    expect(plan.onComplete?.steps[0]?.timeout).toBeNull();
  });

  test('a problem in a default is told once, where the default is', () => {
    const steps = [1, 2, 3].map((n) => ({ id: `s${n}`, action: 'fs.read', params: {} }));
    const defaults = { timeout: '5', params: { 'fs.read': { path: '${{inputs.' } } };
    const paths = problemsOf({ steps, defaults }).map((problem) => problem.path);
    expect(paths).toEqual(['defaults.timeout', 'defaults.params["fs.read"].path']);
  });

  test('secrets only where an action takes them', () => {
    const fine = {
      steps: [
        { id: 'a', action: 'http.get', params: { url: 'x', headers: { a: ['${{secrets.T}}'] } } },
        {
          id: 'b',
          action: 'workflow.run',
          params: { template_name: 't', params: { k: '${{secrets.T}}' } },
        },
        { id: 'c', action: 'shell.exec', params: { command: 'x', env: { K: '${{secrets.T}}' } } },
        { id: 'd', action: 'plugin.tool', params: { k: '${{secrets.T}}' } },
      ],
      inputs: { t: '${{secrets.T}}' },
    };
    expect(problemsOf(fine)).toEqual([]);
    const refused: [object, string][] = [
      [
        { action: 'shell.exec', params: { command: 'x', args: ['${{secrets.T}}'] } },
        'params.args[0]',
      ],
      [{ run: 'echo ${{secrets.T}}' }, 'run'],
      [{ action: 'crypto.hash', params: { data: '${{secrets.T}}' } }, 'params.data'],
      [
        { type: 'reasoning', config: { prompt_context: '${{secrets.T}}' } },
        'config.prompt_context',
      ],
      [{ type: 'wait', config: { signal: '${{secrets.T}}' } }, 'config.signal'],
      [{ action: 'fs.read', params: { path: 'x' }, condition: 'secrets.T == "x"' }, 'condition'],
    ];
    for (const [step, path] of refused) {
      const problems = problemsOf({ steps: [{ id: 'a', ...step }] });
      expect(problems.map((problem) => problem.path)).toEqual([`steps[0].${path}`]);
      expect(problems[0]?.message).toContain('secret');
    }
  });
});

describe('bodies', () => {
  test('waits, decisions and loops in their compiled form', () => {
    const plan = planOf({
      steps: [
        { id: 'w', type: 'wait', config: { until: '2026-01-31T09:00:00Z' } },
        { id: 's', type: 'wait', config: { signal: 'go', timeout: '1h', on_timeout: 'continue' } },
        {
          id: 'r',
          type: 'reasoning',
          config: {
            options: [{ id: 'a' }],
            data_inject: { path: 'inputs.x', text: 'steps to take', tpl: '${{inputs.y}}', n: 5 },
          },
        },
        loop('l', [e('x', '1')], { over: ['${{inputs.a}}', 2], max_iter: 5, max_concurrency: 3 }),
      ],
    });
    expect(plan.top.steps[0]?.body).toMatchObject({ until: { kind: 'template' }, duration: null });
    expect(plan.top.steps[1]?.body).toMatchObject({
      timeout: { ms: 3_600_000 },
      onTimeout: 'continue',
    });
    const { body } = plan.top.steps[2] ?? {};
    const kinds =
      body?.type === 'reasoning' ? body.data.map((item) => [item.key, item.source.kind]) : [];
    expect(kinds).toEqual([
      ['path', 'expression'],
      ['text', 'template'],
      ['tpl', 'template'],
      ['n', 'template'],
    ]);
    expect(plan.top.steps[3]?.body).toMatchObject({
      mode: 'for_each',
      over: { kind: 'template' },
      maxIter: 5,
      maxConcurrency: 3,
    });
  });

  const bad: [object, string, RegExp][] = [
    [{ id: 'w', type: 'wait', config: { until: '2026-01-31 09:00' } }, 'config.until', /RFC 3339/],
    [{ id: 'w', type: 'wait', config: { duration: '30' } }, 'config.duration', /no unit/],
    [{ id: 'a', action: 'fs.read', params: {}, timeout: '5 minutes' }, 'timeout', /not a duration/],
    [{ id: 'a', action: 'fs.read', params: {}, condition: 'inputs.a ==' }, 'condition', /./],
    [{ id: 'a', action: 'fs.read', params: { path: '${{ }}' } }, 'params.path', /empty/],
    [
      { id: 'l', type: 'loop', config: { over: '${{inputs.a}}.b', body: [] } },
      'config.over',
      /whole/,
    ],
  ];
  test.each(bad)('%j', (step, path, message) => {
    const problems = problemsOf({ steps: [step] });
    expect(problems.map((problem) => problem.path)).toEqual([`steps[0].${path}`]);
    expect(problems[0]?.message).toMatch(message);
  });
});

test('any graph of steps keeps its edges, and 10,000 steps take linear time', () => {
  const build = (count: number): object => ({
    steps: Array.from({ length: count }, (_, i) =>
      e(
        `s${i}`,
        '1',
        i === 0 ? {} : { depends_on: [`s${Math.floor(i / 2)}`].slice(i === 1 ? 1 : 0) },
      ),
    ),
  });
  const plan = planOf(build(10_000));
  for (const step of plan.top.steps) {
    for (const dep of step.deps) expect(plan.top.steps[dep]?.dependents).toContain(step.index);
  }
});

describe('the nearest name', () => {
  const cases: [string, string | null][] = [
    ['depend_on', 'depends_on'],
    ['dpeends_on', 'depends_on'],
    ['PARAMS', 'params'],
    ['x', null],
    ['somethingelse', null],
  ];
  test.each(cases)('%s', (name, near) => {
    expect(nearestName(name, ['depends_on', 'params', 'y'])).toBe(near);
  });
});
