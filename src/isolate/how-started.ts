/**
 * How a living process of this user was started: command line, folder, environment, and the service
 * that systemd runs it as. Read from /proc; elsewhere nothing is known.
 */
import { readFileSync, readlinkSync } from 'node:fs';

export interface StartFacts {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** Name of the systemd unit, null when no unit runs it. */
  readonly unit: string | null;
}

/** Null when that cannot be told from here. */
export function howStarted(pid: number): StartFacts | null {
  const argv = wordsOf(`/proc/${pid}/cmdline`);
  if (argv.length === 0) return null;
  const pairs = wordsOf(`/proc/${pid}/environ`).map((word): [string, string] => {
    const at = word.indexOf('=');
    return [word.slice(0, Math.max(at, 0)), word.slice(at + 1)];
  });
  const env = Object.fromEntries(pairs.filter(([name]) => name !== ''));
  return { argv, cwd: cwdOf(pid), env, unit: unitOf(pid, env) };
}

const wordsOf = (path: string): readonly string[] => readOrEmpty(path).split('\0').slice(0, -1);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // No such table here, or a process of another user.
    return '';
  }
}

function cwdOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}

/** A unit that wants to be told how it is going is one of its own; a terminal's is not. */
function unitOf(pid: number, env: Readonly<Record<string, string>>): string | null {
  return env.NOTIFY_SOCKET === undefined ? null : unitNameOf(pid);
}

/** Name of the systemd unit in whose control group a process is, `its unit` when that cannot be told. */
export function unitNameOf(pid: number): string {
  return /\/([^/\n]+\.service)\s*$/m.exec(readOrEmpty(`/proc/${pid}/cgroup`))?.[1] ?? 'its unit';
}
