/** `opcode schedule list|next|history|run|backfill`: what looks at schedules and starts them. */
import { AppError } from '../src/model/error.ts';
import { OUTCOMES } from '../src/model/schedule.ts';
import type { ScheduleView } from '../src/ops/schedule-schemas.ts';
import type { Cli } from './command.ts';
import { EXIT, exitCodeOfRun } from './exit.ts';
import { historyLines, nextLines, scheduleLines } from './print/schedule-lists.ts';
import { tellWithoutDaemon } from './schedule-changes.ts';

interface ListOptions {
  readonly template?: string;
  readonly status?: string;
}

/** Lists schedules. */
export async function list(cli: Cli, { template, status }: ListOptions): Promise<number> {
  const app = await cli.openToLook();
  const schedules: ScheduleView[] = [];
  let cursor: string | undefined;
  do {
    const page = await app.ops.query(cli.context(), {
      resource: 'schedules',
      filter: {
        limit: 200,
        ...(template === undefined ? {} : { template_name: template }),
        ...(status === undefined ? {} : { status: status.split(',') }),
        ...(cursor === undefined ? {} : { cursor }),
      },
    });
    schedules.push(...(page.schedules ?? []));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  if (cli.json) cli.printJson({ schedules });
  else if (schedules.length === 0) cli.note('No schedules.');
  else cli.printLines(scheduleLines(schedules, cli.terminal.stdout));
  if (schedules.some((each) => each.enabled)) await tellWithoutDaemon(cli, app);
  return EXIT.ok;
}

interface NextOptions {
  readonly timezone?: string;
  readonly count?: number;
  readonly after?: string;
}

/** A word with a space, an @ or digits first is an expression; a schedule of that name goes first. */
export async function next(cli: Cli, what: string, options: NextOptions): Promise<number> {
  const app = await cli.openToLook();
  const found = await app.ops.query(cli.context(), {
    resource: 'schedules',
    filter: { name: what, limit: 1 },
  });
  const isName = found.schedules?.some((each) => each.name === what) ?? false;
  const isExpression = /^@|^\d{4}-|\s/.test(what);
  const result = await app.ops.schedule_next(cli.context(), {
    ...(isName || !isExpression ? { name: what } : { expression: what }),
    ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
    ...(options.count === undefined ? {} : { count: options.count }),
    ...(options.after === undefined ? {} : { after: options.after }),
  });
  if (cli.json) cli.printJson(result);
  else if (result.times.length === 0) cli.note('It does not fire any more.');
  else cli.printLines(nextLines(result, cli.terminal.stdout));
  return EXIT.ok;
}

interface HistoryOptions {
  readonly outcome?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Lists what became of a schedule's times. */
export async function history(cli: Cli, name: string, options: HistoryOptions): Promise<number> {
  const app = await cli.openToLook();
  const { outcome, limit, cursor } = options;
  const result = await app.ops.schedule_history(cli.context(), {
    name,
    ...(outcome === undefined ? {} : { outcome: outcome.split(',').map(outcomeOf) }),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  if (cli.json) cli.printJson(result);
  else if (result.occurrences.length === 0) cli.note('Nothing yet.');
  else {
    cli.printLines(historyLines(result.occurrences, cli.terminal.stdout));
    if (result.next_cursor !== undefined) cli.note(`More: --cursor ${result.next_cursor}`);
  }
  return EXIT.ok;
}

function outcomeOf(text: string): (typeof OUTCOMES)[number] {
  const known = OUTCOMES.find((each) => each === text.trim());
  if (known !== undefined) return known;
  throw new AppError('VALIDATION_ERROR', `--outcome: "${text}" is no outcome`, {
    hint: `there are ${OUTCOMES.join(', ')}`,
  });
}

/** Starts a schedule now. */
export async function run(
  cli: Cli,
  name: string,
  { wait = '0' }: { readonly wait?: string },
): Promise<number> {
  const app = await cli.open();
  const result = await app.ops.schedule_run(cli.context(), {
    name,
    wait: wait === '0' ? 0 : wait,
  });
  if (cli.json) cli.printJson(result);
  else cli.print(`${result.workflow_id}  ${result.status}`);
  if (wait !== '0') return exitCodeOfRun(result);
  await tellWithoutDaemon(cli, app);
  return EXIT.ok;
}

interface BackfillOptions {
  readonly start: string;
  readonly end: string;
  readonly parallel?: number;
  readonly limit?: number;
  readonly dryRun?: boolean;
}

/** Queues runs for times that have passed. */
export async function backfill(cli: Cli, name: string, options: BackfillOptions): Promise<number> {
  const { start, end, parallel, limit, dryRun = false } = options;
  const app = await (dryRun ? cli.openToLook() : cli.open());
  const result = await app.ops.schedule_backfill(cli.context(), {
    name,
    start,
    end,
    dry_run: dryRun,
    ...(parallel === undefined ? {} : { parallel }),
    ...(limit === undefined ? {} : { limit }),
  });
  if (cli.json) cli.printJson(result);
  else {
    const verb = dryRun ? 'would be started' : 'are queued';
    cli.print(`${result.queued} of ${result.times} times ${verb}; ${result.already} had a run.`);
    if (!dryRun && !result.has_executor) await tellWithoutDaemon(cli, app);
  }
  return EXIT.ok;
}
