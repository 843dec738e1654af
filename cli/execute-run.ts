/**
 * Starting or continuing a run and staying with it, executed by this process or by a daemon: the frame
 * that `run`, `exec`, `rerun`, the signals and the examples share. Prints the drawing and the result
 * when it is over.
 */
import type { CallContext } from '../src/ops/operation.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { RunPart } from '../src/ops/shapes.ts';
import type { App, Cli } from './command.ts';
import { lookOf, type ShownIssue, warningLine } from './errors.ts';
import { EXIT, exitCodeOfRun } from './exit.ts';
import { type FollowOptions, followRun } from './follow-run.ts';
import { noExecutorLine, runEndLines } from './print/run-end.ts';
import { shortId } from './print/run-id.ts';
import { counted, readableJson } from './print/text.ts';
import { type Venue, venueOf } from './venue.ts';

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
  /** Parts of the run in the document; without them a finished run is told once. */
  readonly include?: readonly RunPart[] | undefined;
  readonly afterSequence?: number;
  readonly answers?: FollowOptions['answers'];
  readonly onOutput?: FollowOptions['onOutput'];
  /** No drawing, no output: the command has shown what there is to see. */
  readonly brief?: boolean;
  /** Gives the exit code of the run's state, where it differs from that of other runs. */
  readonly exitCode?: (run: StatusOutput) => number;
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
  app: App,
  plan: RunPlan<S>,
): Promise<Executed> {
  const venue = venueOf(cli, app);
  const tap = venue.tapOutput();
  const context = cli.context({ agent: plan.agent });
  const started = await plan.start(context);
  if (plan.quiet !== true) {
    showWarnings(cli, started.warnings ?? []);
    plan.tell?.(started);
  }
  const { run, end } = await followRun(cli, app, venue, tap, {
    workflowId: started.workflow_id,
    afterSequence: plan.afterSequence ?? 0,
    quiet: plan.quiet === true,
    waitMs: typeof plan.waitMs === 'function' ? plan.waitMs(started) : plan.waitMs,
    agent: plan.agent,
    answers: plan.answers,
    onOutput: plan.onOutput,
  });
  if (end === 'stopped') await carryOthersOn(cli, venue, started.workflow_id);
  if (cli.json) cli.printJson(plan.document(started, await runInDocument(cli, app, run, plan)));
  else await showEnd(cli, app, run, { ...plan, brief: plan.brief === true || end !== 'stopped' });
  if (end === 'left') {
    await tellLeft(cli, app, started.workflow_id);
    return { code: EXIT.interrupted, run };
  }
  return { code: (plan.exitCode ?? exitCodeOfRun)(run), run };
}

function runInDocument<S extends Started>(
  cli: Cli,
  app: App,
  { workflow_id }: StatusOutput,
  { include }: RunPlan<S>,
): Promise<StatusOutput> {
  const parts = include === undefined ? {} : { include: [...include] };
  return app.ops.status(cli.context(), { workflow_id, ...parts });
}

/** A parent or child that this run set in motion is executed here too, until it ends or waits. */
async function carryOthersOn(cli: Cli, venue: Venue, runId: string): Promise<void> {
  const count = venue.others(runId);
  if (count === 0) return;
  cli.note(`Going on with ${counted(count, 'other run')} that this one set in motion.`);
  await venue.othersQuiet(runId);
}

/** Warnings about a definition, a line each, on stderr. */
export function showWarnings(cli: Cli, warnings: readonly ShownIssue[]): void {
  const { style, columns } = cli.terminal.stderr;
  const look = lookOf(style, columns());
  for (const warning of warnings) cli.note(warningLine(warning, cli.sources[0], look));
}

/** Says who goes on with a run that was left, now that this process has given it up. */
async function tellLeft(cli: Cli, app: App, workflow_id: string): Promise<void> {
  const { style } = cli.terminal.stderr;
  const run = await app.ops.status(cli.context(), { workflow_id, include: [] });
  const look = style.cyan(`opcode status ${shortId(workflow_id)} --watch`);
  const line = noExecutorLine(run, style) ?? `The daemon goes on with it. ${look}`;
  if (exitCodeOfRun(run) === EXIT.waiting) cli.note(line);
}

async function showEnd<S extends Started>(
  cli: Cli,
  app: App,
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
async function drawRun(app: App, cli: Cli, workflowId: string): Promise<string> {
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
  'ending',
  'output',
  'error',
  'started_at',
  'completed_at',
  'duration_ms',
  'steps',
  'step_counts',
  'pending_decisions',
  'waiting_for',
  'next',
] as const;

/** What starting answered, brought up to what the run is now. */
export function resultDocument<S extends object>(
  started: S,
  run: StatusOutput,
  include: readonly RunPart[] = [],
): unknown {
  const document = { ...started } as Record<string, unknown>;
  const more = (['context', 'events'] as const).filter((part) => include.includes(part));
  for (const key of [...RESULT_KEYS, ...more]) {
    if (run[key] === undefined) delete document[key];
    else document[key] = run[key];
  }
  return document;
}
