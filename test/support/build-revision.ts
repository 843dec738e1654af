/**
 * The executable of an earlier revision of this repository, built beside the checkout with the
 * packages that are installed.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnvironment, ROOT } from '../../scripts/processes.ts';

export interface BuiltRevision {
  readonly binary: string;
  remove(): void;
}

/** True when the history of this checkout reaches back to the revision. */
export const hasRevision = (revision: string): boolean =>
  git(ROOT, 'cat-file', '-e', `${revision}^{commit}`).success;

/** Builds a revision's executable in a temporary folder. @throws when it cannot be built */
export function buildRevision(revision: string): BuiltRevision {
  const folder = mkdtempSync(join(tmpdir(), 'opcode-revision-'));
  const source = join(folder, 'source');
  mkdirSync(source);
  const archive = join(folder, 'source.tar');
  const must = ({ success, stderr }: ReturnType<typeof git>, what: string): void => {
    if (!success) throw new Error(`${what} of ${revision} failed: ${stderr.toString()}`);
  };
  must(git(ROOT, 'archive', '--output', archive, revision), 'reading');
  must(Bun.spawnSync(['tar', '-xf', archive, '-C', source], { stderr: 'pipe' }), 'unpacking');
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  must(
    Bun.spawnSync([process.execPath, join(source, 'scripts', 'build.ts')], {
      cwd: source,
      env: cleanEnvironment(),
      stderr: 'pipe',
    }),
    'building',
  );
  const binary = join(source, 'dist', 'opcode');
  if (!existsSync(binary)) throw new Error(`building ${revision} left no executable`);
  return { binary, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const git = (cwd: string, ...args: readonly string[]) =>
  Bun.spawnSync(['git', ...args], { cwd, stdout: 'pipe', stderr: 'pipe' });
