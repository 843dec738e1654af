/** The commands on a disk without any room: what looks works, what writes says why not, nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { fakeTerminal } from './fake-terminal.ts';

/** A disk of its own is mounted, which needs root and a system that lets it. */
function mounted(folder: string): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  return Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=16m', 'none', folder]).success;
}

const folder = mkdtempSync(join(tmpdir(), 'opcode-full-'));
const disk = join(folder, 'disk');
mkdirSync(disk);
const isMounted = mounted(disk);
if (!isMounted) console.log('skipped: a full disk (no disk of its own can be mounted here)');

const home = join(disk, 'home');
async function opcode(...words: string[]) {
  const terminal = fakeTerminal();
  const code = await execute(words, terminal, { OPCODE_HOME: home, HOME: folder });
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

afterAll(() => {
  if (isMounted) Bun.spawnSync(['umount', '-l', disk]);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!isMounted)('on a full disk', () => {
  beforeAll(async () => {
    const file = join(folder, 'flow.json');
    writeFileSync(file, JSON.stringify({ steps: [{ id: 'say', run: 'echo hello' }] }));
    for (const words of [
      ['define', file, '--name', 'flow'],
      ['run', 'flow', '-q'],
    ]) {
      expect(await opcode(...words)).toMatchObject({ code: 0 });
    }
    writeFileSync(join(home, 'opcode.db-reserve'), new Uint8Array(8 * 1024 * 1024));
    Bun.spawnSync(['dd', 'if=/dev/zero', `of=${join(disk, 'fill')}`, 'bs=4k']);
  });

  const LOOKS: readonly (readonly string[])[] = [
    ['status'],
    ['status', '@last'],
    ['query', 'workflows'],
    ['events', '@last'],
    ['logs', '@last'],
    ['verify'],
    ['gc', '--older-than', '0', '--dry-run'],
    ['backup', join(folder, 'copy.db')],
  ];
  test.each(LOOKS.map((words) => [words.slice(0, 2).join(' '), words] as const))(
    '%s works',
    async (_, words) => {
      const said = await opcode(...words);
      expect([words, said.code, said.stderr.includes('[STORE_ERROR]')]).toEqual([words, 0, false]);
    },
  );

  test.each([
    [1, ['run', 'flow']],
    [125, ['exec', '--', 'true']],
    [1, ['backup']],
    [1, ['define', join(folder, 'flow.json'), '--name', 'other']],
  ] as const)('fails with %p and says that the disk is full: %p', async (code, words) => {
    const said = await opcode(...words);
    expect(said.code).toBe(code);
    expect(said.stderr.replaceAll(/\s+/g, ' ')).toMatch(/the disk is full.*make room/);
    expect(readdirSync(home)).toContain('opcode.db-reserve');
  });

  test('gc spends its reserve, removes what has ended, and everything goes on', async () => {
    expect(await opcode('gc', '--older-than', '0')).toMatchObject({ code: 0 });
    expect(readdirSync(home)).not.toContain('opcode.db-reserve');
    expect(await opcode('run', 'flow', '-q')).toMatchObject({ code: 0 });
    expect(await opcode('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 run'),
    });
  });
});
