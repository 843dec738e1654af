/**
 * Values in what a step hands to a shell: where one would become program text, in `run` and shell
 * texts, in the arguments of a command, and on its standard input.
 *
 * These checks are for texts that are new; a plan of a registered one is made whatever they say.
 */
import { isShellText, paramsOfStep, SHELL_ACTION, type StepParams } from '../core/graph-action.ts';
import type { PlanDeps } from '../core/graph-context.ts';
import type { Definition, ShellName } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, ownValue } from '../model/json.ts';
import { errorAt, warningAt } from './issues.ts';
import { stepsOf } from './walk.ts';

/** Literal text, and values by number. */
type Parts = readonly (string | number)[];

interface ValueProblem {
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

/** Reads shell texts and arguments as the programs do that get them. */
export interface ShellReader {
  readonly text: (
    parts: Parts,
    shell: ShellName,
  ) => { readonly problems: readonly ValueProblem[]; readonly stdin: ValueProblem | null };
  /** A program without a name of its own (null) may be any. */
  readonly args: (
    program: string | null,
    args: readonly Parts[],
  ) => {
    readonly problems: readonly (ValueProblem & { readonly index: number })[];
    readonly stdin: ValueProblem | null;
  };
}

export type ShellValueDeps = Pick<PlanDeps, 'actions' | 'splitText'> & {
  readonly shellReader: ShellReader;
};

/** Everything wrong with values in shell steps; paths are relative to the definition. */
export function checkShellValues(definition: Definition, deps: ShellValueDeps): Issue[] {
  const issues: Issue[] = [];
  for (const { def, path } of stepsOf(definition)) {
    if ((def.type ?? 'action') !== 'action') continue;
    const step = paramsOfStep(definition.defaults, deps.actions, def, path);
    if (step.action !== SHELL_ACTION) continue;
    issues.push(...(isShellText(step.params.shell) ? textIssues : argumentIssues)(step, deps));
  }
  return issues;
}

const issueAt = (path: IssuePath, { message, severity }: ValueProblem): Issue =>
  severity === 'error'
    ? errorAt(path, message, { check: 'VALUE_IN_PROGRAM_TEXT' })
    : warningAt(path, 'PROGRAM_TEXT', message);

function textIssues(step: StepParams, deps: ShellValueDeps): Issue[] {
  const { command, shell, stdin } = step.params;
  if (typeof command !== 'string') return [];
  const parts = partsOf(command, deps);
  const review = deps.shellReader.text(parts, shell === 'bash' ? 'bash' : 'sh');
  return [
    ...review.problems.map((problem) => issueAt(step.pathOf('command'), problem)),
    ...stdinIssues(step, review.stdin, stdin),
    ...unreadArgs(step, parts),
    ...pipefailWithoutBash(step),
    ...runVariables(step),
  ];
}

function argumentIssues(step: StepParams, deps: ShellValueDeps): Issue[] {
  const { command, args, stdin } = step.params;
  if (typeof command !== 'string') return [];
  const program = programOf(partsOf(command, deps));
  const isList = isJsonArray(args);
  // A list that data gives may hold anything.
  const list = isList ? args.map((arg) => partsOf(arg, deps)) : [[1], [2], [3]];
  const review = deps.shellReader.args(program, args === undefined ? [] : list);
  const at = step.pathOf('args');
  const problems = review.problems.map((problem) =>
    issueAt(isList ? [...at, problem.index] : at, problem),
  );
  return [
    ...(isList ? problems : problems.slice(0, 1)),
    ...stdinIssues(step, review.stdin, stdin),
    ...runVariables(step),
  ];
}

/** The program's name as far as it is known: a folder before it may come from data, null when it does. */
function programOf(parts: Parts): string | null {
  const last = parts.at(-1);
  if (typeof last !== 'string') return null;
  return parts.length === 1 || last.includes('/') ? last : null;
}

function stdinIssues(
  step: StepParams,
  problem: ValueProblem | null,
  stdin: Json | undefined,
): Issue[] {
  if (problem === null || stdin === undefined || !holdsTemplate(stdin)) return [];
  return [issueAt(step.pathOf('stdin'), problem)];
}

/** Reads `$1`, `$@` and their like, or hands them on without a name. */
const READS_ARGS =
  /\$\{?[#!]?[1-9@*#]|\b(?:shift|getopts|source)\b|(?:^|\s)\.\s|\bfor\s+\w+\s*(?:;|\n|do\b)/;

/** `args` that a shell text never looks at were meant for the command in it. */
function unreadArgs(step: StepParams, parts: Parts): Issue[] {
  const { args } = step.params;
  if (args === undefined || (isJsonArray(args) && args.length === 0)) return [];
  const text = parts.filter((part) => typeof part === 'string').join(' ');
  if (READS_ARGS.test(text)) return [];
  const message = 'the command never reads its `args`: a shell text gets them as $1, $2, … and $@';
  const hint =
    'write "$@" where they belong, or leave `shell` out: then the command is a program and these its arguments';
  return [errorAt(step.pathOf('args'), message, { hint, check: 'UNREAD_ARGS' })];
}

/** Told here too, since a command with values in it is not checked whole before it runs. */
function pipefailWithoutBash({ params, pathOf }: StepParams): Issue[] {
  if (params.pipefail !== true || params.shell === 'bash' || !holdsTemplate(params.command ?? null))
    return [];
  return [errorAt(pathOf('pipefail'), '"pipefail" needs `shell: bash`: sh has no such option')];
}

/** Variables whose value a shell, or a program that looks at them, expands or runs. */
const RUN_VARIABLES = [
  'PS0',
  'PS1',
  'PS2',
  'PS3',
  'PS4',
  'ENV',
  'BASH_ENV',
  'PROMPT_COMMAND',
  'GIT_SSH_COMMAND',
  'GIT_PAGER',
  'GIT_EDITOR',
  'GIT_SEQUENCE_EDITOR',
  'GIT_EXTERNAL_DIFF',
  'PAGER',
  'MANPAGER',
  'EDITOR',
  'VISUAL',
  'LESSOPEN',
  'LESSCLOSE',
  'FZF_DEFAULT_COMMAND',
];

function runVariables(step: StepParams): Issue[] {
  const { env } = step.params;
  if (!isJsonObject(env)) return [];
  return RUN_VARIABLES.filter((name) => holdsTemplate(ownValue(env, name) ?? null)).map((name) =>
    errorAt(
      [...step.pathOf('env'), name],
      `what ${name} says is run as a command line: no value can stand in it`,
      { check: 'VALUE_IN_PROGRAM_TEXT' },
    ),
  );
}

function holdsTemplate(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${{');
  if (isJsonArray(value)) return value.some(holdsTemplate);
  return isJsonObject(value) && Object.values(value).some(holdsTemplate);
}

/** The literal text of a value and the places of its `${{ }}`. */
function partsOf(value: Json, deps: ShellValueDeps): Parts {
  if (typeof value !== 'string') return [JSON.stringify(value)];
  const split = deps.splitText(value);
  // What is not closed is told where the text is compiled.
  if (!split.ok) return [value];
  let count = 0;
  return split.parts.map((part) => {
    if (typeof part === 'string') return part;
    count += 1;
    return count;
  });
}
