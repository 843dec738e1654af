import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command, CommandControl, CommandResult } from '../../src/isolate/command.ts';
import { createCommandRunner } from '../../src/isolate/command-runner.ts';
import { isGroupAlive } from '../../src/isolate/process-group.ts';
import { AppError } from '../../src/model/error.ts';
import { eventually, PATIENCE_MS, withRoom } from '../support/patience.ts';

const runner = createCommandRunner({ killGraceMs: 60, drainMs: 40, leftoverGraceMs: 40 });
/** For commands that end by themselves once they are told to, however slow the machine is. */
const patient = createCommandRunner({ killGraceMs: PATIENCE_MS, drainMs: 40, leftoverGraceMs: 40 });
const never = new AbortController().signal;
let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'opcode-isolate-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const command = (argv: readonly string[], changes: Partial<Command> = {}): Command => ({
  argv,
  cwd: folder,
  baseEnv: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nowhere' },
  env: {},
  stdin: null,
  maxOutputBytes: 1_000_000,
  limits: {},
  ...changes,
});
const control = (changes: Partial<CommandControl> = {}): CommandControl => ({
  timeoutMs: null,
  signal: never,
  onOutput: () => undefined,
  cut: (text, from, to) => text.slice(from, to),
  ...changes,
});
const run = (
  argv: readonly string[],
  changes: Partial<Command> = {},
  how: Partial<CommandControl> = {},
): Promise<CommandResult> => runner.prepare(command(argv, changes)).run(control(how));
const sh = (
  text: string,
  changes: Partial<Command> = {},
  how: Partial<CommandControl> = {},
): Promise<CommandResult> => run(['sh', '-c', text], changes, how);
const refusal = (argv: readonly string[], changes: Partial<Command> = {}): string => {
  try {
    runner.prepare(command(argv, changes)).discard();
  } catch (thrown) {
    if (thrown instanceof AppError) return `${thrown.code} ${thrown.message} ${thrown.hint ?? ''}`;
    throw thrown;
  }
  return 'it was started';
};

