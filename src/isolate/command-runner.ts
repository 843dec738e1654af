/**
 * Starting commands so that a crash can lose none of them.
 *
 * A command is found, spawned blocked and recorded before it does anything; whoever prepared it lets
 * it run or discards it. Every command leads a process group of its own, which is what is ended,
 * waited for and, after a crash, killed.
 */
import type { Command, CommandRunner, PreparedCommand } from './command.ts';
import { createDescriptors, type Descriptors } from './descriptors.ts';
import { childEnvironment } from './environment.ts';
import { checkFolder, findCommand } from './find-command.ts';
import { applyLimits } from './limits.ts';
import { readBootId, recordOf } from './process-info.ts';
import { runToEnd } from './run-to-end.ts';
import { discard, release, spawnBlocked } from './spawn.ts';

export interface RunnerOptions {
  /** Milliseconds between TERM and KILL at a timeout or a stop. */
  readonly killGraceMs: number;
  /** How long output is waited for after the command itself has ended. */
  readonly drainMs: number;
  /** Milliseconds between TERM and KILL for what a command left running behind it. */
  readonly leftoverGraceMs: number;
  /** More variables of the starter that go through. */
  readonly envPass: readonly string[];
}

export const DEFAULT_RUNNER_OPTIONS: RunnerOptions = {
  killGraceMs: 5_000,
  drainMs: 200,
  leftoverGraceMs: 1_000,
  envPass: [],
};

/** Prepares commands: spawned and recorded, but not yet running. */
export function createCommandRunner(changes: Partial<RunnerOptions> = {}): CommandRunner {
  const options = { ...DEFAULT_RUNNER_OPTIONS, ...changes };
  const descriptors = createDescriptors();
  const bootId = readBootId();
  return { prepare: (command) => prepare(command, options, descriptors, bootId) };
}

/** @throws AppError EXECUTION_ERROR or ISOLATION_ERROR when the command cannot be started */
function prepare(
  command: Command,
  options: RunnerOptions,
  descriptors: Descriptors,
  bootId: string,
): PreparedCommand {
  const env = childEnvironment(command.baseEnv, command.env, options.envPass);
  checkFolder(command.cwd);
  const [program = '', ...args] = command.argv;
  const file = findCommand(program, command.cwd, env.PATH ?? '');
  // The short name stays what the program sees itself called; only odd ones are spelled out.
  const argv = [program.startsWith('-') ? file : program, ...args];
  const limits = applyLimits(command.limits);
  const child = spawnBlocked([...limits.prefix, ...argv], command, env, descriptors);
  const settle = (): void => limits.remove();
  try {
    limits.enter(child.pid);
  } catch (thrown) {
    discard(child);
    settle();
    throw thrown;
  }
  let released = false;
  return {
    process: recordOf(child.pid, bootId),
    async run(control) {
      released = true;
      try {
        return await runToEnd(child, () => release(child), command, control, options);
      } finally {
        settle();
      }
    },
    discard() {
      if (released) return;
      released = true;
      discard(child);
      child.exited.then(settle, settle);
    },
  };
}
