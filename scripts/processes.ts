/**
 * How the scripts start other programs: from the project root, without standard input, and with an
 * environment in which nothing left over from the caller's shell changes what Bun or Opcode does.
 */
import { join } from 'node:path';

export const ROOT = join(import.meta.dir, '..');

export interface Finished {
  readonly exitCode: number;
  readonly output: string;
}

/** Returns this process's environment without any `BUN_*` and `OPCODE_*` variable, plus `extra`. */
export function cleanEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(BUN|OPCODE)_/.test(name)) kept[name] = value;
  }
  return { ...kept, ...extra };
}

/** Runs a program to its end and returns its exit code with everything it printed. */
export async function runQuietly(command: string[]): Promise<Finished> {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: cleanEnvironment(),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output: stdout + stderr };
}

/** Runs a program that prints to this terminal; past `limitMs` it is killed. Returns the exit code. */
export async function runShown(
  command: string[],
  options: { env?: Record<string, string>; limitMs?: number } = {},
): Promise<number> {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: cleanEnvironment(options.env),
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    ...(options.limitMs === undefined ? {} : { timeout: options.limitMs, killSignal: 'SIGKILL' }),
  });
  return await child.exited;
}
