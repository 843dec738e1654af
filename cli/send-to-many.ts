/**
 * One signal to every run that fits a filter: counted, shown, confirmed, then sent one by one. A run
 * that refuses it does not keep the others from getting it.
 */
import { AppError } from '../src/model/error.ts';
import type { RunId } from '../src/model/ids.ts';
import type { StatusOutput } from '../src/ops/schemas.ts';
import type { RunSummary } from '../src/ops/shapes.ts';
import { waitMsOf, whereOf } from './args.ts';
import { createLineReader } from './ask.ts';
import type { App, Cli } from './command.ts';
import { asAppError, codeTag, errorJson } from './errors.ts';
import { EXIT } from './exit.ts';
import { tagOf } from './print/marks.ts';
import { runTable } from './print/run-table.ts';
import type { Style } from './print/style.ts';
import { counted, oneLine } from './print/text.ts';
import type { SignalInput, SignalOptions } from './signal-options.ts';

type StepView = StatusOutput['steps'][string];

const PAGE = 500;
const SHOWN = 20;

/** Sends to all that fit `options.where`. */
export async function sendToMany(
  cli: Cli,
  input: SignalInput,
  options: SignalOptions & { readonly where: string },
): Promise<number> {
  const filter = whereOf(options.where);
  const app = options.detach === true ? await cli.open() : await cli.openUnlessDaemon();
  const runs = await fittingRuns(cli, app, filter);
  if (runs.length === 0) {
    cli.note('No run fits.');
    if (cli.json) cli.printJson({ results: [] });
    return EXIT.notFound;
  }
  await confirm(cli, input, runs, options);
  const results: { run: RunSummary; error: AppError | null }[] = [];
  for (const run of runs) results.push({ run, error: await send(cli, app, run, input, options) });
  await settle(cli, app, results, options);
  return tell(cli, app, results, options);
}

async function fittingRuns(
  cli: Cli,
  app: App,
  filter: Record<string, string>,
): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await app.ops.query(cli.context(), {
      resource: 'workflows',
      filter: { ...filter, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
    });
    runs.push(...(page.workflows ?? []));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return runs;
}

async function confirm(
  cli: Cli,
  input: SignalInput,
  runs: readonly RunSummary[],
  { yes, where }: SignalOptions,
): Promise<void> {
  if (yes === true) return;
  const { stdin, stderr } = cli.terminal;
  const what = `${input.signal_type} ${counted(runs.length, 'run')}`;
  if (cli.json || !stdin.isTerminal || !stderr.isTerminal) {
    throw new AppError('VALIDATION_ERROR', `--where ${where} fits ${counted(runs.length, 'run')}`, {
      hint: `add --yes to ${what}`,
    });
  }
  for (const line of runTable(runs.slice(0, SHOWN), stderr)) cli.note(line);
  if (runs.length > SHOWN) cli.note(stderr.style.dim(`… and ${runs.length - SHOWN} more`));
  const reader = createLineReader();
  const answer = await reader.readLine(`\n${what}? Type yes: `, new AbortController().signal);
  reader.close();
  if (answer?.trim().toLowerCase() === 'yes') return;
  throw new AppError('CANCELLED', 'nothing was sent');
}

async function send(
  cli: Cli,
  app: App,
  run: RunSummary,
  input: SignalInput,
  { agent, detach }: SignalOptions,
): Promise<AppError | null> {
  // Without an executor there is no verdict to wait for.
  const abort = detach === true ? AbortSignal.timeout(50) : new AbortController().signal;
  try {
    const context = cli.context({ agent, abort });
    await app.ops.signal(context, { ...input, workflow_id: run.workflow_id, wait: 0 });
    return null;
  } catch (thrown) {
    return asAppError(thrown);
  }
}

/** How often it is looked whether a run only waits for a time. */
const IDLE_LOOK_MS = 100;

/** Stays until what was claimed here has ended or waits, be it for a time only: that is left to others. */
async function settle(
  cli: Cli,
  app: App,
  results: readonly { run: RunSummary }[],
  { detach, wait }: SignalOptions,
): Promise<void> {
  if (detach === true) return;
  const timeoutMs = waitMsOf(wait);
  const { engine } = app;
  if (engine === null) return;
  const owned = results.map(({ run }) => run.workflow_id as RunId).filter(engine.owns);
  await Promise.all(
    owned.map(async (runId) => {
      let isOver = false;
      const settled = engine.settled(runId, { timeoutMs, orSuspended: true }).finally(() => {
        isOver = true;
      });
      const idle = async (): Promise<void> => {
        while (!isOver && !(await waitsForTimeOnly(cli, app, runId))) await Bun.sleep(IDLE_LOOK_MS);
      };
      await Promise.race([settled, idle()]);
    }),
  );
}

const AT_WORK: ReadonlySet<string> = new Set(['scheduled', 'running']);

/** True when nothing of a run is at work: a time has to come. */
async function waitsForTimeOnly(cli: Cli, app: App, workflow_id: RunId): Promise<boolean> {
  const run = await app.ops.status(cli.context(), { workflow_id, include: ['steps'] });
  const steps = Object.values(run.steps);
  const waits = steps.some(({ type, status }) => status === 'retrying' || isWait(type, status));
  return waits && !steps.some(isAtWork);
}

const isWait = (type: string | undefined, status: string): boolean =>
  type === 'wait' && !['pending', 'completed', 'failed', 'skipped'].includes(status);

const isAtWork = ({ type, action, status }: StepView): boolean =>
  type === 'action' && action !== 'workflow.run' && AT_WORK.has(status);

interface Told {
  readonly run: RunSummary;
  readonly error: AppError | null;
  readonly status: RunSummary['status'];
}

/** Prints what became of each; 1 when one refused the signal, or failed by what it set going. */
async function tell(
  cli: Cli,
  app: App,
  results: readonly { run: RunSummary; error: AppError | null }[],
  { detach }: SignalOptions,
): Promise<number> {
  const told: Told[] = [];
  for (const { run, error } of results) {
    const { workflow_id } = run;
    const { status } = await app.ops.status(cli.context(), { workflow_id, include: [] });
    told.push({ run, error, status });
    if (!cli.json) cli.print(lineOf({ run, error, status }, cli.terminal.stdout.style));
  }
  if (cli.json) cli.printJson({ results: told.map(documentOf) });
  const left = told.filter(({ status }) => ['active', 'pending'].includes(status)).length;
  if (left > 0 && app.engine !== null && detach !== true) {
    cli.note(`${counted(left, 'run')} not over: opcode serve or opcode recover goes on.`);
  }
  // What was only left for others may fail later; how it stands now says nothing of it.
  const isBad = ({ error, status }: Told): boolean =>
    error !== null || (detach !== true && status === 'failed');
  return told.some(isBad) ? EXIT.failed : EXIT.ok;
}

const documentOf = ({ run, error, status }: Told) => ({
  workflow_id: run.workflow_id,
  ok: error === null,
  status,
  ...(error === null ? {} : errorJson(error)),
});

function lineOf({ run, error, status }: Told, style: Style): string {
  const refusal = error === null ? '' : `  ${codeTag(error.code, style)} ${oneLine(error.message)}`;
  return `${run.workflow_id}  ${tagOf(status, style)}${refusal}`;
}
