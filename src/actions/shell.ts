/**
 * `shell.exec`: one command, or with `shell: true`, `sh` or `bash` one shell text.
 *
 * A value never becomes shell text: the engine has turned each `${{ }}` of a shell text into a
 * variable and gives the values in `hole_env`, a param no author can write.
 */

import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type {
  ActionContext,
  ActionDef,
  ActionResult,
  EffectAction,
  PreparedProcess,
} from '../model/action.ts';
import { AppError, messageOf } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import { formatDuration, parseDuration } from '../model/time.ts';
import { commandEnv } from './command-env.ts';
import { commandLimits, limitsProblem } from './command-limits.ts';
import type { ActionDeps, CommandResult, ShellCommand } from './deps.ts';
import { parseJsonText } from './json-text.ts';

const DEFAULT_SHELL_TIMEOUT_MS = 30_000;
/** Characters of output in a failure's details. */
const TAIL = 2_000;

export function shellActions(deps: ActionDeps): readonly ActionDef[] {
  const prepare = (params: JsonObject, context: ActionContext): PreparedProcess =>
    prepareShell(deps, params, context);
  const exec: EffectAction = {
    name: 'shell.exec',
    description: 'Runs a command; a non-zero exit is data unless `fail_on_error`.',
    inline: false,
    boundsItsOutput: true,
    effect: 'unsafe',
    params: {
      command: { type: 'string', required: true },
      args: { type: 'list', lenient: true, default: [] },
      env: { type: 'object', lenient: true, nullable: true, default: {}, secrets: true },
      cwd: { type: 'string' },
      workdir: { type: 'string', aliasOf: 'cwd' },
      stdin: { type: 'any', secrets: true },
      timeout: { type: 'duration', description: "default: the step's, else 30s" },
      shell: { type: 'boolean', values: ['sh', 'bash'], default: false },
      pipefail: { type: 'boolean', default: false, description: 'with `shell: bash` only' },
      fail_on_error: { type: 'boolean', default: false },
      limits: { type: 'object', description: 'memory, cpu, pids, network' },
    },
    check: ({ command, limits, shell, pipefail }) => {
      if (String(command).trim() === '') return '"command" is empty';
      return pipefailProblem(shell, pipefail) ?? limitsProblem(limits);
    },
    run: (params, context) => prepare(params, context).run(context),
    prepare,
  };
  return [exec];
}

/** What is wrong with `pipefail` beside this `shell`, or null. */
const pipefailProblem = (shell: Json | undefined, pipefail: Json | undefined): string | null =>
  pipefail === true && shell !== 'bash'
    ? '"pipefail" needs `shell: bash`: sh has no such option'
    : null;

function prepareShell(
  deps: ActionDeps,
  params: JsonObject,
  context: ActionContext,
): PreparedProcess {
  const prepared = prepareCommand(deps, params, context);
  return {
    process: prepared.process,
    discard: () => prepared.discard(),
    async run(live) {
      const timeoutMs = timeoutOf(params, live);
      const { signal, onOutput } = live;
      const cut: Cut = (text, from, to) => live.masker().part(text, from, to);
      const result = await prepared.run({ timeoutMs, signal, onOutput, cut });
      return resultOf(params, result, timeoutMs, cut);
    },
  };
}

function prepareCommand(
  deps: ActionDeps,
  params: JsonObject,
  context: ActionContext,
): ReturnType<ActionDeps['commands']['prepare']> {
  try {
    return deps.commands.prepare(commandOf(params, context));
  } catch (thrown) {
    const details = thrown instanceof AppError ? thrown.details : null;
    const isMissing =
      isJsonObject(details) && details.errno === 'ENOENT' && details.command === 'bash';
    if (params.shell !== 'bash' || !isMissing) throw thrown;
    throw new AppError('ACTION_UNAVAILABLE', `there is no bash here: ${messageOf(thrown)}`, {
      hint: 'install bash on the machine that executes the run, or write the command for sh',
      cause: thrown,
    });
  }
}

function commandOf(params: JsonObject, context: ActionContext): ShellCommand {
  const { cwd: wanted, shell } = params;
  const cwd = resolve(context.cwd, typeof wanted === 'string' ? wanted : '.');
  const command = String(params.command);
  const args = isJsonArray(params.args) ? params.args.map(String) : [];
  const shellArgv = shellOf(shell, params.pipefail);
  const argv =
    shellArgv === null
      ? [programOf(command, cwd, context), ...args]
      : [...shellArgv, command, 'opcode', ...args];
  const own = commandEnv(params.env, params.env_names);
  const env = {
    ...own.env,
    ...texts(params.hole_env),
    OPCODE_IDEMPOTENCY_KEY: context.idempotencyKey,
  };
  refuseNul(argv, env);
  return {
    argv,
    cwd,
    baseEnv: context.env,
    env,
    dropped: own.dropped,
    stdin: stdinOf(params.stdin),
    maxOutputBytes: context.limits.shellOutputBytes,
    limits: commandLimits(params.limits),
  };
}

