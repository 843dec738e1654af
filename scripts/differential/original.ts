/**
 * Originals to compare with: small programs around a pinned Go module or Python package, built in a
 * temporary folder. Each reads requests as JSON lines and prints one JSON line for each.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program says to one request. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string };

export interface Original {
  readonly name: string;
  /** Answers the requests in their order. */
  ask(requests: readonly unknown[]): Promise<Answer[]>;
  /** Removes what was built. */
  close(): void;
}

export interface GoProgram {
  readonly name: string;
  /** The file with its `main`. */
  readonly source: string;
  /** Modules with their versions, `path@v1.2.3`. */
  readonly modules: readonly string[];
}

/** Builds a Go program; null when there is no Go on this machine. */
export async function buildGo({ name, source, modules }: GoProgram): Promise<Original | null> {
  if (Bun.which('go') === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'differential-'));
  cpSync(source, join(folder, 'main.go'));
  cpSync(join(import.meta.dir, 'originals/requests.go'), join(folder, 'requests.go'));
  await succeed(['go', 'mod', 'init', 'original'], folder);
  await succeed(['go', 'get', ...modules], folder);
  await succeed(['go', 'build', '-o', 'original', '.'], folder);
  return program(name, [join(folder, 'original')], folder);
}

export interface PythonProgram {
  readonly name: string;
  /** The script. */
  readonly source: string;
  /** Packages of PyPI with their versions, `name==1.2.3`. */
  readonly packages: readonly string[];
}

/** Makes a virtual environment for a Python script; null when there is no Python on this machine. */
export async function buildPython({
  name,
  source,
  packages,
}: PythonProgram): Promise<Original | null> {
  if (Bun.which('python3') === null) return null;
  const folder = mkdtempSync(join(tmpdir(), 'differential-'));
  cpSync(source, join(folder, 'main.py'));
  await succeed(['python3', '-m', 'venv', 'venv'], folder);
  const python = join(folder, 'venv/bin/python');
  await succeed([python, '-m', 'pip', 'install', '--quiet', ...packages], folder);
  return program(name, [python, join(folder, 'main.py')], folder);
}

function program(name: string, command: readonly string[], folder: string): Original {
  return {
    name,
    async ask(requests) {
      const stdin = new Blob(requests.map((request) => `${JSON.stringify(request)}\n`));
      const child = Bun.spawn([...command], { stdin, stdout: 'pipe', stderr: 'inherit' });
      const lines = (await new Response(child.stdout).text()).split('\n').filter(Boolean);
      if ((await child.exited) !== 0 || lines.length !== requests.length) {
        throw new Error(`${name} answered ${lines.length} of ${requests.length} requests`);
      }
      return lines.map((line) => JSON.parse(line) as Answer);
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function succeed(command: readonly string[], cwd: string): Promise<void> {
  const child = Bun.spawn([...command], { cwd, stdout: 'ignore', stderr: 'pipe' });
  const stderr = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed:\n${stderr}`);
}
