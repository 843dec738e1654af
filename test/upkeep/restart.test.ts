/** Stopping and restarting the daemon as processes, and what systemd is told. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSuccessor, successorOf } from '../../src/app-successor.ts';
import { loadConfig } from '../../src/config.ts';
import { ownIdentity, startTimeOf } from '../../src/isolate/process-info.ts';
import { createServiceNotify } from '../../src/isolate/service-notify.ts';
import { eventually, TEST_MS } from '../support/patience.ts';

const MAIN = join(import.meta.dir, '..', '..', 'cli', 'main.ts');
let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-restart-'));
});
afterEach(async () => {
  await opcode('stop', '--now');
  rmSync(home, { recursive: true, force: true });
}, TEST_MS);

const environment = (more: Record<string, string> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  OPCODE_HOME: home,
  OPCODE_LISTEN_ADDR: ':0',
  ...more,
});

const start = (env: Record<string, string>, ...args: string[]) =>
  Bun.spawn([process.execPath, MAIN, ...args], { env, stdout: 'pipe', stderr: 'pipe' });

async function opcode(...args: string[]) {
  const child = start(environment(), ...args);
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, stdout, stderr };
}

interface DaemonRecord {
  readonly pid: number;
  readonly urls: readonly string[];
  readonly succeeds?: boolean;
}

/** The daemon's record, once there is one that another look shows ready. */
function record(): Promise<DaemonRecord> {
  const readyOne = async (): Promise<DaemonRecord | null> => {
    try {
      const found = JSON.parse(readFileSync(join(home, 'opcode.pid'), 'utf8'));
      return (await fetch(new URL('/readyz', found.urls[0]))).ok ? found : null;
    } catch {
      return null; // not yet
    }
  };
  return eventually(readyOne, 'a daemon that is ready');
}

/** What the kernel shows of a process's environment. */
const shown = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'utf8');

test(
  'the next one runs as the one before: arguments and environment, which nobody can read',
  async () => {
    const first = start(
      environment({ OPCODE_SECRET_TOKEN: 'abcdefgh1', PLAIN: 'kept-as-it-is' }),
      'serve',
      '--pool-size',
      '7',
    );
    const before = await record();
    const restarted = await opcode('restart', '--json');
    expect(restarted.code).toBe(0);
    await first.exited;
    const { pid, urls, before: old } = JSON.parse(restarted.stdout);
    expect(old.pid).toBe(before.pid);
    expect(await record()).toMatchObject({ pid, urls });
    if (process.platform !== 'linux') return;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    expect(words.slice(words.indexOf('serve')).slice(0, 3)).toEqual(['serve', '--pool-size', '7']);
    expect(shown(pid)).toContain('PLAIN=kept-as-it-is');
    expect(shown(pid)).not.toContain('abcdefgh1');
    expect(readdirSync(home).filter((name) => /restart|successor/.test(name))).toEqual([]);
    const hmac = { action: 'crypto.hmac', params: { data: 'x', key: '${{secrets.token}}' } };
    writeFileSync(join(home, 'h.json'), JSON.stringify({ steps: [{ id: 'h', ...hmac }] }));
    await opcode('define', join(home, 'h.json'), '--name', 'h');
    const signed = await opcode('run', 'h', '--json');
    const key = new Bun.CryptoHasher('sha256', 'abcdefgh1').update('x').digest('hex');
    expect(signed.stdout).toContain(key);
    // A daemon that is only to stop starts nobody.
    await opcode('stop');
    expect(existsSync(join(home, 'opcode.pid'))).toBe(false);
  },
  TEST_MS,
);

test(
  'a daemon of before, whose environment can be read, is started again from that',
  async () => {
    const first = start(environment({ OPCODE_SECRET_TOKEN: 'abcdefgh1' }), 'serve');
    const { succeeds: _, ...before } = await record();
    writeFileSync(join(home, 'opcode.pid'), JSON.stringify(before));
    const restarted = await opcode('restart', '--json');
    expect(restarted.code).toBe(0);
    await first.exited;
    expect(JSON.parse(restarted.stdout).before.pid).toBe(before.pid);
  },
  TEST_MS,
);

test(
  'a daemon that was killed has started nobody, and that is said',
  async () => {
    const first = start(environment(), 'serve');
    const { pid } = await record();
    process.kill(pid, 'SIGSTOP');
    const restarting = start(environment(), 'restart');
    await eventually(() => existsSync(join(home, 'opcode.restart')), 'the wish to restart');
    process.kill(pid, 'SIGKILL');
    expect(await restarting.exited).toBe(4);
    expect(await new Response(restarting.stderr).text()).toContain(
      'without starting its successor',
    );
    await first.exited;
  },
  TEST_MS,
);

test(
  'a process that is not opcode is not ended, whatever the pid file says',
  async () => {
    const daemon = start(environment(), 'serve');
    const before = await record();
    await opcode('stop');
    await daemon.exited;
    const other = Bun.spawn(['sleep', '60']);
    const started = startTimeOf(other.pid);
    writeFileSync(join(home, 'opcode.pid'), JSON.stringify({ ...before, pid: other.pid, started }));
    const refused = await opcode('stop');
    // Lines are broken where a long path comes before.
    expect([refused.code, refused.stderr.replace(/\s+/g, ' ')]).toEqual([
      4,
      expect.stringContaining('not opcode: sleep 60'),
    ]);
    expect((await opcode('restart')).code).toBe(4);
    expect(other.exitCode).toBeNull();
    rmSync(join(home, 'opcode.pid'));
    other.kill();
    await other.exited;
  },
  TEST_MS,
);

