/**
 * An error that nobody catches ends the process, whatever it comes from: it says so with the stack, exits
 * 70, and the next one goes on. A module loaded before the program throws when a signal asks it to.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';

const MAIN = join(import.meta.dir, '..', '..', 'cli', 'main.ts');

const KEY = 'hunter2-hunter2';
const THROWS: Readonly<Record<string, string>> = {
  timer:
    "setTimeout(() => { throw new Error('broken in a timer: ' + 'hunter2-' + 'hunter2'); }, 1);",
  listener:
    "const e = new (require('node:events'))(); e.on('x', () => { throw new Error('broken in a listener'); }); setImmediate(() => e.emit('x'));",
  'emitted error':
    "setImmediate(() => new (require('node:events'))().emit('error', new Error('broken and emitted')));",
  promise:
    "void Promise.resolve().then(() => { throw new Error('broken in a promise: ' + 'hunter2-' + 'hunter2'); });",
  'no error at all': "void Promise.reject('broken without an error');",
};

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-uncaught-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function start(what: string, ...args: string[]) {
  const preload = join(home, 'preload.ts');
  writeFileSync(preload, `process.on('SIGUSR2', () => { ${THROWS[what]} });`);
  return Bun.spawn([process.execPath, '--preload', preload, MAIN, ...args], {
    cwd: home,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      OPCODE_HOME: home,
      OPCODE_LISTEN_ADDR: ':0',
      OPCODE_SECRET_KEY: KEY,
    },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

const untilThere = (name: string): Promise<true> =>
  eventually(() => existsSync(join(home, name)), name);

const urlOf = (): string => JSON.parse(readFileSync(join(home, 'opcode.pid'), 'utf8')).urls[0];

test.each(Object.keys(THROWS))(
  'the daemon ends: %s',
  async (what) => {
    const daemon = start(what, 'serve', '--log-file', 'daemon.log');
    await untilThere('opcode.pid');
    const url = urlOf();
    daemon.kill('SIGUSR2');
    expect(await daemon.exited).toBe(70);
    const log = readFileSync(join(home, 'daemon.log'), 'utf8');
    expect(log).toMatch(
      /"level":"error","message":"an? (uncaught error|unhandled rejection) ends this process"/,
    );
    expect(log).toContain('broken');
    expect(log).not.toContain(KEY);
    if (what !== 'no error at all') expect(log).toContain('preload.ts');
    expect(fetch(url)).rejects.toThrow();
    // Closed in good order, and left for the next one to find.
    expect(existsSync(join(home, 'opcode.db-wal'))).toBe(false);
    expect(existsSync(join(home, 'opcode.pid'))).toBe(true);
  },
  TEST_MS,
);

test(
  'a run in the terminal ends, and its command goes on in the next process',
  async () => {
    const steps = [
      {
        id: 'a',
        run: 'touch began; while [ ! -e go ]; do sleep 0.05; done; echo done',
        on_interrupt: 'rerun',
      },
    ];
    writeFileSync(join(home, 'a.json'), JSON.stringify({ steps }));
    const run = start('timer', 'run', 'a.json', '--json');
    await untilThere('began');
    run.kill('SIGUSR2');
    expect(await run.exited).toBe(70);
    const stderr = await new Response(run.stderr).text();
    expect(stderr).toContain('broken in a timer: ***');
    expect(stderr).not.toContain(KEY);
    writeFileSync(join(home, 'go'), '');
    const next = start('timer', 'recover', '--json');
    expect(await next.exited).toBe(0);
    const status = start('timer', 'status', '@last', '--json');
    const told = JSON.parse(await new Response(status.stdout).text());
    expect(told).toMatchObject({ status: 'completed', output: { a: { exit_code: 0 } } });
  },
  TEST_MS,
);

test(
  'opcode mcp ends',
  async () => {
    const mcp = start('promise', 'mcp', '--no-daemon');
    await untilThere('opcode.db');
    mcp.kill('SIGUSR2');
    expect(await mcp.exited).toBe(70);
    expect(await new Response(mcp.stderr).text()).toContain('broken in a promise: ***');
  },
  TEST_MS,
);
