import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellActions } from '../../src/actions/shell.ts';
import { createCommandRunner } from '../../src/isolate/command-runner.ts';
import { quoteHoles } from '../../src/isolate/shell-text.ts';
import type { ActionContext } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { actionContext, call, failureOf, find, openDeps, tempFolder } from './action-world.ts';

const commands = createCommandRunner({ killGraceMs: 50, drainMs: 40, leftoverGraceMs: 40 });
const exec = find(shellActions(openDeps({ commands })), 'shell.exec');
let root = '';
let remove = (): void => undefined;

beforeEach(() => {
  ({ path: root, remove } = tempFolder());
});
afterEach(() => remove());

const run = (
  params: JsonObject,
  changes: Partial<ActionContext> = {},
  hidden: JsonObject = {},
): Promise<JsonObject> =>
  call(exec, params, { cwd: root, ...changes }, hidden) as Promise<JsonObject>;
const fails = (params: JsonObject, changes: Partial<ActionContext> = {}) =>
  failureOf(() => run(params, changes));

describe('shell.exec', () => {
  test('runs a program with its arguments as they are', async () => {
    expect(await run({ command: 'echo', args: ['$HOME *', 1, true] })).toEqual({
      stdout: '$HOME * 1 true\n',
      stdout_raw: '$HOME * 1 true\n',
      stderr: '',
      exit_code: 0,
      killed: false,
      duration_ms: expect.any(Number),
    });
  });

  test('runs a shell text, with arguments as $1, …', async () => {
    const params = {
      command: 'echo $X | tr a-z A-Z; echo "$0 $1"',
      shell: true,
      env: { X: 'abc' },
      args: ['one'],
    };
    expect((await run(params)).stdout).toBe('ABC\nopcode one\n');
  });

  test.each([
    ['{"a":[1,2]}', { a: [1, 2] }],
    [' [1] \n', [1]],
    ['{"id":12345678901234567890,"n":1.5}', { id: '12345678901234567890', n: 1.5 }],
    ['5', '5'],
    ['{"a":', '{"a":'],
    ['', ''],
  ])('stdout %p is %j', async (printed, stdout) => {
    expect(await run({ command: 'cat', stdin: printed })).toMatchObject({
      stdout,
      stdout_raw: printed,
    } as object);
  });

  test('stdin may be JSON', async () => {
    expect((await run({ command: 'cat', stdin: { a: 1 } })).stdout).toEqual({ a: 1 });
  });

  test('a non-zero exit is data, or a failure that says what was printed last', async () => {
    const command = 'echo out; echo first >&2; echo it broke >&2; exit 3';
    expect(await run({ command, shell: true })).toMatchObject({ exit_code: 3 });
    const error = await fails({ command, shell: true, fail_on_error: true });
    expect([error.code, error.message]).toEqual([
      'EXECUTION_ERROR',
      'the command exited with 3: it broke',
    ]);
    expect(error.details).toEqual({
      exit_code: 3,
      stdout_tail: 'out\n',
      stderr_tail: 'first\nit broke\n',
    });
    const signalled = await fails({ command: 'kill -9 $$', shell: true, fail_on_error: true });
    expect(signalled.message).toBe('the command was ended by SIGKILL');
    expect(await run({ command: 'kill -9 $$', shell: true })).toMatchObject({
      exit_code: 137,
      signal: 'SIGKILL',
    });
  });

  test('the earlier of its own and the step’s timeout counts', async () => {
    const slow = { command: 'sleep', args: ['30'] };
    const own = await fails({ ...slow, timeout: '20ms' });
    expect([own.code, own.message]).toEqual([
      'TIMEOUT_ERROR',
      'sleep ran longer than 20ms and was ended',
    ]);
    expect((await fails(slow, { timeoutMs: 25 })).message).toContain('25ms');
    expect((await fails({ ...slow, timeout: '10m' }, { timeoutMs: 30 })).message).toContain('30ms');
  });

  test('a stopped step ends its command', async () => {
    const signal = AbortSignal.timeout(30);
    expect((await fails({ command: 'sleep', args: ['30'] }, { signal })).code).toBe('CANCELLED');
  });

  test('what cannot be started is an execution error', async () => {
    expect((await fails({ command: 'no-such-thing' })).code).toBe('EXECUTION_ERROR');
    expect((await fails({ command: 'true', cwd: 'none' })).code).toBe('EXECUTION_ERROR');
    expect((await fails({ command: ' ' })).code).toBe('VALIDATION_ERROR');
    expect((await fails({ command: 'true', args: ['a\0b'] })).code).toBe('VALIDATION_ERROR');
  });

  test('paths count from the working directory', async () => {
    mkdirSync(join(root, 'sub'));
    for (const name of ['tool', 'sub/tool', 'sub/only']) {
      writeFileSync(join(root, name), `#!/bin/sh\necho ${name} in $(pwd)\n`);
      chmodSync(join(root, name), 0o755);
    }
    const said = async (params: JsonObject): Promise<unknown> => (await run(params)).stdout_raw;
    expect(await said({ command: './tool', workdir: 'sub' })).toBe(`tool in ${root}/sub\n`);
    expect(await said({ command: './only', cwd: 'sub' })).toBe(`sub/only in ${root}/sub\n`);
    expect(await said({ command: 'pwd', cwd: '..', shell: true })).not.toContain(root);
  });

  test('gets the idempotency key, and the starter’s variables only from the list', async () => {
    const env = { PATH: '/usr/bin:/bin', SECRET_OF_DAEMON: 'x', OPCODE_VAULT_KEY: 'k' };
    const { stdout_raw: printed } = await run({ command: 'env', env: { N: 5, T: true } }, { env });
    const key = actionContext().idempotencyKey;
    expect(printed).toContain(`OPCODE_IDEMPOTENCY_KEY=${key}`);
    expect(String(printed).split('\n')).toEqual(expect.arrayContaining(['N=5', 'T=true']));
    expect(printed).not.toContain('SECRET_OF_DAEMON');
    expect(printed).not.toContain('VAULT');
  });

  test('output is streamed and cut at the limit', async () => {
    const seen: string[] = [];
    const result = await run(
      { command: 'yes | head -c 500', shell: true },
      {
        limits: { httpBodyBytes: 1, shellOutputBytes: 100, outputBytes: 1000 },
        onOutput: (stream, text) => seen.push(`${stream}:${text.length}`),
      },
    );
    expect(result).toMatchObject({ truncated: true, exit_code: 0 });
    expect(seen.every((one) => one.startsWith('stdout:'))).toBe(true);
    expect(result.stdout).toMatch(/^(?:y\n){25}\n\[… 400 bytes left out …\]\n(?:y\n){25}$/);
  });

  test.skipIf(Bun.which('bash') === null)('bash is asked for by name, with pipefail', async () => {
    const version = { command: 'echo "${BASH_VERSION:+bash}"' };
    expect(await run({ ...version, shell: 'bash' })).toMatchObject({ stdout: 'bash\n' });
    expect(await run({ ...version, shell: 'sh' })).toMatchObject({ exit_code: 0 });
    const pipe = { command: 'false | true', shell: 'bash' };
    expect((await run(pipe)).exit_code).toBe(0);
    expect((await run({ ...pipe, pipefail: true })).exit_code).toBe(1);
  });

  test('a failure shows the last lines, and that they were cut', async () => {
    const command = "seq 1 9999 >&2; echo 'FATAL: the reason' >&2; exit 1";
    const limits = { httpBodyBytes: 1, shellOutputBytes: 6000, outputBytes: 1 };
    const failure = await fails({ command, shell: true, fail_on_error: true }, { limits });
    expect(failure.message).toBe('the command exited with 1: FATAL: the reason');
    expect(failure.details).toMatchObject({
      truncated: true,
      stderr_tail: expect.stringMatching(/^….*FATAL: the reason\n$/s),
    });
  });

  test('a time-out says that the command was killed', async () => {
    const failure = await fails({ command: 'sleep', args: ['30'], timeout: '50ms' });
    expect(failure).toMatchObject({ code: 'TIMEOUT_ERROR', details: { killed: true } });
  });

  test('arguments that the system does not take are final, and the longest is named', async () => {
    const failure = await fails({ command: 'true', env: { BIG: 'x'.repeat(3_000_000) } });
    expect(failure.code).toBe('LIMIT_EXCEEDED');
    expect(failure.message).toContain('the variable BIG has 3000000 bytes');
  });

  describe('its environment', () => {
    const print = async (env: JsonObject, hidden: JsonObject = {}) =>
      String((await run({ command: 'env', env }, {}, hidden)).stdout_raw);
    const context = { env: { PATH: process.env.PATH ?? '', LANG: 'C', TERM: 'x', HOME: '/h' } };

    test('loses what is null, and all but four names with "*": null', async () => {
      const kept = String((await run({ command: 'env', env: { TERM: null } }, context)).stdout);
      expect(kept).not.toContain('TERM=');
      expect(kept).toContain('LANG=C');
      const env = { '*': null, ONLY: 'x' };
      const clean = String((await run({ command: 'env', env }, context)).stdout);
      const names = clean.split('\n').map((line) => line.split('=')[0] ?? '');
      expect(names.filter((name) => name !== '' && name !== 'PWD').sort()).toEqual([
        'HOME',
        'LANG',
        'ONLY',
        'OPCODE_IDEMPOTENCY_KEY',
        'PATH',
      ]);
    });

    test('takes no name that a system cannot hand over', async () => {
      for (const name of ['PATH=/evil\nB', 'A=B', '', 'a\0b', 'a\nb']) {
        expect((await fails({ command: 'env', env: { [name]: 'x' } })).code).toBe(
          'VALIDATION_ERROR',
        );
      }
      expect((await fails({ command: 'env', env: { '*': 'x' } })).code).toBe('VALIDATION_ERROR');
    });

    test('binds names from data more than written ones', async () => {
      expect(await print({ ld_x: 'a', NEW: 'b' }, { env_names: ['ld_x'] })).toContain('NEW=b');
      const bad = [
        'PATH',
        'LD_PRELOAD',
        'BASH_ENV',
        'ENV',
        'IFS',
        'PS4',
        'GIT_SSH',
        'lower',
        'A-B',
      ];
      for (const name of [...bad, 'OPCODE_V1', 'NODE_OPTIONS', 'PYTHONPATH', 'DYLD_X', '*']) {
        const failure = await failureOf(() =>
          print({ [name]: name === '*' ? null : 'x' }, { env_names: [] }),
        );
        expect([name, failure.code]).toEqual([name, 'VALIDATION_ERROR']);
      }
    });
  });

  test('without bash on PATH nothing is started', async () => {
    const context = { env: { PATH: '/nowhere' } };
    const failure = await fails({ command: 'true', shell: 'bash' }, context);
    expect(failure.code).toBe('ACTION_UNAVAILABLE');
    expect(failure.message).toContain('there is no bash here');
    expect((await fails({ command: 'true', shell: 'sh', pipefail: true })).code).toBe(
      'VALIDATION_ERROR',
    );
  });

  test('an unknown command and a bad folder have the number of the system', async () => {
    expect((await fails({ command: 'no-such-program' })).details).toEqual({
      command: 'no-such-program',
      errno: 'ENOENT',
    });
    expect((await fails({ command: 'true', cwd: '/nowhere' })).details).toEqual({
      cwd: '/nowhere',
      errno: 'ENOENT',
    });
    expect((await fails({ command: 'true', cwd: '/etc/passwd' })).details).toMatchObject({
      errno: 'ENOTDIR',
    });
    expect((await fails({ command: '/etc/passwd' })).details).toMatchObject({ errno: 'EACCES' });
  });

  test('holes are values, whatever they hold', async () => {
    const command = quoteHoles(['printf "%s|" ', 1, ' "<', 2, '>" \'', 3, "'"]);
    const hole_env = { OPCODE_V1: '$(id)', OPCODE_V2: { a: [1] }, OPCODE_V3: null };
    const { stdout_raw: printed } = await run({ command, shell: true }, {}, { hole_env });
    expect(printed).toBe('$(id)|<{"a":[1]}>||');
    expect((await fails({ command: 'true', hole_env: {} })).code).toBe('VALIDATION_ERROR');
  });

  test.each([
    [{ memory: 'lots' }],
    [{ cpu: 0 }],
    [{ pids: 1.5 }],
    [{ network: 'no' }],
    [{ disk: 1 }],
  ])('limits %j are refused', async (limits) => {
    expect((await fails({ command: 'true', limits })).code).toBe('VALIDATION_ERROR');
  });
});