describe('a command', () => {
  test('gives output, errors and exit code', async () => {
    const result = await sh('echo out; echo err >&2; exit 3');
    expect(result).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
      signal: null,
      stopped: null,
      truncated: false,
    });
  });

  test('prints to what a script expects: pipes that can be opened by name', async () => {
    expect(await sh('echo a > /dev/stdout; echo b > /dev/stderr')).toMatchObject({
      stdout: 'a\n',
      stderr: 'b\n',
    });
  });

  test('reads its stdin, also by name, also a long one it does not read to the end', async () => {
    expect((await run(['cat'], { stdin: 'k=v' })).stdout).toBe('k=v');
    expect((await sh('cat /dev/stdin', { stdin: 'by name' })).stdout).toBe('by name');
    expect((await sh('head -c 3', { stdin: 'x'.repeat(3_000_000) })).stdout).toBe('xxx');
    expect((await sh('wc -c')).stdout.trim()).toBe('0');
  });

  test('gets only the variables it should', async () => {
    const baseEnv = {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C',
      BUN_OPTIONS: '--x',
      OPCODE_VAULT_KEY: 'k',
      OPCODE_VAULT_KEY_FILE: 'f',
      AWS_SECRET: 's',
    };
    const { stdout } = await run(['env'], { baseEnv, env: { MINE: '1', PATH: '/bin:/usr/bin' } });
    const lines = stdout
      .trim()
      .split('\n')
      .filter((line) => !/^(PWD|_|SHLVL)=/.test(line));
    expect(lines.sort()).toEqual(['LC_ALL=C', 'MINE=1', 'PATH=/bin:/usr/bin']);
  });

  test('is told apart from what cannot be started', () => {
    writeFileSync(join(folder, 'plain'), 'x');
    expect(refusal(['no-such-command'])).toStartWith(
      'EXECUTION_ERROR cannot run no-such-command: it is in no folder of PATH',
    );
    expect(refusal(['echo hello'])).toContain('set `shell: true`');
    expect(refusal(['./none'])).toContain('there is no such file');
    expect(refusal(['./plain'])).toContain('it may not be executed');
    expect(refusal(['true'], { cwd: join(folder, 'none') })).toContain('there is no such folder');
    expect(refusal(['true'], { cwd: join(folder, 'plain') })).toContain('it is not a folder');
    expect(refusal(['true', 'x'.repeat(3_000_000)])).toContain('too long');
  });

  test('ended by a signal says so', async () => {
    expect(await sh('kill -9 $$')).toMatchObject({
      exitCode: 137,
      signal: 'SIGKILL',
      stopped: null,
    });
  });

  test('is streamed while it prints', async () => {
    const seen: string[] = [];
    let first: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      first = resolve;
    });
    const onOutput = (stream: string, text: string): void => {
      seen.push(`${stream} ${text}`);
      first();
    };
    const running = sh('echo one; read x; echo two >&2', { stdin: '\n' }, { onOutput });
    await arrived;
    expect(seen[0]).toBe('stdout one\n');
    await running;
    expect(seen.join('')).toBe('stdout one\nstderr two\n');
  });

  test('that fills its output is drained, and cut at a character', async () => {
    let streamed = '';
    const result = await sh(
      'yes é | head -c 3000000',
      { maxOutputBytes: 1000 },
      {
        onOutput: (_, text) => {
          streamed += text;
        },
      },
    );
    expect(result.truncated).toBe(true);
    const note = /\n\[… \d+ bytes left out …\]\n/;
    expect(Buffer.byteLength(result.stdout.replace(note, ''))).toBeLessThanOrEqual(1000);
    expect(result.stdout).toMatch(note);
    expect(result.stdout).not.toContain('\uFFFD');
    expect(streamed).toBe(result.stdout);
    expect(result.exitCode).toBe(0);
  });

  test('that prints too much keeps its beginning and its last lines', async () => {
    let streamed = '';
    const onOutput = (_: string, text: string) => {
      streamed += text;
    };
    const script = 'echo first; seq 1 100000; echo; echo FATAL: the reason';
    const { stdout, truncated } = await sh(script, { maxOutputBytes: 4000 }, { onOutput });
    expect(truncated).toBe(true);
    expect(stdout).toStartWith('first\n1\n2\n');
    expect(stdout).toEndWith('\n99999\n100000\n\nFATAL: the reason\n');
    const [, count] = /\[… (\d+) bytes left out …\]/.exec(stdout) ?? [];
    const kept = Buffer.byteLength(stdout) - Buffer.byteLength(`\n[… ${count} bytes left out …]\n`);
    expect(kept + Number(count)).toBe(6 + 588_895 + 1 + 18);
    expect(streamed).toBe(stdout);
  });

  test('that prints exactly what fits is whole', async () => {
    for (const bytes of [999, 1000]) {
      const result = await sh(`head -c ${bytes} /dev/zero | tr '\\0' x`, { maxOutputBytes: 1000 });
      expect(result).toMatchObject({ stdout: 'x'.repeat(bytes), truncated: false });
    }
    const more = await sh(`head -c 1001 /dev/zero | tr '\\0' x`, { maxOutputBytes: 1000 });
    expect(more.truncated).toBe(true);
  });
});

