/** `opcode events`: the log of a run, as it was recorded. */
import type { Command } from 'commander';
import type { EventView } from '../../src/ops/shapes.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { followLog } from '../follow-events.ts';
import { eventLineOf, todayOf } from '../print/event-line.ts';
import { tellNoExecutor } from '../tell-executor.ts';

interface Options {
  readonly follow?: boolean;
}

type Page = Awaited<ReturnType<App['ops']['events']>>;

const PAGE = 1000;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<run>', 'run id, its beginning, or @last')
      .option('-f, --follow', 'go on until the run has ended')
      .action(act(events)),
    [
      ['opcode events @last', 'what happened in the last run'],
      ['opcode events 01934c --follow --json', 'events as JSON lines, as they are recorded'],
    ],
  );
}

async function events(cli: Cli, run: string, options: Options): Promise<number> {
  const app = await cli.openToLook();
  const { stdout, closed } = cli.terminal;
  const look = { style: stdout.style, width: stdout.columns() };
  const show = (event: EventView): void => {
    if (cli.json) cli.printJsonLine(event);
    else cli.print(eventLineOf(event, look, { run: false, nowMs: todayOf(stdout) }));
  };
  if (options.follow === true) {
    await tellNoExecutor(cli, app, run);
    const context = cli.context({ abort: closed });
    for await (const event of followLog(cli, app, context, run)) show(event);
    return EXIT.ok;
  }
  for await (const event of pages(app, cli, run)) show(event);
  await tellNoExecutor(cli, app, run);
  return EXIT.ok;
}

async function* pages(app: App, cli: Cli, run: string): AsyncGenerator<EventView> {
  let after: object | null = {};
  while (after !== null && !cli.terminal.closed.aborted) {
    const page: Page = await app.ops.events(cli.context(), {
      workflow_id: run,
      limit: PAGE,
      ...after,
    });
    yield* page.events;
    after = nextOf(page);
  }
}

/** A server before cursors gives only the id. */
function nextOf({ next_after: cursor, next_after_id: id }: Partial<Page>): object | null {
  if (cursor != null) return { after: cursor };
  return id == null ? null : { after_id: id };
}
