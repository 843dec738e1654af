/**
 * One signal to every run that fits a filter: counted, shown, confirmed, then sent one by one. A run
 * that refuses it does not keep the others from getting it.
 */
import { AppError } from '../src/model/error.ts';
import type { RunId } from '../src/model/ids.ts';
import type { RunSummary } from '../src/ops/shapes.ts';
import { waitMsOf, whereOf } from './args.ts';
import { createLineReader } from './ask.ts';
import type { App, Cli } from './command.ts';
import { asAppError, codeTag, errorJson, exitCodeOfError } from './errors.ts';
import { EXIT } from './exit.ts';
import { tagOf } from './print/marks.ts';
import { runTable } from './print/run-table.ts';
import { counted, oneLine } from './print/text.ts';
import type { SignalInput, SignalOptions } from './signal-options.ts';

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
    return EXIT.ok;
  }
  await confirm(cli, input, runs, options);
  const results: { run: RunSummary; error: AppError | null }[] = [];
  for (const run of runs) results.push({ run, error: await send(cli, app, run, input, options) });
  await settle(app, results, options);
  return tell(cli, app, results);
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

/** Stays until what was claimed here has ended or waits. */
async function settle(
  app: App,
  results: readonly { run: RunSummary }[],
  { detach, wait }: SignalOptions,
): Promise<void> {
  if (detach === true) return;
  const timeoutMs = waitMsOf(wait);
  await Promise.all(
    results.map(({ run }) =>
      app.engine?.owns(run.workflow_id as RunId) === true
        ? app.engine.settled(run.workflow_id as RunId, { timeoutMs, orSuspended: true })
        : null,
    ),
  );
}

async function tell(
  cli: Cli,
  app: App,
  results: readonly { run: RunSummary; error: AppError | null }[],
): Promise<number> {
  const { style } = cli.terminal.stdout;
  const documents: unknown[] = [];
  for (const { run, error } of results) {
    const { status } = await app.ops.status(cli.context(), {
      workflow_id: run.workflow_id,
      include: [],
    });
    const { workflow_id } = run;
    documents.push({
      workflow_id,
      ok: error === null,
      status,
      ...(error === null ? {} : errorJson(error)),
    });
    const refusal =
      error === null ? '' : `  ${codeTag(error.code, style)} ${oneLine(error.message)}`;
    if (!cli.json) cli.print(`${run.workflow_id}  ${tagOf(status, style)}${refusal}`);
  }
  if (cli.json) cli.printJson({ results: documents });
  const refused = results.find(({ error }) => error !== null)?.error;
  return refused === undefined || refused === null ? EXIT.ok : exitCodeOfError(refused);
}
