/** What is said of words that cannot be understood, and the other words that can. */
// zone: the same in every time zone of the machine
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from './fake-terminal.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-words-'));
});
afterAll(() => rmSync(home, { recursive: true }));

async function opcode(words: readonly string[], input = '') {
  const terminal = fakeTerminal(input);
  const env = { OPCODE_HOME: join(home, 'home'), PATH: process.env.PATH };
  const code = await execute(words, terminal, env);
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

describe('a command line that cannot be understood', () => {
  test.each([
    [['run'], 'opcode run [options] <template|file>; opcode run --help'],
    [['schedule', 'add', 'x'], 'opcode schedule add [options] <name> <template> <expression>'],
    [['status', '--bogus'], 'opcode status [options] [run] [step]; opcode status --help'],
    [['frobnicate'], 'opcode --help lists the commands'],
    [['ls'], 'opcode query workflows'],
    [['ps'], 'opcode status'],
    [['reload'], 'kill -HUP'],
    [['init'], 'opcode examples quickstart'],
    [['-v'], 'opcode --version'],
  ])('%j says how it is written', async (words, hint) => {
    const { code, stderr } = await opcode(words);
    expect(code).toBe(2);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(hint);
  });
});

test('runs are workflows to query', async () => {
  expect(await opcode(['query', 'runs'])).toMatchObject({ code: 0 });
});

describe('a workflow on standard input', () => {
  test('runs, as JSON and as YAML', async () => {
    const json = await opcode(['run', '-', '-q'], '{"steps": [{"id": "a", "run": "echo hi"}]}');
    expect(json).toMatchObject({ code: 0, stdout: expect.stringContaining('hi') });
    const yaml = await opcode(['run', '-', '-q'], 'steps:\n  - id: a\n    run: echo ho\n');
    expect(yaml).toMatchObject({ code: 0, stdout: expect.stringContaining('ho') });
  });

  test('is checked, with the lines of what is wrong', async () => {
    expect(await opcode(['validate', '-'], 'steps: [{id: a, run: "true"}]')).toMatchObject({
      code: 0,
    });
    const { code, stdout } = await opcode(
      ['validate', '-'],
      '{"steps":\n [{"id": "a", "rn": "x"}]}',
    );
    expect(code).toBe(2);
    expect(stdout).toContain('standard input:2:');
  });
});

test('help says what opcode alone does', async () => {
  const { stdout } = await opcode(['--help']);
  expect(stdout).toMatch(/ {2}opcode +the daemon: the same as opcode serve/);
});
