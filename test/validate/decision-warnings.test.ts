import { describe, expect, test } from 'bun:test';
import { check } from './support.ts';

const yesNo = { prompt_context: '?', options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }] };
const ask = (id: string, more: object = {}): object => ({
  id,
  type: 'reasoning',
  config: yesNo,
  ...more,
});
const free = (id: string): object => ask(id, { config: { prompt_context: '?' } });
const act = (depends_on: string[], id = 'act'): object => ({ id, run: 'rm -rf x', depends_on });
const note = (id: string, more: object = {}): object => ({
  id,
  action: 'expr.eval',
  params: { expression: '1' },
  ...more,
});
const ignore = { on_error: { strategy: 'ignore' } };
const standIn = (fallback_step: string, on?: string[]) => ({
  on_error: { strategy: 'fallback_step', fallback_step, ...(on === undefined ? {} : { on }) },
});
const parallel = (...branch: object[]): object => ({
  id: 'p',
  type: 'parallel',
  config: { branches: [branch] },
});

const codesOf = (...steps: object[]): string[] =>
  check({ steps }).map(({ code, path }) => `${code} ${path}`);
const about = (code: string, ...steps: object[]): string[] =>
  codesOf(...steps).filter((each) => each.startsWith(code));

describe('a handler that does not catch the no it stands around', () => {
  test.each<[string, object, string]>([
    ['ignore of a composite', { ...parallel(ask('q')), ...ignore }, 'steps[0].on_error'],
    [
      'ignore further out',
      {
        id: 'l',
        type: 'loop',
        config: { over: '[1]', body: [parallel(ask('q'))] },
        ...ignore,
      },
      'steps[0].on_error',
    ],
    ['ignore of the decision', ask('q', ignore), 'steps[0].on_error'],
  ])('%s', (_name, step, path) => {
    expect(about('UNCAUGHT_REFUSAL', step)).toEqual([`UNCAUGHT_REFUSAL ${path}`]);
  });

  test('the fallback of a composite', () => {
    const steps = [{ ...parallel(ask('q')), ...standIn('f') }, note('f')];
    expect(about('UNCAUGHT_REFUSAL', ...steps)).toEqual(['UNCAUGHT_REFUSAL steps[0].on_error']);
  });

  const fine: [string, object[]][] = [
    [
      'its codes are named',
      [{ ...parallel(ask('q')), on_error: { strategy: 'ignore', on: ['TIMEOUT_ERROR'] } }],
    ],
    ['it names REJECTED', [ask('q', { on_error: { strategy: 'ignore', on: ['REJECTED'] } })]],
    ['no option stops', [{ ...parallel(free('q')), ...ignore }]],
    [
      'the no is dealt with inside',
      [
        {
          ...parallel(ask('q', { on_error: { strategy: 'ignore', on: ['REJECTED'] } })),
          ...ignore,
        },
      ],
    ],
    ['it is the escalation of a decision', [ask('q', standIn('r')), ask('r')]],
  ];
  test.each(fine)('not when %s', (_name, steps) => {
    expect(about('UNCAUGHT_REFUSAL', ...steps)).toEqual([]);
  });
});

describe('a stand-in for a decision that approves nothing', () => {
  test('with an effect behind it', () => {
    expect(about('UNAPPROVED', ask('q', standIn('f')), note('f'), act(['q']))).toEqual([
      'UNAPPROVED steps[0].on_error.fallback_step',
    ]);
  });

  test('at the end of a ladder', () => {
    const steps = [ask('a', standIn('b')), ask('b', standIn('page')), note('page'), act(['a'])];
    expect(about('UNAPPROVED', ...steps)).toEqual(['UNAPPROVED steps[1].on_error.fallback_step']);
  });

  const fine: [string, object[]][] = [
    [
      'nothing happens behind it',
      [ask('q', standIn('f')), note('f'), note('n', { depends_on: ['q'] })],
    ],
    ['the stand-in is a decision', [ask('q', standIn('f')), ask('f'), act(['q'])]],
    ['the stand-in holds one', [ask('q', standIn('p')), parallel(ask('r')), act(['q'])]],
    [
      'the stand-in fails',
      [ask('q', standIn('f')), { id: 'f', action: 'workflow.fail', params: {} }, act(['q'])],
    ],
    [
      'a guard reads the choice',
      [ask('q', standIn('f')), note('f'), { ...act(['q']), condition: "steps.q.choice == 'yes'" }],
    ],
  ];
  test.each(fine)('not when %s', (_name, steps) => {
    expect(about('UNAPPROVED', ...steps)).toEqual([]);
  });
});

describe('many tries without a delay', () => {
  test.each<[object, string[]]>([
    [{ max: 11 }, ['EAGER_RETRY steps[0].retry']],
    [{ max: 11, delay: '0s' }, ['EAGER_RETRY steps[0].retry']],
    [{ max: 11, delay: '1s', backoff: 'none' }, ['EAGER_RETRY steps[0].retry']],
    [{ max: 10 }, []],
    [{ max: 11, delay: '1s' }, []],
    [{ max: 11, delay: '1s', backoff: 'exponential' }, []],
  ])('%j', (retry, expected) => {
    expect(about('EAGER_RETRY', note('a', { retry }))).toEqual(expected);
  });

  test('by default, told once', () => {
    const definition = { defaults: { retry: { max: 50 } }, steps: [note('a'), note('b')] };
    const codes = check(definition).filter(({ code }) => code === 'EAGER_RETRY');
    expect(codes.map(({ path }) => path)).toEqual(['defaults.retry']);
  });
});

describe('a choice that a stand-in does not have', () => {
  const guarded = (condition: string): object => note('go', { depends_on: ['q'], condition });
  const asked = ask('q', standIn('other'));
  const about_ = (condition: string, first: object = asked, other: object = note('other')) =>
    about('STAND_IN_CHOICE', first, other, guarded(condition));

  test.each<[string, string[]]>([
    ["steps.q.choice == 'yes'", ['STAND_IN_CHOICE steps[2].condition']],
    ["steps.q.output.choice == 'yes'", ['STAND_IN_CHOICE steps[2].condition']],
    ["has(steps.q.choice) && steps.q.choice == 'yes'", []],
    ["expr: steps.q?.choice == 'yes'", []],
  ])('%s', (condition, expected) => expect(about_(condition)).toEqual(expected));

  test('is missing where the last of several stand-ins is no decision', () => {
    const read = "steps.q.choice == 'yes'";
    const ladder = [asked, ask('other', standIn('page')), note('page'), guarded(read)];
    expect(about('STAND_IN_CHOICE', ...ladder)).toEqual(['STAND_IN_CHOICE steps[3].condition']);
  });

  test('is missing after an ignored failure, too', () => {
    expect(about_("steps.q.choice == 'yes'", ask('q', ignore))).toHaveLength(1);
  });

  test('is there without a handler, and where a decision stands in', () => {
    expect(about_("steps.q.choice == 'yes'", ask('q'))).toEqual([]);
    expect(about_("steps.q.choice == 'yes'", asked, ask('other'))).toEqual([]);
  });
});
