/**
 * The table of the reference is what the reader does; what it takes runs nothing, in real shells.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quoteHoles, reviewShellText } from '../../src/isolate/shell-text.ts';
import { reference } from '../docs/markdown.ts';

type Shell = 'sh' | 'bash';
type Verdict = 'taken' | 'warned' | 'refused';

const partsOf = (text: string): (string | number)[] =>
  text.split(/\bV\b/).flatMap((piece, i, all) => (i < all.length - 1 ? [piece, i + 1] : [piece]));

function verdict(text: string, shell: Shell): Verdict {
  const { problems } = reviewShellText(partsOf(text), shell);
  if (problems.some(({ severity }) => severity === 'error')) return 'refused';
  return problems.length > 0 ? 'warned' : 'taken';
}

const ROW = /^\| (`+) ?(.+?) ?\1 \| (\w+) \| (\w+) \|$/gm;
const pages = [reference('shell').text, reference('shell-programs').text].join('\n');
const rows = [...pages.matchAll(ROW)].map(([, , text = '', sh, bash]) => ({
  text: text.replaceAll('\\|', '|').replaceAll('⏎', '\n'),
  sh,
  bash,
}));

describe('the tables of shell.md and shell-programs.md', () => {
  test('is read', () => expect(rows.length).toBeGreaterThan(130));

  test.each(rows.map((row) => [row.text, row] as const))('%s', (text, { sh, bash }) => {
    expect({ sh: verdict(text, 'sh'), bash: verdict(text, 'bash') } as object).toEqual({
      sh,
      bash,
    });
  });
});

const AROUND: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `true && \\\n  ${text}`,
  (text) => `2>/dev/null ${text}`,
  (text) => `X=1 Y="a b" ${text}`,
  (text) => `command ${text}`,
  (text) => `env X=1 ${text}`,
  (text) => `if true; then ${text}; fi`,
  (text) => `echo "$(${text})"`,
  (text) => `{ ${text}; } 2>&1 | cat`,
  (text) => `( ${text} )`,
  (text) => `f() { ${text}; }; f`,
  (text) => `echo a \\\n# it's\n${text}`,
  (text) => `cat <<E >/dev/null\n'\nE\n${text}`,
  (text) => `for i in 1; do ${text}; done`,
  (text) => `case a in a) ${text};; esac`,
  (text) => `echo V | ${text}`,
  (text) => `time -p ${text}`,
  (text) => `exec ${text}`,
  (text) => `{ ${text}; } <<< "V"`,
  (text) => `true &>/dev/null ${text}`,
  (text) => `3>/dev/null ${text.replace(' ', ' 4>/dev/null ')}`,
  (text) => text.replace(' ', ' \\\n '),
  (text) => text.replace(/^(..)/, '$1\\\n'),
  (text) => text.replace(/^(.)(\w)/, '$1""$2'),
  (text) => `${text} \\\n 2>&1`,
];
/** Each tries to make the file in many ways at once. */
const HOSTILE = [
  'a[$(: >"$CANARY")]`: >"$CANARY"`',
  '\n: >"$CANARY"\n',
  '\'"; : >"$CANARY"; "\'; : >"$CANARY" #',
  '| : >"$CANARY" |',
  '-c',
];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-shell-'));
  mkdirSync(join(folder, 'bin'));
  for (const name of ['sh', 'bash', 'env', 'cat', 'grep', 'xargs', 'timeout', 'tee', 'true']) {
    const path = Bun.which(name);
    if (path !== null) symlinkSync(path, join(folder, 'bin', name));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a text with the values in it; true when one of them was executed. */
async function executes(path: string, text: string, canary: string): Promise<boolean> {
  const command = quoteHoles(partsOf(text));
  await Promise.all(
    HOSTILE.map(async (value) => {
      const values = { OPCODE_V1: value, OPCODE_V2: value, OPCODE_V3: value, OPCODE_V4: value };
      const child = Bun.spawn([path, '-c', command], {
        cwd: folder,
        env: { PATH: join(folder, 'bin'), CANARY: canary, SHELL: '/bin/sh', ...values },
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      });
      await child.exited;
    }),
  );
  return existsSync(canary);
}

/** What may stand on a machine of anybody's: none of it starts more than what `bin` holds. */
const ELSEWHERE =
  /\b(?:su|sudo|at|docker|npm|script|watch|parallel|ssh|make|flock|find|git|tmux|screen|scp|rsync|tar|kubectl|psql|vim|socat|nohup|man)\b/;
const SHELLS: readonly (readonly [Shell, string])[] = (['sh', 'bash'] as const).flatMap((shell) => {
  const path = Bun.which(shell);
  return path === null ? [] : [[shell, path] as const];
});
const TEXTS = rows.map(({ text }) => text).filter((text) => !ELSEWHERE.test(text));

describe('what is taken executes no value', () => {
  test.each(SHELLS)('in %s, alone and in other text', async (shell, path) => {
    const isDash = shell === 'sh' && !(await isBash(path));
    const executed: string[] = [];
    let count = 0;
    for (const text of TEXTS.flatMap((each) => AROUND.map((around) => around(each)))) {
      const found = verdict(text, shell);
      const runs = found === 'taken' || (found === 'warned' && isDash && !LANGUAGE.test(text));
      if (!runs) continue;
      count += 1;
      const canary = join(folder, `${shell}-${count}`);
      if (await executes(path, text, canary)) executed.push(text);
    }
    expect(executed).toEqual([]);
    expect(count).toBeGreaterThan(200);
  });
});

const LANGUAGE = /\b(?:awk|sed|jq|python3|perl|node|psql|sqlite3|bc)\b/;

async function isBash(path: string): Promise<boolean> {
  const child = Bun.spawn([path, '-c', 'echo "$BASH_VERSION"'], { env: {} });
  return (await new Response(child.stdout).text()).trim() !== '';
}
