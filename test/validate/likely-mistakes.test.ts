/** Warnings of texts that surely mean something else, and hints that say what was meant. */
import { describe, expect, test } from 'bun:test';
import { check, evaluating as e, errorsOf, warningsOf } from './support.ts';

const log = (message: string, more: object = {}): object => ({
  id: 'say',
  action: 'workflow.log',
  params: { message },
  ...more,
});

const told = (workflow: object): string[] =>
  warningsOf(check(workflow)).map(({ code, path, hint }) => `${code} ${path}: ${hint}`);

describe('templates of other systems', () => {
  const input_schema = { type: 'object', required: ['who'], properties: { who: {} } };
  const cases: [string, string][] = [
    ['{{inputs.who}}', 'inputs.who'],
    ['{{ steps.a.output }}', 'steps.a.output'],
    ['hello {{steps.a.result}}!', 'steps.a.result'],
    ['${steps.a.output}', 'steps.a.output'],
    ['${inputs.who}', 'inputs.who'],
    ['{{ who }}', 'inputs.who'],
    ['${who}', 'inputs.who'],
    ['{{a}}', 'steps.a.output'],
    ['{{item}}', 'loop.item'],
    ["{{steps['a'].result}}", "steps['a'].result"],
  ];
  test.each(cases)('%s', (text, meant) => {
    const workflow = { input_schema, steps: [e('a', '1'), log(text)] };
    const found = told(workflow).filter((line) => !line.startsWith('WRAPPED_RESULT'));
    expect(found).toEqual([`PLAIN_TEMPLATE steps[1].params.message: write \`\${{${meant}}}\``]);
  });

  const fine = ['$${{inputs.who}}', '{{.State}}', '{{other}}', '${HOME}', '{ inputs.who }', '{{}}'];
  test.each(fine)('%s is left alone', (text) => {
    expect(told({ input_schema, steps: [e('a', '1'), log(text)] })).toEqual([]);
  });

  test('in a shell only what a shell does not have', () => {
    const run = (text: string): object => ({ input_schema, steps: [{ id: 'a', run: text }] });
    expect(told(run('echo ${who} {{who}} {{.Names}}'))).toEqual([]);
    expect(told(run('echo {{inputs.who}}'))[0]).toStartWith('PLAIN_TEMPLATE steps[0].run');
    expect(told(run('echo ${inputs.who}'))[0]).toStartWith('PLAIN_TEMPLATE steps[0].run');
  });

  test('in an output, a question, a branch', () => {
    const ask = { prompt_context: 'Go on, {{inputs.who}}?', options: [{ id: 'yes' }] };
    const branch = [log('{{inputs.who}}')];
    const workflow = {
      input_schema,
      steps: [
        { id: 'q', type: 'reasoning', config: ask },
        { id: 'p', type: 'parallel', config: { branches: [branch] } },
      ],
      output: { text: '{{inputs.who}}' },
    };
    expect(told(workflow).map((line) => line.split(':')[0])).toEqual([
      'PLAIN_TEMPLATE steps[0].config.prompt_context',
      'PLAIN_TEMPLATE steps[1].config.branches[0][0].params.message',
      'PLAIN_TEMPLATE output.text',
    ]);
  });
});

describe('inputs', () => {
  const schema = (more: object = {}): object => ({
    type: 'object',
    properties: { kind: { type: 'string' }, size: { type: 'integer', default: 1 } },
    ...more,
  });
  const reading = (text: string, input_schema: object = schema(), more: object = {}): object => ({
    input_schema,
    steps: [log(text)],
    ...more,
  });

  test('that the schema does not have', () => {
    const [line] = told(reading('${{inputs.knd}}'));
    expect(line).toBe('UNDECLARED_INPUT steps[0].params.message: did you mean "kind"?');
  });

  test('that nobody has to give', () => {
    expect(told(reading('${{inputs.kind}}'))[0]).toStartWith(
      'OPTIONAL_INPUT steps[0].params.message: require it',
    );
  });

  const fine: [string, object][] = [
    ['a required one', reading('${{inputs.kind}}', schema({ required: ['kind'] }))],
    ['one with a default', reading('${{inputs.size}}')],
    [
      'one that the definition gives',
      reading('${{inputs.kind}}', schema(), { inputs: { kind: 'a' } }),
    ],
    ['one with something instead', reading("${{inputs.kind ?? 'a'}}")],
    ['one that is asked about', reading("${{has(inputs.kind) ? inputs.kind : 'a'}}")],
    [
      'a field of a schema that takes more',
      reading('${{inputs.x}}', schema({ additionalProperties: true })),
    ],
    ['any field without a schema', { steps: [log('${{inputs.x}}')] }],
    [
      'one behind a guard',
      {
        input_schema: schema(),
        steps: [log('${{inputs.kind}}', { condition: 'has(inputs.kind)' })],
      },
    ],
  ];
  test.each(fine)('%s is fine', (_name, workflow) => {
    expect(told(workflow)).toEqual([]);
  });
});

