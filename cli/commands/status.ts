/** `opcode status`: what runs, waits and failed lately; with an id, one run or one step whole. */

import type { Command } from 'commander';
import { isRunEnded } from '../../src/model/run-status.ts';
import { terminalJson } from '../../src/model/terminal-text.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import { RUN_PARTS, type RunPart } from '../../src/ops/shapes.ts';
import { INCLUDE_HELP, runParts } from '../args.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { EXIT, exitCodeOfRun } from '../exit.ts';
import { followLog } from '../follow-events.ts';
import { listedSteps } from '../print/listed-steps.ts';
import { overviewLines } from '../print/overview.ts';
import { noExecutorLine } from '../print/run-end.ts';
import { runLines, stepLines } from '../print/run-view.ts';
import { linesOf } from '../progress/live.ts';
import { eventLine } from '../progress/plain.ts';
import { createRegion } from '../progress/region.ts';
import { tellWithoutExecutor } from '../tell-executor.ts';

interface Options {
  readonly watch?: boolean;
  readonly include?: readonly RunPart[];
}

/** At most five drawings a second, and one a second when nothing happens. */
const REST_MS = 200;
const IDLE_WAIT = '1s';

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[run]', 'run id, its beginning, or @last')
      .argument('[step]', 'one step whole: input, output, error')
      .option('-w, --watch', 'go on showing it (a run: until it has ended)')
      .option('--include <parts>', INCLUDE_HELP, runParts)
      .action(act(status)),
    [
      ['opcode status', 'what runs, what waits and why, what failed lately'],
      ['opcode status @last --watch', 'one run, live'],
    ],
  );
}

async function status(
  cli: Cli,
  run: string | undefined,
  step: string | undefined,
  { watch, include }: Options,
): Promise<number> {
  const app = await cli.openToLook();
  if (run === undefined) return watch === true ? watchAll(cli, app) : showAll(cli, app);
  if (step !== undefined) return showStep(cli, app, run, step);
  return watch === true ? watchRun(cli, app, run, include) : showRun(cli, app, run, include);
}

async function showAll(cli: Cli, app: App): Promise<number> {
  const overview = await app.ops.overview(cli.context(), {});
  if (cli.json) cli.printJson(overview);
  else cli.printLines(overviewLines(overview, cli.terminal.stdout));
  tellWithoutExecutor(cli, overview);
  return EXIT.ok;
}

async function showRun(
  cli: Cli,
  app: App,
  workflowId: string,
  include: Options['include'],
): Promise<number> {
  const run = await app.ops.status(cli.context(), askedOf(cli, workflowId, include));
  if (cli.json) cli.printJson(run);
  else cli.printLines(runLines(run, cli.terminal.stdout));
  const line = noExecutorLine(run, cli.terminal.stderr.style);
  if (line !== null) cli.note(line);
  return EXIT.ok;
}

/** A person is shown every step; a document tells a finished run once, unless parts are named. */
function askedOf(cli: Cli, workflow_id: string, include: Options['include']) {
  const parts = include ?? (cli.json ? null : RUN_PARTS);
  return { workflow_id, ...(parts === null ? {} : { include: [...parts] }) };
}

async function showStep(cli: Cli, app: App, run: string, step: string): Promise<number> {
  const found = await app.ops.status(cli.context(), {
    workflow_id: run,
    step_id: step,
    include: ['steps'],
  });
  if (cli.json) cli.printJson(found);
  else {
    for (const view of listedSteps(found.steps)) {
      cli.printLines(stepLines(view, cli.terminal.stdout));
    }
  }
  return EXIT.ok;
}

async function watchAll(cli: Cli, app: App): Promise<number> {
  const { stdout, closed } = cli.terminal;
  const region = createRegion(stdout);
  let shown = '';
  while (!closed.aborted) {
    const overview = await app.ops.overview(cli.context(), {});
    const lines = cli.json
      ? [terminalJson(JSON.stringify(overview))]
      : overviewLines(overview, stdout);
    const text = lines.join('\n');
    if (stdout.isTerminal && !cli.json) region.draw(lines);
    else if (text !== shown) cli.print(text);
    shown = text;
    await Bun.sleep(REST_MS * 5);
  }
  return EXIT.ok;
}

async function watchRun(
  cli: Cli,
  app: App,
  workflowId: string,
  include: Options['include'],
): Promise<number> {
  const { stdout } = cli.terminal;
  if (!stdout.isTerminal && !cli.json) await printEvents(cli, app, workflowId);
  const region = createRegion(stdout);
  const asked = askedOf(cli, workflowId, include);
  const last = await changes(cli, app, asked, (run) => {
    if (cli.json) cli.printJsonLine(run);
    else if (stdout.isTerminal) region.draw(linesOf(run, stdout));
  });
  if (!cli.json) {
    region.clear();
    cli.printLines(runLines(last, stdout));
  }
  return exitCodeOfRun(last);
}

/** Shows the run whenever it changes, until it has ended; returns the last state. */
async function changes(
  cli: Cli,
  app: App,
  asked: ReturnType<typeof askedOf>,
  show: (run: StatusOutput) => void,
): Promise<StatusOutput> {
  const { closed } = cli.terminal;
  let seen = -1;
  for (;;) {
    const run = await app.ops.status(cli.context(), asked);
    if (run.last_sequence !== seen || !cli.json) show(run);
    seen = run.last_sequence;
    if (isRunEnded(run.status) || closed.aborted) return run;
    await Bun.sleep(REST_MS);
    await app.ops.status(cli.context({ abort: closed }), {
      workflow_id: asked.workflow_id,
      include: [],
      since_sequence: seen,
      wait: IDLE_WAIT,
    });
  }
}

async function printEvents(cli: Cli, app: App, workflow_id: string): Promise<void> {
  const { stdout, closed } = cli.terminal;
  const context = cli.context({ abort: closed });
  for await (const event of followLog(cli, app, context, workflow_id)) {
    const line = eventLine(event, stdout.style);
    if (line !== null) cli.print(line);
  }
}
