/** Where a value of a shell step would become program text. */
import { describe, expect, test } from 'bun:test';
import { check, errorsOf, warningsOf } from './support.ts';

const exec = (params: object): object => ({
  steps: [{ id: 'a', action: 'shell.exec', params: { fail_on_error: true, ...params } }],
});
const run = (text: string, more: object = {}): object => ({
  steps: [{ id: 'a', run: text, ...more }],
});
const V = '${{inputs.v}}';
const messages = (definition: object): string[] =>
  errorsOf(check(definition)).map(({ path, message }) => `${path}: ${message}`);

describe('arguments of a program', () => {
  test.each([
    [{ command: 'bash', args: ['-c', `echo ${V}`] }, 'params.args[1]'],
    [{ command: '/bin/sh', args: ['-ec', V] }, 'params.args[1]'],
    [{ command: 'env', args: ['bash', '-c', `echo ${V}`] }, 'params.args[2]'],
    [{ command: 'sudo', args: ['-u', 'x', 'sh', '-c', V] }, 'params.args[4]'],
    [{ command: 'env', args: ['-S', V] }, 'params.args[1]'],
    [{ command: 'env', args: [`--split-string=${V}`] }, 'params.args[0]'],
    [{ command: 'su', args: ['-c', V] }, 'params.args[1]'],
    [{ command: 'xargs', args: ['sh', '-c', V] }, 'params.args[2]'],
    [{ command: 'find', args: ['.', '-exec', 'sh', '-c', V, ';'] }, 'params.args[4]'],
    [{ command: 'docker', args: ['exec', 'c', 'sh', '-c', V] }, 'params.args[4]'],
    [{ command: V, args: ['-c', V] }, 'params.args[1]'],
    [{ command: V, args: [V, V] }, 'params.args[1]'],
    [{ command: V, args: V }, 'params.args'],
    [{ command: V, stdin: V }, 'params.stdin'],
    [{ command: `${V}/bin/sh`, args: ['-c', V] }, 'params.args[1]'],
    [{ command: 'bash', args: ['x.sh'], env: { BASH_ENV: V } }, 'params.env.BASH_ENV'],
    [{ command: 'env', args: ['sh', 'x.sh'], env: { ENV: V } }, 'params.env.ENV'],
    [{ command: 'sh', args: [V, V] }, 'params.args[1]'],
    [{ command: 'sh', args: V }, 'params.args'],
    [{ command: 'sh', stdin: `echo ${V}` }, 'params.stdin'],
    [{ command: 'bash', args: ['-s', 'x'], stdin: { a: V } }, 'params.stdin'],
    [{ command: 'sudo', args: ['sh'], stdin: V }, 'params.stdin'],
    [{ command: 'sh', shell: true, stdin: V }, 'params.stdin'],
    [{ command: 'cat | bash', shell: 'bash', stdin: V }, 'params.stdin'],
    [{ command: 'echo x', shell: true, env: { PS4: V } }, 'params.env.PS4'],
  ])('%j is refused', (params, path) => {
    const [first] = errorsOf(check(exec(params)));
    expect(first?.path).toBe(`steps[0].${path}`);
  });

  test.each([
    { command: 'bash', args: ['-c', 'echo "$1"', 'bash', V] },
    { command: 'bash', args: ['script.sh', V] },
    { command: 'env', args: [`X=${V}`, 'printenv', 'X'] },
    { command: 'git', args: ['commit', '-m', V] },
    { command: 'git', args: V },
    { command: V, args: [V] },
    { command: V, args: ['x', V, V], stdin: V },
    { command: `${V}/bin/tool`, args: [V, V], stdin: V },
    { command: 'sh', args: ['-c', 'cat'], stdin: V },
    { command: 'sh', stdin: 'echo literal' },
    { command: 'cat', stdin: V },
    { command: 'sh', shell: false, args: ['x.sh'], stdin: V },
    { command: 'cat', shell: true, stdin: V },
  ])('%j is taken', (params) => {
    expect(check(exec(params))).toEqual([]);
  });

  test.each([
    { command: 'python3', args: ['-c', V] },
    { command: 'make', args: ['release', `X=${V}`] },
    { command: 'ssh', args: ['host', `ls ${V}`] },
    { command: 'psql', stdin: `select ${V}` },
    { command: 'timeout', args: ['5', 'node', '-e', V] },
  ])('%j is warned about', (params) => {
    const issues = check(exec(params));
    expect(errorsOf(issues)).toEqual([]);
    expect(warningsOf(issues)[0]?.message).toContain('becomes part of a program');
  });
});