test('a decision that its step ends first', () => {
  const config = { prompt_context: '?', options: [{ id: 'y' }], timeout: '2h', fallback: 'y' };
  const ask = { id: 'q', type: 'reasoning', timeout: '1m', config };
  expect(told({ steps: [ask] })[0]).toStartWith('DECISION_TIMEOUT steps[0].config.timeout');
  expect(told({ steps: [{ ...ask, timeout: '3h' }] })).toEqual([]);
});

test('fields that have no effect', () => {
  const workflow = { tags: ['a'], labels: { team: 'x' }, steps: [e('a', '1', { labels: {} })] };
  expect(told(workflow).map((line) => line.split(':')[0])).toEqual([
    'NO_EFFECT tags',
    'NO_EFFECT steps[0].labels',
  ]);
});

describe('hints', () => {
  const hintOf = (workflow: object): string => errorsOf(check(workflow))[0]?.hint ?? '';
  const loop = (params: object): object => ({
    steps: [{ id: 'l', type: 'loop', config: { over: '[1]', body: [{ id: 'b', ...params }] } }],
  });

  test('of a loop variable of other systems', () => {
    const say = { action: 'workflow.log', params: { message: '${{item}}' } };
    expect(hintOf(loop(say))).toBe('write `loop.item`');
    expect(hintOf(loop({ ...say, condition: 'item > 1', params: { message: 'x' } }))).toBe(
      'write `iter.item`',
    );
  });

  test('of a filter of jq', () => {
    const over = (source: string): object => ({
      steps: [
        e('f', '1'),
        { id: 'l', type: 'loop', config: { over: source, body: [e('x', '1')] } },
      ],
    });
    expect(hintOf(over('.steps.f.body.items | map(.id)'))).toContain('`jq: .steps.f.body');
    expect(hintOf(over('[.steps.f.output[] | .id]'))).toContain('`jq: [.steps');
  });

  test('of a secret in a command', () => {
    const run = 'curl -u ${{secrets.TOKEN}} x; echo ${{secrets.TOKEN}} ${{secrets.TOKEN}}';
    const errors = errorsOf(check({ steps: [{ id: 'a', run }] }));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ path: 'steps[0].run' });
    expect(errors[0]?.hint).toContain('params: {env: {TOKEN');
  });
});

describe('the first field behind the output of a composite', () => {
  const branch = [e('b', '1')];
  const race = { id: 'r', type: 'parallel', config: { mode: 'race', branches: [branch] } };
  const cases: [object, string, string][] = [
    [race, 'steps.r.output.body', 'steps.r.output.output'],
    [race, 'steps.r.body', 'steps.r.output.output'],
    [
      { id: 'r', type: 'parallel', config: { branches: [branch] } },
      'steps.r.result.x',
      'output.branches',
    ],
    [
      { id: 'r', type: 'condition', config: { expression: 'true', branches: { true: branch } } },
      'steps.r.output.result',
      'steps.r.output.output',
    ],
    [
      { id: 'r', type: 'loop', config: { over: '[1]', body: branch } },
      'steps.r.output.items',
      'output.results',
    ],
    [
      { id: 'r', type: 'wait', config: { signal: 's' } },
      'steps.r.output.body',
      'steps.r.output.payload',
    ],
    [{ id: 'r', type: 'wait', config: { duration: '1s' } }, 'steps.r.output.body', 'waited'],
    [
      { id: 'r', type: 'reasoning', config: { prompt_context: '?' } },
      'steps.r.output.answer',
      'steps.r.output.data',
    ],
    [
      { id: 'r', type: 'reasoning', config: { prompt_context: '?' } },
      'steps.r.output.chioce',
      '"choice"',
    ],
  ];
  test.each(cases)('%j: %s', (step, path, hint) => {
    const read = `\${{${path}}}`;
    const [error, ...more] = errorsOf(check({ steps: [step, log(read)] }));
    expect(more).toEqual([]);
    expect(error).toMatchObject({ path: 'steps[1].params.message' });
    expect(error?.hint).toContain(hint);
    const expression = {
      id: 'x',
      action: 'fs.read',
      params: { path: 'x' },
      condition: `${path} == 1`,
    };
    expect(errorsOf(check({ steps: [step, expression] }))[0]?.hint).toContain(hint);
  });

  test('is told also of a full path and of the output', () => {
    const nested = { id: 'p', type: 'parallel', config: { branches: [[race]] } };
    const steps = [nested, log("${{steps['p.branch_0.r'].output.body}}")];
    expect(errorsOf(check({ steps }))[0]?.hint).toContain('output.output');
    expect(errorsOf(check({ steps: [race], output: '${{steps.r.output.body}}' }))[0]).toMatchObject(
      {
        path: 'output',
      },
    );
  });

  test('is fine when it is asked for, or a fallback may stand in', () => {
    expect(errorsOf(check({ steps: [race, log("${{steps.r.output.body ?? 'x'}}")] }))).toEqual([]);
    const handled = { ...race, on_error: { strategy: 'fallback_step', fallback_step: 'f' } };
    expect(
      errorsOf(check({ steps: [handled, e('f', '1'), log('${{steps.r.output.body}}')] })),
    ).toEqual([]);
  });
});