test('a program that others can change is not started', async () => {
  const config = loadConfig({ flags: {}, env: environment() });
  const program = join(home, 'opcode');
  writeFileSync(program, '#!/bin/sh\nenv > stolen\n', { mode: 0o777 });
  chmodSync(program, 0o777);
  const self = ownIdentity();
  const request = { pid: self.pid, started: self.started, program: [program] };
  writeFileSync(join(home, 'opcode.restart'), JSON.stringify(request), { mode: 0o600 });
  const own = { args: [], cwd: home, env: { OPCODE_TOKEN: 'secret' } };
  expect(() => startSuccessor(config, own)).toThrow(/others may write to .*opcode/);
  expect(() => successorOf(config, self)).toThrow('others may write');
  chmodSync(program, 0o755);
  writeFileSync(join(home, 'opcode.restart'), JSON.stringify({ ...request, pid: 1 }));
  expect(startSuccessor(config, own)).toBeNull();
});

test(
  'without a daemon one is started; one that cannot start says why',
  async () => {
    expect((await opcode('restart')).stdout).toContain('No daemon ran; version');
    await opcode('stop');
    writeFileSync(join(home, 'settings.json'), '{"grace": "soon"}');
    // The settings are bad for every command: it is told before anything is ended.
    expect(await opcode('restart')).toMatchObject({ code: 2 });
    writeFileSync(join(home, 'settings.json'), '{"tls": {"cert": "/none", "key": "/none"}}');
    const failed = await opcode('restart');
    expect(failed.code).not.toBe(0);
    expect(failed.stderr).toContain('did not start');
    expect(failed.stderr).toContain('/none');
    writeFileSync(join(home, 'settings.json'), '{}');
  },
  TEST_MS,
);

test(
  'a stop says what it waits for, and ends it when its time is over',
  async () => {
    await opcode('restart');
    writeFileSync(join(home, 'slow.json'), '{"steps": [{"id": "slow", "run": "sleep 30"}]}');
    await opcode('define', join(home, 'slow.json'), '--name', 'slow');
    await opcode('run', 'slow', '--detach');
    const stopped = await opcode('stop', '--grace', '2500ms');
    expect(stopped).toMatchObject({ code: 0, stdout: 'Stopped.\n' });
    expect(stopped.stderr).toContain('Waiting for steps in flight: slow: slow');
  },
  TEST_MS,
);

test(
  'a daemon that does not react is named, and so is one that no pid file names',
  async () => {
    const daemon = start(environment(), 'serve');
    const { pid } = await record();
    process.kill(pid, 'SIGSTOP');
    const stopping = start(environment(), 'stop');
    const reader = stopping.stderr.getReader();
    let text = '';
    while (!text.includes('does not react')) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`stop ended: ${text}`);
      text += new TextDecoder().decode(value);
    }
    expect(text).toContain(`kill -9 ${pid}`);
    process.kill(pid, 'SIGCONT');
    expect(await stopping.exited).toBe(0);
    await daemon.exited;

    const other = start(environment(), 'serve');
    const next = await record();
    rmSync(join(home, 'opcode.pid'));
    const refused = await opcode('stop');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(`pid ${next.pid}`);
    process.kill(next.pid, 'SIGTERM');
    await other.exited;
  },
  TEST_MS,
);

describe.if(process.platform === 'linux' && Bun.which('python3') !== null)('systemd', () => {
  const RECEIVER = `import socket,sys
s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('bound',flush=True)
while True: print(repr(s.recv(4096).decode()),flush=True)`;

  /** A socket that prints what it is told. */
  async function receiver(path: string) {
    const child = Bun.spawn(['python3', '-c', RECEIVER, path], { stdout: 'pipe' });
    const reader = child.stdout.getReader();
    let text = '';
    const until = async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`no ${part} in ${text}`);
        text += new TextDecoder().decode(value);
      }
      return text;
    };
    await until('bound');
    return { until, close: () => child.kill() };
  }

  test(
    'is told that the daemon is ready, alive, reloading and stopping',
    async () => {
      const socket = join(home, 'notify.sock');
      const told = await receiver(socket);
      const env = environment({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' });
      const daemon = start(env, 'serve');
      await told.until('READY=1\\nSTATUS=http://');
      await told.until('WATCHDOG=1');
      daemon.kill('SIGHUP');
      await told.until('RELOADING=1\\nMONOTONIC_USEC=');
      const refused = await opcode('restart');
      expect(refused).toMatchObject({ code: 4 });
      expect(refused.stderr).toContain('systemctl');
      daemon.kill('SIGTERM');
      await told.until('STOPPING=1');
      expect(await told.until('EXTEND_TIMEOUT_USEC=330000000')).toContain('stopping');
      await daemon.exited;
      told.close();
    },
    TEST_MS,
  );

  test('is told nothing when there is no socket, and a dead one is a problem once', () => {
    const problems: string[] = [];
    createServiceNotify({}, (problem) => problems.push(problem)).ready('x');
    expect(problems).toEqual([]);
    const dead = createServiceNotify({ NOTIFY_SOCKET: join(home, 'none') }, (problem) =>
      problems.push(problem),
    );
    dead.ready('x');
    dead.stopping(1);
    dead.close();
    expect(problems).toHaveLength(1);
  });
});
