/**
 * Starting commands so that a crash can lose none of them.
 *
 * A command is found, spawned blocked and recorded before it does anything; whoever prepared it lets
 * it run or discards it. Every command leads a process group of its own, which is what is ended,
 * waited for and, after a crash, killed.
 */
import type { RecordedProcess } from '../model/event.ts';
import type { Command, CommandRunner, PreparedCommand } from './command.ts';
import { createDescriptors } from './descriptors.ts';
import { childEnvironment } from './environment.ts';
import { checkFolder, findCommand } from './find-command.ts';
import { type AppliedLimits, applyLimits, findLimitTools, type LimitTools } from './limits.ts';
import { readBootId, recordOf } from './process-info.ts';
import { type Child, runToEnd } from './run-to-end.ts';
import { discard, release, spawnBlocked } from './spawn.ts';

export interface RunnerOptions {
  /** Milliseconds between TERM and KILL at a timeout or a stop. */
  readonly killGraceMs: number;
  /** How long output is waited for after the command itself has ended. */
  readonly drainMs: number;
  /** Milliseconds between TERM and KILL for what a command left running behind it. */
  readonly leftoverGraceMs: number;
  /** More variables of the starter that go through. */
  readonly passedEnv: Readonly<Record<string, string>>;
  /** Finds out which limits can be had; called once, when the first limit is demanded. */
  readonly findLimitTools: () => LimitTools;
}

const DEFAULT_RUNNER_OPTIONS: RunnerOptions = {
  killGraceMs: 5_000,
  drainMs: 200,
  leftoverGraceMs: 1_000,
  passedEnv: {},
  findLimitTools,
};

/** Prepares commands: spawned and recorded, but not yet running. */
export function createCommandRunner(changes: Partial<RunnerOptions> = {}): CommandRunner {
  const options = { ...DEFAULT_RUNNER_OPTIONS, ...changes };
  const descriptors = createDescriptors();
  const bootId = readBootId();
  let tools: LimitTools | null = null;
  let count = 0;
  const limitTools = (): LimitTools => {
    tools ??= options.findLimitTools();
    return tools;
  };
  return {
    prepare(command) {
      count += 1;
      const env = childEnvironment(command, options.passedEnv);
      const argv = argvOf(command, env);
      const limits = applyLimits(command.limits, limitTools, String(count));
      const child = start(limits, () =>
        spawnBlocked([...limits.prefix, ...argv], command, env, descriptors),
      );
      return prepared(child, limits, recordOf(child.pid, bootId), command, options);
    },
  };
}

/**
 * The command as it is called.
 * @throws AppError EXECUTION_ERROR when there is no such program or folder
 */
function argvOf(command: Command, env: Readonly<Record<string, string>>): readonly string[] {
  checkFolder(command.cwd);
  const [program = '', ...args] = command.argv;
  const file = findCommand(program, command.cwd, env.PATH ?? '');
  // The short name stays what the program sees itself called; only odd ones are spelled out.
  return [program.startsWith('-') ? file : program, ...args];
}

/** A blocked child under its limits; when that fails nothing is left of it. */
function start(limits: AppliedLimits, spawn: () => Child): Child {
  let child: Child | null = null;
  try {
    child = spawn();
    limits.enter(child.pid);
    return child;
  } catch (thrown) {
    if (child !== null) discard(child);
    void limits.remove();
    throw thrown;
  }
}

function prepared(
  child: Child,
  limits: AppliedLimits,
  record: RecordedProcess,
  command: Command,
  options: RunnerOptions,
): PreparedCommand {
  let isOver = false;
  return {
    process: record,
    async run(control) {
      isOver = true;
      try {
        return await runToEnd(child, () => release(child), command, control, options);
      } finally {
        await limits.remove();
      }
    },
    discard() {
      if (isOver) return;
      isOver = true;
      discard(child);
      void limits.remove();
    },
  };
}