/** How a shell is given its text, null when no shell is asked for. */
function shellOf(shell: Json | undefined, pipefail: Json | undefined): readonly string[] | null {
  if (shell === 'bash') return ['bash', ...(pipefail === true ? ['-o', 'pipefail'] : []), '-c'];
  return shell === true || shell === 'sh' ? ['sh', '-c'] : null;
}

/** A path counts from the run's working directory; what is only in `cwd` is found there. */
function programOf(command: string, cwd: string, context: ActionContext): string {
  if (!command.includes('/')) return command;
  const file = resolve(context.cwd, command);
  return existsSync(file) ? file : resolve(cwd, command);
}

/** Values as a shell sees them: text as it is, null as empty, everything else as JSON. */
function texts(values: Json | undefined): Record<string, string> {
  const env: Record<string, string> = {};
  if (!isJsonObject(values)) return env;
  for (const [name, value] of Object.entries(values)) env[name] = textOf(value);
  return env;
}

function textOf(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const stdinOf = (stdin: Json | undefined): string | null =>
  stdin === undefined || stdin === null
    ? null
    : typeof stdin === 'string'
      ? stdin
      : printJson(stdin);

function refuseNul(argv: readonly string[], env: Readonly<Record<string, string>>): void {
  const place = argv.some((arg) => arg.includes('\0'))
    ? 'an argument'
    : Object.entries(env).find(([name, value]) => name.includes('\0') || value.includes('\0'))?.[0];
  if (place === undefined) return;
  throw new AppError(
    'VALIDATION_ERROR',
    `${place} holds a NUL byte, which no command can be given`,
    {
      hint: 'give it by `stdin`',
    },
  );
}

/** The earlier of the action's and the step's; with neither 30 s. */
function timeoutOf(params: JsonObject, context: ActionContext): number {
  const own = params.timeout === undefined ? null : parseDuration(params.timeout);
  const ownMs = own?.ok === true ? own.ms : null;
  if (ownMs === null) return context.timeoutMs ?? DEFAULT_SHELL_TIMEOUT_MS;
  return Math.min(ownMs, context.timeoutMs ?? ownMs);
}

/** The characters of a text from one place to another, with no part of a secret. */
type Cut = (text: string, from: number, to: number) => string;

function resultOf(
  params: JsonObject,
  result: CommandResult,
  timeoutMs: number,
  cut: Cut,
): ActionResult {
  const isText = shellOf(params.shell, false) !== null;
  const name = isText ? 'the command' : basename(String(params.command));
  if (result.stopped === 'timeout') {
    const message = `${name} ran longer than ${formatDuration(timeoutMs)} and was ended`;
    throw new AppError('TIMEOUT_ERROR', message, {
      details: { ...tails(result, cut), killed: true },
    });
  }
  if (result.stopped === 'abort') {
    throw new AppError('CANCELLED', `${name} was stopped`, {
      details: { ...tails(result, cut), killed: true },
    });
  }
  if (params.fail_on_error === true && result.exitCode !== 0) throw exitFailure(name, result, cut);
  const parsed =
    !result.truncated && looksLikeJson(result.stdout) ? parseJsonText(result.stdout) : undefined;
  return {
    output: {
      stdout: parsed ?? result.stdout,
      stdout_raw: result.stdout,
      stderr: result.stderr,
      exit_code: result.exitCode,
      ...(result.signal === null ? {} : { signal: result.signal }),
      killed: false,
      duration_ms: result.durationMs,
      ...(result.truncated ? { truncated: true } : {}),
    },
  };
}

function exitFailure(name: string, result: CommandResult, cut: Cut): AppError {
  const how =
    result.signal === null ? `exited with ${result.exitCode}` : `was ended by ${result.signal}`;
  const said = lastLine(tailOf(result.stderr, cut));
  return new AppError('EXECUTION_ERROR', `${name} ${how}${said === '' ? '' : `: ${said}`}`, {
    details: tails(result, cut),
  });
}

const tails = (result: CommandResult, cut: Cut): JsonObject => ({
  exit_code: result.exitCode,
  ...(result.signal === null ? {} : { signal: result.signal }),
  stdout_tail: tailOf(result.stdout, cut),
  stderr_tail: tailOf(result.stderr, cut),
  ...(result.truncated ? { truncated: true } : {}),
});

/** The end of a text; one that was cut says so. */
const tailOf = (text: string, cut: Cut): string =>
  text.length > TAIL
    ? `…${cut(text, text.length - TAIL, text.length)}`.replace(/^…[\uDC00-\uDFFF]/, '…')
    : cut(text, 0, text.length);

function lastLine(text: string): string {
  const line = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

const looksLikeJson = (text: string): boolean => /^\s*[[{]/.test(text);
