/** `opcode recover`: goes on with what is unfinished, until all has ended or waits for somebody. */
import type { Command } from 'commander';
import type { RunId } from '../../src/model/ids.ts';
import type { RunSummary } from '../../src/ops/shapes.ts';
import { type Act, type App, type Cli, type ExecutingApp, withExamples } from '../command.ts';
import { executeRun } from '../execute-run.ts';
import { EXIT } from '../exit.ts';
import { onInterrupts } from '../interrupts.ts';
import { runTable } from '../print/run-table.ts';
import { counted } from '../print/text.ts';

interface Options {
  readonly quiet?: boolean;
}

const PAGE = 500;
const GRACE_MS = 365 * 86_400_000;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[run]', 'only this run')
      .option('-q, --quiet', 'no progress')
      .action(act(recover)),
    [
      ['opcode recover', 'after a crash: everything that nobody executes'],
      ['opcode recover 01934c', 'one run, with its progress'],
    ],
  );
}

async function recover(cli: Cli, run: string | undefined, options: Options): Promise<number> {
  return run === undefined ? recoverAll(cli, options) : recoverOne(cli, run, options);
}

async function recoverOne(cli: Cli, run: string, options: Options): Promise<number> {
  const app = await cli.openUnlessDaemon();
  const before = await app.ops.status(cli.context(), { workflow_id: run, include: [] });
  const { workflow_id } = before;
  const { code } = await executeRun(cli, app, {
    quiet: options.quiet,
    waitMs: null,
    afterSequence: before.last_sequence,
    start: async (context) => ({
      workflow_id,
      // A daemon that lives goes on with it by itself.
      ...(app.engine === null ? { claimed: 0 } : await app.ops.recover(context, { workflow_id })),
    }),
    document: ({ claimed }, { status, output, error, waiting_for }) => ({
      workflow_id,
      claimed,
      status,
      output,
      error,
      waiting_for,
    }),
  });
  return code;
}

async function recoverAll(cli: Cli, { quiet }: Options): Promise<number> {
  const opened = await cli.openUnlessDaemon({ claims: true, role: 'recover' });
  const unfinished = await runsOf(cli, opened);
  if (opened.engine === null) return leftToDaemon(cli, unfinished);
  const app = { ...opened, engine: opened.engine };
  const leaving = new AbortController();
  const stopInterrupts = onInterrupts({
    first: () => {
      cli.note('Waiting for the steps in flight; Ctrl-C again stops them.');
      void stop(app, GRACE_MS, leaving);
    },
    again: () => void stop(app, 0, leaving),
    terminate: () => void stop(app, GRACE_MS, leaving),
  });
  try {
    const { claimed } = await app.ops.recover(cli.context(), {});
    if (quiet !== true) cli.note(await claimedLine(cli, app, claimed, unfinished.length));
    await settleAll(cli, app, leaving.signal);
  } finally {
    stopInterrupts();
  }
  const after = await Promise.all(unfinished.map((run) => summaryOf(cli, app, run.workflow_id)));
  if (cli.json) cli.printJson({ workflows: after });
  else cli.printLines(runTable(after, cli.terminal.stdout));
  return leaving.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

/** Says what was taken on, and what was not because it waits for somebody. */
async function claimedLine(
  cli: Cli,
  app: App,
  claimed: number,
  unfinished: number,
): Promise<string> {
  if (claimed > 0) return `Going on with ${counted(claimed, 'run')}.`;
  if (unfinished > 0) {
    return 'Nothing to take on: other processes execute what is unfinished, or it waits for a time.';
  }
  const { workflows = [], next_cursor: more } = await app.ops.query(cli.context(), {
    resource: 'workflows',
    filter: { status: 'suspended', limit: PAGE },
  });
  if (workflows.length === 0) return 'Nothing to go on with: no run is unfinished.';
  const waiting = `${more === undefined ? '' : 'more than '}${counted(workflows.length, 'run')}`;
  const verb = workflows.length === 1 ? 'waits' : 'wait';
  return `Nothing to go on with: ${waiting} ${verb} for somebody (opcode status).`;
}

/** Nothing is without an executor while a daemon lives. */
function leftToDaemon(cli: Cli, unfinished: readonly RunSummary[]): number {
  cli.note('The daemon goes on with everything that is unfinished.');
  if (cli.json) cli.printJson({ workflows: unfinished });
  else cli.printLines(runTable(unfinished, cli.terminal.stdout));
  return EXIT.ok;
}

async function stop(app: ExecutingApp, graceMs: number, leaving: AbortController): Promise<void> {
  await app.engine.stop({ graceMs, graceUnsafeMs: graceMs });
  leaving.abort();
}

async function runsOf(cli: Cli, app: App): Promise<RunSummary[]> {
  const page = await app.ops.query(cli.context(), {
    resource: 'workflows',
    filter: { status: ['pending', 'active'], limit: PAGE },
  });
  return page.workflows ?? [];
}

async function summaryOf(cli: Cli, app: ExecutingApp, workflow_id: string): Promise<RunSummary> {
  const page = await app.ops.query(cli.context(), {
    resource: 'workflows',
    filter: { workflow_id, limit: 1 },
  });
  const [run] = page.workflows ?? [];
  if (run === undefined) throw new Error(`run ${workflow_id} is gone`);
  return run;
}

/** Waits run after run, until none is left that goes on by itself. */
async function settleAll(cli: Cli, app: ExecutingApp, leaving: AbortSignal): Promise<void> {
  const left = new Promise<void>((resolve) =>
    leaving.addEventListener('abort', () => resolve(), { once: true }),
  );
  while (!leaving.aborted) {
    const [next] = await runsOf(cli, app);
    if (next === undefined) return;
    const settled = app.engine.settled(next.workflow_id as RunId, {
      timeoutMs: null,
      orSuspended: true,
    });
    await Promise.race([settled, left]);
  }
}