describe('divisions in CEL', () => {
  const hint =
    'write `double(inputs.a) / inputs.b`, or `int(inputs.a / inputs.b)` when the whole number is meant';

  test('of data by data are told of wherever they stand', () => {
    const steps = [
      { id: 'a', action: 'cel.eval', params: { expression: 'inputs.a / inputs.b' } },
      log('${{ inputs.a / inputs.b }}', { condition: 'inputs.a / inputs.b > 0.5' }),
    ];
    expect(told({ inputs: { a: 1, b: 2 }, steps }).sort()).toEqual([
      `WHOLE_DIVISION steps[0].params.expression: ${hint}`,
      `WHOLE_DIVISION steps[1].condition: ${hint}`,
      `WHOLE_DIVISION steps[1].params.message: ${hint}`,
    ]);
  });
});

describe('the prefix of an engine in the output', () => {
  const about = (output: unknown): string[] =>
    told({ steps: [e('a', '1')], output }).filter((each) => each.startsWith('PLAIN_TEMPLATE'));

  test.each([
    ['expr: len(steps.a.result)', 'expr.eval'],
    ['jq: .steps.a.result', 'jq'],
    ['cel: steps.a.result', '${{ steps.a.result }}'],
  ])('%s', (text, instead) => {
    expect(about({ count: text })).toEqual([expect.stringContaining('output.count')]);
    expect(about([{ n: text }])[0]).toContain(instead);
  });

  test.each(['expr: it was', 'note: steps.a', '${{steps.a.result}}', 'see jq: .steps'])(
    '%s is left alone',
    (text) => expect(about(text)).toEqual([]),
  );
});

describe('a guard over the exit code of a command that fails its step', () => {
  const command = (more: object = {}): object => ({ id: 't', run: 'npm test', ...more });
  const after = (condition: string): object => ({ id: 'b', run: 'echo', condition });
  const about = (...steps: object[]): string[] =>
    told({ steps }).filter((each) => each.startsWith('ZERO_EXIT_CODE'));

  test.each([
    after('steps.t.exit_code != 0'),
    after('steps.t.output.exit_code == 1'),
    after('expr: steps.t.exit_code > 0'),
    after('jq: .steps.t.exit_code != 0'),
    {
      id: 'c',
      type: 'condition',
      config: { expression: 'steps.t.exit_code', branches: { 0: [e('x', '1')] } },
    },
  ])('%o', (reader) => {
    const hint = 'to choose by the code give "t" the params {"fail_on_error": false}';
    expect(about(command(), reader)).toEqual([expect.stringContaining(hint)]);
  });

  const reader = after('steps.t.exit_code != 0');
  test.each<[string, object[]]>([
    ['the code is data', [command({ params: { fail_on_error: false } }), reader]],
    ['shell.exec', [{ id: 't', action: 'shell.exec', params: { command: 'x' } }, reader]],
    ['the failure is dealt with', [command({ on_error: { strategy: 'ignore' } }), reader]],
    ['another step of such a name', [command(), { ...command(), id: 't2' }, e('b', '1')]],
    ['the code is only shown', [command(), log('it was ${{steps.t.exit_code}}')]],
  ])('is fine where %s', (_where, steps) => expect(about(...steps)).toEqual([]));
});
