/**
 * Starting or continuing a run in this process and staying with it: the frame that `run`, `exec`,
 * `rerun`, the signals and the examples share. Prints the drawing and the result when it is over.
 */
import type { RunId } from '../src/model/ids.ts';
import type { CallContext } from '../src/ops/operation.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { Cli, ExecutingApp } from './command.ts';
import { lookOf, type ShownIssue, warningLine } from './errors.ts';
import { EXIT, exitCodeOfRun } from './exit.ts';
import { type FollowOptions, followRun, type OutputTap, tapOutput } from './follow-run.ts';
import { noExecutorLine, runEndLines } from './print/run-end.ts';
import { counted, readableJson } from './print/text.ts';

interface RunOptions {
  readonly quiet?: boolean | undefined;
  readonly agent?: string | undefined;
}

/** What starting answered, as far as it matters here. */
export interface Started {
  readonly workflow_id: string;
  readonly warnings?: readonly ShownIssue[] | undefined;
}

export interface RunPlan<S extends Started> extends RunOptions {
  /** How long to stay, milliseconds (null: as long as it takes); may follow from what started. */
  readonly waitMs: number | null | ((started: S) => number | null);
  /** Starts or continues the run, without waiting. */
  readonly start: (context: CallContext) => Promise<S>;
  /** Says what starting did, for a person. */
  readonly tell?: (started: S) => void;
  /** The JSON document of the command, from what starting answered and the run as it is now. */
  readonly document: (started: S, run: StatusOutput) => unknown;
  readonly afterSequence?: number;
  readonly answers?: FollowOptions['answers'];
  readonly onOutput?: FollowOptions['onOutput'];
  /** No drawing, no output: the command has shown what there is to see. */
  readonly brief?: boolean;
  /** Draws the run at its end also where there is no terminal. */
  readonly alwaysDraw?: boolean;
}

export interface Executed {
  readonly code: number;
  readonly run: StatusOutput;
}

/** Starts and follows a run; returns its exit code and its last state. */
export async function executeRun<S extends Started>(
  cli: Cli,
  app: ExecutingApp,
  plan: RunPlan<S>,
): Promise<Executed> {
  const tap: OutputTap = tapOutput(app);
  const context = cli.context({ agent: plan.agent });
  const started = await plan.start(context);
  if (plan.quiet !== true) {
    showWarnings(cli, started.warnings ?? []);
    plan.tell?.(started);
  }
  const { run, end } = await followRun(cli, app, tap, {
    workflowId: started.workflow_id,
    afterSequence: plan.afterSequence ?? 0,
    quiet: plan.quiet === true,
    waitMs: typeof plan.waitMs === 'function' ? plan.waitMs(started) : plan.waitMs,
    agent: plan.agent,
    answers: plan.answers,
    onOutput: plan.onOutput,
  });
  if (end === 'stopped') await carryOthersOn(cli, app, started.workflow_id as RunId);
  if (cli.json) cli.printJson(plan.document(started, run));
  else await showEnd(cli, app, run, { ...plan, brief: plan.brief === true || end !== 'stopped' });
  if (end === 'left') {
    if (exitCodeOfRun(run) === EXIT.waiting) tellLeft(cli, run);
    return { code: EXIT.interrupted, run };
  }
  return { code: exitCodeOfRun(run), run };
}

/** A parent or child that this run set in motion is executed here too, until it ends or waits. */
async function carryOthersOn(cli: Cli, app: ExecutingApp, runId: RunId): Promise<void> {
  const count = app.engine.othersThan(runId);
  if (count === 0) return;
  cli.note(`Going on with ${counted(count, 'other run')} that this one set in motion.`);
  await app.engine.othersQuiet(runId);
}

/** Warnings about a definition, a line each, on stderr. */
export function showWarnings(cli: Cli, warnings: readonly ShownIssue[]): void {
  const { style, columns } = cli.terminal.stderr;
  const look = lookOf(style, columns());
  for (const warning of warnings) cli.note(warningLine(warning, cli.sources[0], look));
}

function tellLeft(cli: Cli, run: StatusOutput): void {
  const line = noExecutorLine({ ...run, has_executor: false }, cli.terminal.stderr.style);
  if (line !== null) cli.note(line);
}

async function showEnd<S extends Started>(
  cli: Cli,
  app: ExecutingApp,
  run: StatusOutput,
  { quiet, brief, alwaysDraw }: RunPlan<S>,
): Promise<void> {
  const { stderr } = cli.terminal;
  const draws = stderr.isTerminal || alwaysDraw === true;
  if (quiet !== true && brief !== true && draws) {
    cli.note(await drawRun(app, cli, run.workflow_id));
  }
  if (quiet !== true || run.status !== 'completed') {
    const lines = runEndLines(run, stderr.style, { tails: brief !== true });
    for (const line of lines) cli.note(line);
  }
  if (brief !== true && run.status === 'completed' && run.output !== undefined) {
    cli.print(readableJson(run.output));
  }
}

/** The run drawn for the terminal on stderr. */
async function drawRun(app: ExecutingApp, cli: Cli, workflowId: string): Promise<string> {
  const { stderr } = cli.terminal;
  const columns = stderr.columns();
  const drawn = await app.ops.diagram(cli.context(), {
    workflow_id: workflowId,
    format: 'ascii',
    color: stderr.style.enabled,
    unicode: stderr.style.unicode,
    ...(columns === null ? {} : { width: Math.max(20, columns - 1) }),
  });
  return `\n${(drawn.text ?? '').trimEnd()}\n`;
}

const RESULT_KEYS = [
  'status',
  'output',
  'error',
  'started_at',
  'completed_at',
  'duration_ms',
  'steps',
  'pending_decisions',
  'waiting_for',
  'next',
] as const;

/** What starting answered, brought up to what the run is now. */
export function resultDocument<S extends object>(started: S, run: StatusOutput): unknown {
  const document = { ...started } as Record<string, unknown>;
  for (const key of RESULT_KEYS) {
    if (run[key] === undefined) delete document[key];
    else document[key] = run[key];
  }
  return document;
}
