/** What the shell is told: by `exec` the command's own code, by signals to many what became of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from './fake-terminal.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-exit-'));
});
afterAll(() => rmSync(home, { recursive: true }));

async function opcode(...args: string[]) {
  const terminal = fakeTerminal();
  const env = { OPCODE_HOME: join(home, 'home'), PATH: process.env.PATH };
  const code = await execute(args, terminal, env);
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

describe('opcode exec', () => {
  test.each([
    [0, ['true']],
    [7, ['sh', '-c', 'exit 7']],
    [2, ['sh', '-c', 'exit 2']],
    [137, ['sh', '-c', 'kill -9 $$']],
    [127, ['there-is-no-such-command']],
    [127, ['/there/is/no/such']],
    [126, ['/etc/passwd']],
    [143, ['--timeout', '50ms', '--', 'sleep', '60']],
    [125, ['--bogus']],
    [125, []],
  ])('exits with %d for %j', async (code, words) => {
    expect((await opcode('exec', ...words)).code).toBe(code);
  });

  test('tells the end of the run in its document', async () => {
    const { code, stdout } = await opcode('exec', '--json', '--', 'sh', '-c', 'exit 9');
    expect([code, JSON.parse(stdout).status]).toEqual([9, 'failed']);
  });
});

describe('signals to many', () => {
  const file = (name: string, steps: unknown): string => {
    const path = join(home, `${name}.json`);
    writeFileSync(path, JSON.stringify({ metadata: { name }, steps }));
    return path;
  };

  test('3 when no run fits', async () => {
    expect((await opcode('cancel', '--where', 'name=nobody', '--yes')).code).toBe(3);
  });

  test('1 when one fails again by what was set going', async () => {
    const path = file('fails', [{ id: 'a', run: 'exit 1' }]);
    expect((await opcode('run', path)).code).toBe(1);
    expect((await opcode('retry', '--where', 'name=fails', '--yes')).code).toBe(1);
  });

  test('0 when all took it, and nobody waits for a time that has to come', async () => {
    const path = file('later', [{ id: 'w', type: 'wait', config: { duration: '1h' } }]);
    expect((await opcode('run', path, '--wait', '50ms')).code).toBe(5);
    expect((await opcode('pause', '--where', 'name=later', '--yes')).code).toBe(0);
    const resumed = await opcode('resume', '--where', 'name=later', '--yes');
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('1 run not over: opcode serve or opcode recover goes on.');
    expect((await opcode('cancel', '--where', 'name=later', '--yes')).code).toBe(0);
  });
});