describe('a command that is stopped', () => {
  /** The result of a command that had begun, and had said so, when its time was over. */
  const cutOff = (by: typeof runner, text: string): Promise<CommandResult> =>
    withRoom(async (roomMs) => {
      const prepared = by.prepare(command(['sh', '-c', text]));
      const result = await prepared.run(control({ timeoutMs: roomMs }));
      return result.stdout !== '' && result;
    });

  test('by its timeout is ended with its whole group', async () => {
    const result = await cutOff(patient, 'sleep 30 & sleep 30 & echo $$; wait');
    expect(result).toMatchObject({ stopped: 'timeout', signal: 'SIGTERM' });
    expect(isGroupAlive(Number(result.stdout))).toBe(false);
  });

  test('that ignores TERM is killed after the grace time', async () => {
    const result = await cutOff(runner, 'trap "" TERM; echo $$; while :; do sleep 0.01; done');
    expect(result).toMatchObject({ stopped: 'timeout', signal: 'SIGKILL' });
    expect(isGroupAlive(Number(result.stdout))).toBe(false);
  });

  test('may clean up when it gets TERM', async () => {
    const result = await cutOff(
      patient,
      'trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.01; done',
    );
    expect(result).toMatchObject({ stopped: 'timeout', stdout: 'up\nbye\n', exitCode: 4 });
  });

  test('by the step: resolves when the group is gone', async () => {
    const abort = new AbortController();
    const prepared = runner.prepare(command(['sh', '-c', 'sleep 30 & sleep 30']));
    const running = prepared.run(control({ signal: abort.signal }));
    await eventually(() =>
      readFileSync(`/proc/${prepared.process.pid}/cmdline`, 'utf8').startsWith('sh'),
    );
    abort.abort();
    expect((await running).stopped).toBe('abort');
    expect(isGroupAlive(prepared.process.pid)).toBe(false);
  });

  test('before it was released has run nothing', async () => {
    const result = await run(['touch', 'ran'], {}, { signal: AbortSignal.abort() });
    expect(result.stopped).toBe('abort');
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});

describe('what a command leaves running', () => {
  test('does not hold the result back, and is ended', async () => {
    const result = await sh('sleep 30 & echo $$');
    expect(result).toMatchObject({ exitCode: 0, stopped: null });
    expect(isGroupAlive(Number(result.stdout))).toBe(false);
  });

  test('may still print for a moment', async () => {
    expect((await sh('(sleep 0.01; echo late) & echo now')).stdout).toBe('now\nlate\n');
  });

  test('in a session of its own lives on, and its open output holds nothing back', async () => {
    const result = await sh("setsid sh -c 'echo $$ > pid; exec sleep 30' & sleep 0.05");
    expect(result.exitCode).toBe(0);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(isGroupAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });
});

describe('a prepared command', () => {
  test('is recorded and has run nothing; discarded it never will', async () => {
    const prepared = runner.prepare(command(['touch', 'ran']));
    const { pid, started, boot_id: boot } = prepared.process;
    expect(started).toMatch(/^\d+$/);
    expect(boot).toMatch(/^[0-9a-f-]{36}$/);
    expect(isGroupAlive(pid)).toBe(true);
    prepared.discard();
    await eventually(() => !isGroupAlive(pid));
    expect([isGroupAlive(pid), existsSync(join(folder, 'ran'))]).toEqual([false, false]);
  });

  test('keeps pid and start time when it runs', async () => {
    const prepared = runner.prepare(command(['cat', '/proc/self/stat']));
    const { stdout } = await prepared.run(control());
    const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ');
    expect([Number(stdout.split(' ')[0]), fields[19]]).toEqual([
      prepared.process.pid,
      prepared.process.started,
    ]);
  });

  test('dies with us unrun, whatever else we have started', async () => {
    const source = resolve(import.meta.dir, '../../src/isolate/command-runner.ts');
    const code = `
      const { createCommandRunner } = await import(${JSON.stringify(source)});
      const runner = createCommandRunner();
      const one = { argv: ['touch', 'ran'], cwd: ${JSON.stringify(folder)}, baseEnv: process.env,
        env: {}, stdin: null, maxOutputBytes: 10, limits: {} };
      const first = runner.prepare(one);
      runner.prepare({ ...one, argv: ['sleep', '30'] });
      console.log(first.process.pid);
      process.kill(process.pid, 'SIGKILL');
    `;
    const parent = Bun.spawn([process.execPath, '-e', code], { stderr: 'inherit' });
    const pid = Number(await new Response(parent.stdout).text());
    await parent.exited;
    expect(pid).toBeGreaterThan(1);
    await eventually(() => !isGroupAlive(pid));
    expect([isGroupAlive(pid), existsSync(join(folder, 'ran'))]).toEqual([false, false]);
  });

  test('leaves no descriptors behind', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    await sh('true');
    const before = count();
    for (let i = 0; i < 5; i++) {
      await sh('echo x; sleep 30 &', { stdin: 'x' }, { timeoutMs: 1000 });
      runner.prepare(command(['true'])).discard();
    }
    await eventually(() => count() <= before);
    expect(count()).toBeLessThanOrEqual(before);
  });
});