describe('args beside a shell text', () => {
  test('that never reads them are an error with both ways out', () => {
    const [issue] = errorsOf(check(exec({ command: 'echo', args: ['a'], shell: true })));
    expect(issue).toMatchObject({ path: 'steps[0].params.args' });
    expect(issue?.hint).toContain('"$@"');
    expect(issue?.hint).toContain('leave `shell` out');
    expect(messages(exec({ command: 'echo $0 $$', args: V, shell: 'bash' }))).toHaveLength(1);
  });

  test.each(['echo "$1"', 'ls $*', 'f ${@:2}', 'for x; do echo "$x"; done', 'shift', 'echo $#'])(
    '%s reads them',
    (command) => {
      expect(messages(exec({ command, args: [V], shell: true }))).toEqual([]);
    },
  );

  test('none at all are nothing', () => {
    expect(messages(exec({ command: 'echo', args: [], shell: true }))).toEqual([]);
  });
});

describe('the shell of a step', () => {
  test('is said beside `run`, or in the params', () => {
    expect(messages(run(`[ -v ${V} ]`))).toEqual([]);
    expect(messages(run(`[ -v ${V} ]`, { shell: 'bash' }))[0]).toContain('bash calculates');
    expect(messages(run(`[ -v ${V} ]`, { shell: 'sh' }))).toEqual([]);
    expect(messages(exec({ command: `[ -v ${V} ]`, shell: 'bash' }))[0]).toContain('command');
  });

  test('is one of two, and belongs to `run`', () => {
    expect(messages(run('true', { shell: 'zsh' }))[0]).toContain('steps[0].shell');
    expect(
      messages({ steps: [{ id: 'a', action: 'fs.read', params: { path: 'x' }, shell: 'sh' }] })[0],
    ).toContain('which shell reads `run`');
    expect(messages(exec({ command: 'x', shell: 'zsh' }))[0]).toContain(
      'must be true, false, "sh" or "bash"',
    );
  });

  test('must be bash for pipefail', () => {
    expect(messages(run(`a ${V} | c`, { params: { pipefail: true } }))[0]).toContain('pipefail');
    expect(messages(run(`a ${V} | b`, { params: { pipefail: true } }))[0]).toContain('pipefail');
    expect(messages(run('a | b', { shell: 'bash', params: { pipefail: true } }))).toEqual([]);
  });
});

describe('a JSON body that is written as text', () => {
  const post = (body: unknown): object => ({
    steps: [{ id: 'a', action: 'http.post', params: { url: 'http://h', body } }],
  });
  const codes = (definition: object): string[] => check(definition).map(({ code }) => code);

  test('is warned about, also with values in it', () => {
    expect(codes(post('{"a":1}'))).toEqual(['JSON_TEXT']);
    expect(codes(post(`{"a":"${V}"}`))).toEqual(['JSON_TEXT']);
    expect(codes(post({ a: V }))).toEqual([]);
    expect(codes(post('[not json'))).toEqual([]);
  });
});

describe('the environment of a step', () => {
  const withDefaults = (defaults: object, env: object): object => ({
    defaults: { params: { shell: { env: defaults } } },
    steps: [{ id: 'a', run: 'true', params: { env } }],
  });
  const found = (definition: object): string[] =>
    check(definition).map(({ severity, code, path }) => `${severity} ${code} ${path}`);

  test.each(['BAD=NAME', 'a b', '', '1x', 'a\nb', '*'])('%p is no name', (name) => {
    const [first] = errorsOf(check(withDefaults({}, { [name]: 'x' })));
    expect(first?.path).toBe(`steps[0].params.env[${JSON.stringify(name)}]`);
  });

  test('a name of the defaults is told where it is written', () => {
    const [first] = errorsOf(check(withDefaults({ 'a-b': 'x' }, { OK: 'y' })));
    expect(first?.path).toBe('defaults.params.shell.env.a-b');
  });

  test('null takes a name away, "*": null all', () => {
    expect(found(withDefaults({ A: 'x' }, { A: null, '*': null, b_1: 'y' }))).toEqual([]);
  });

  test('that merging hands a secret to is warned about', () => {
    const secret = { TOKEN: '${{secrets.TOKEN}}', PLAIN: 'x' };
    const warning = ['warning HANDED_SECRET steps[0].params.env'];
    expect(found(withDefaults(secret, { OTHER: 'y' }))).toEqual(warning);
    expect(found(withDefaults(secret, { TOKEN: null }))).toEqual([]);
    expect(found(withDefaults(secret, { TOKEN: 'own' }))).toEqual([]);
    expect(found(withDefaults(secret, { '*': null }))).toEqual([]);
    expect(found({ ...withDefaults(secret, {}), steps: [{ id: 'a', run: 'true' }] })).toEqual([]);
  });
});
