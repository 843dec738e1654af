/** The command line as a whole, in this process: where options may stand, and what is said of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { COMMANDS } from '../../cli/table.ts';
import { type FakeTerminal, fakeStream, fakeTerminal } from './fake-terminal.ts';

let home = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-program-'));
});
afterAll(() => rmSync(home, { recursive: true }));

async function opcode(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await execute(args, terminal, { OPCODE_HOME: join(home, 'home') });
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

describe('what every command takes', () => {
  test('counts before a subcommand as behind it', async () => {
    const before = await opcode('token', '--json', 'list');
    expect(before.code).toBe(0);
    expect(JSON.parse(before.stdout)).toEqual({ tokens: [] });
    const other = join(home, 'other.txt');
    writeFileSync(other, 'no database, but the one that is asked for');
    const refused = await opcode('schedule', '--db-path', other, 'list');
    expect(refused.stderr).toContain(other);
  });

  test('works for every list', async () => {
    for (const [group, key] of [
      ['agent', 'agents'],
      ['token', 'tokens'],
      ['schedule', 'schedules'],
    ] as const) {
      const listed = await opcode(group, 'list', '--json', '--log-level', 'warn');
      expect(listed).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(listed.stdout)[key]).toEqual([]);
    }
  });
});

describe('options that would not be heeded', () => {
  test('are refused: a time to wait for what is left at once, an update of nothing', async () => {
    for (const words of [
      ['run', 'x'],
      ['rerun', '@last'],
      ['resume', '@last'],
    ]) {
      const both = await opcode(...words, '--detach', '--wait', '5s');
      expect(both.code).toBe(2);
      expect(both.stderr).toMatch(/'--detach' cannot be used with option\s+'--wait/);
    }
    const nothing = await opcode('schedule', 'update', 'nightly');
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toContain('nothing to change');
  });
});

describe('options without a command', () => {
  test('are those of the daemon', async () => {
    const bad = await opcode('--listen-addr', 'nowhere');
    expect(bad.code).toBe(2);
    expect(bad.stderr).toContain('listen_addr: "nowhere" is no address');
  });

  test('before a command are refused with the way to write it', async () => {
    const swapped = await opcode('--db-path', 'x.db', 'status');
    expect(swapped.code).toBe(2);
    expect(swapped.stderr).toContain('write opcode status --db-path');
    expect((await opcode('--help')).stdout).toContain('Usage: opcode [command]');
  });
});

describe('help', () => {
  test('has two examples for every command, and fits a terminal of 80 columns', async () => {
    const terminal = (): FakeTerminal => ({
      ...fakeTerminal(),
      stdout: fakeStream({ columns: 80 }),
    });
    const helpOf = async (...words: string[]): Promise<string> => {
      const shown = terminal();
      expect(await execute([...words, '--help'], shown, {})).toBe(0);
      return shown.stdout.text();
    };
    const look = async (...words: string[]): Promise<void> => {
      const text = await helpOf(...words);
      const [, examples = ''] = text.split('Examples:\n');
      expect(examples.match(/^ {2}\S/gm)?.length ?? 0).toBeGreaterThanOrEqual(2);
      expect(text).toContain('Exit codes: opcode query reference --name errors');
      // A command line that is longer stays in one piece.
      const tooWide = text.split('\n').filter((line) => line.length > 80);
      expect(tooWide.filter((line) => !/^ {2}opcode( \S+)+$/.test(line))).toEqual([]);
      const [, list = ''] = text.split('Commands:\n');
      const inner = list.split('\n\n')[0] ?? '';
      for (const [, word = ''] of inner.matchAll(/^ {2}(\S+)/gm)) {
        if (word !== 'help') await look(...words, word);
      }
    };
    for (const { name } of COMMANDS) await look(name);
  });
});

describe('the daemon', () => {
  test('says which file it cannot write its log to', async () => {
    const started = await opcode('serve', '--log-file', join(home, 'no', 'such', 'x.log'));
    expect(started.code).toBe(1);
    expect(started.stderr).toContain('[EXECUTION_ERROR] no log can be written there');
  });

  test('says that its home cannot be written to', async () => {
    const closed = join(home, 'closed');
    mkdirSync(closed);
    writeFileSync(join(closed, 'work'), 'in the way');
    const terminal = fakeTerminal();
    const env = { OPCODE_HOME: closed, OPCODE_LISTEN_ADDR: ':0' };
    expect(await execute(['serve'], terminal, env)).toBe(1);
    expect(terminal.stderr.text()).toMatch(/^\[STORE_ERROR\] .*work cannot be made/);
    expect(terminal.stderr.text()).toContain('OPCODE_HOME');
  });
});
