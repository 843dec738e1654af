/**
 * What the examples find on the machine: files, git repositories, and a stand-in for the Go tool
 * chain, which answers at once and needs no network.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Place } from './example.ts';

/** Writes `content` to a file below the place's folder, and returns its path. */
export function file({ folder }: Place, name: string, content: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The same, last changed so many hours ago. */
export function oldFile(at: Place, name: string, content: string, hours: number): string {
  const path = file(at, name, content);
  const then = new Date(Date.now() - hours * 3_600_000);
  utimesSync(path, then, then);
  return path;
}

/** A difference unless the file below the place's folder holds exactly this. */
export function holds({ folder }: Place, name: string, content: string): readonly string[] {
  const path = join(folder, name);
  const found = existsSync(path) ? readFileSync(path, 'utf8') : 'no file';
  return found === content ? [] : [`${name} holds ${JSON.stringify(found)}`];
}

/** Runs git below the place's folder and returns what it printed. @throws when it fails */
export function git({ folder }: Place, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=example', '-c', 'user.email=example@localhost'];
  const done = Bun.spawnSync(['git', ...identity, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
  });
  if (!done.success) throw new Error(`git ${args.join(' ')}: ${done.stderr.toString()}`);
  return done.stdout.toString();
}

/** A repository `name` on branch main with a commit for each subject. */
export function repository(at: Place, name: string, subjects: readonly string[]): string {
  git(at, 'init', '--quiet', '--initial-branch=main', name);
  for (const subject of subjects) {
    git(at, '-C', name, 'commit', '--quiet', '--allow-empty', '-m', subject);
  }
  return join(at.folder, name);
}

/** Programs that the examples call and that are stood in for, as shell text. */
const TOOLS: Readonly<Record<string, string>> = {
  // go test -C DIR … and go vet -C DIR …: fails where a file named broken lies in DIR.
  go: 'test ! -e "$3/broken" || { echo "$1: broken" >&2; exit 1; }',
};

/** Programs that have to be there. */
const NEEDED = ['bash', 'git', 'python3'] as const;

/** Puts the stand-ins into `folder`. @throws when a program that has none is not installed */
export function installTools(folder: string): void {
  const missing = NEEDED.filter((name) => Bun.which(name) === null);
  if (missing.length > 0) throw new Error(`the examples need ${missing.join(', ')} on PATH`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(TOOLS)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
}
