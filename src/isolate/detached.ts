/**
 * Starting a process that outlives this one: a session of its own, no terminal, nothing inherited but
 * the environment and a file for what it prints.
 */
import { closeSync, openSync } from 'node:fs';
import { AppError, messageOf } from '../model/error.ts';

export interface DetachedProcess {
  readonly pid: number;
  /** Its exit code, null while it lives or when a signal ended it. */
  readonly exitCode: () => number | null;
  /** True once it has ended. */
  readonly ended: () => boolean;
}

/** Starts it; this process may end before it. @throws EXECUTION_ERROR when the system refuses */
export function startDetached(options: {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it prints is appended here; made for this user alone. */
  readonly outputPath: string;
}): DetachedProcess {
  const output = openSync(options.outputPath, 'a', 0o600);
  try {
    const child = Bun.spawn([...options.command], {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: ['ignore', output, output],
    });
    child.unref();
    return {
      pid: child.pid,
      exitCode: () => child.exitCode,
      ended: () => child.exitCode !== null || child.signalCode !== null,
    };
  } catch (thrown) {
    throw new AppError('EXECUTION_ERROR', `it cannot be started: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  } finally {
    closeSync(output);
  }
}
