/** `opcode schedule add|update|enable|disable|rm`: what changes schedules. */
import { AppError } from '../src/model/error.ts';
import { OVERLAPS } from '../src/model/schedule.ts';
import type { VersionRef } from '../src/model/version.ts';
import type { ScheduleOutput } from '../src/ops/schedule-schemas.ts';
import { type ParamOptions, paramsOf } from './args.ts';
import type { App, Cli } from './command.ts';
import { showWarnings } from './execute-run.ts';
import { EXIT } from './exit.ts';
import { exactTime, scheduleLines } from './print/schedule-lists.ts';

type Fields = Partial<Parameters<App['ops']['schedule_add']>[1]>;

interface FieldOptions extends ParamOptions {
  readonly timezone?: string;
  readonly version?: VersionRef;
  readonly agent?: string;
  readonly overlap?: string;
  readonly catchUp?: string;
  readonly jitter?: string;
  readonly pauseAfter?: number;
  readonly first?: string;
}

async function fieldsOf(cli: Cli, options: FieldOptions): Promise<Fields> {
  const overlap = OVERLAPS.find((each) => each === options.overlap);
  if (options.overlap !== undefined && overlap === undefined) {
    throw new AppError('VALIDATION_ERROR', `--overlap: "${options.overlap}" is no such rule`, {
      hint: `there are ${OVERLAPS.join(', ')}`,
    });
  }
  return {
    ...(await paramsOf(cli, options)),
    ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(options.catchUp === undefined ? {} : { catch_up: options.catchUp }),
    ...(options.jitter === undefined ? {} : { jitter: options.jitter }),
    ...(options.pauseAfter === undefined
      ? {}
      : { pause_after: options.pauseAfter === 0 ? null : options.pauseAfter }),
    ...(options.first === undefined ? {} : { first_at: options.first }),
  };
}

/** Prints what was made of a schedule, with its next times. */
function tell(cli: Cli, result: ScheduleOutput): number {
  if (cli.json) cli.printJson(result);
  else {
    const { schedule } = result;
    cli.printLines(scheduleLines([schedule], cli.terminal.stdout));
    if (schedule.next.length > 1)
      cli.note(`Then ${schedule.next.slice(1).map(exactTime).join(', ')}`);
    showWarnings(cli, result.warnings ?? []);
  }
  return EXIT.ok;
}

/** Adds a schedule and shows its next times. */
export async function add(
  cli: Cli,
  name: string,
  template: string,
  expression: string,
  options: FieldOptions & { readonly disabled?: boolean },
): Promise<number> {
  const app = await cli.open();
  const fields = await fieldsOf(cli, options);
  const result = await app.ops.schedule_add(cli.context(), {
    ...fields,
    name,
    template_name: template,
    expression,
    enabled: options.disabled !== true,
  });
  await tellWithoutDaemon(cli, app);
  return tell(cli, result);
}

interface UpdateOptions extends FieldOptions {
  readonly expression?: string;
  readonly template?: string;
  readonly rename?: string;
}

/** Changes a schedule and shows its next times. */
export async function update(cli: Cli, name: string, options: UpdateOptions): Promise<number> {
  const changes = {
    ...(await fieldsOf(cli, options)),
    ...(options.expression === undefined ? {} : { expression: options.expression }),
    ...(options.template === undefined ? {} : { template_name: options.template }),
    ...(options.rename === undefined ? {} : { new_name: options.rename }),
  };
  if (Object.keys(changes).length === 0) {
    throw new AppError('VALIDATION_ERROR', 'there is nothing to change', {
      hint: 'opcode schedule update --help lists what can be changed',
    });
  }
  const app = await cli.open();
  const result = await app.ops.schedule_update(cli.context(), { ...changes, name });
  return tell(cli, result);
}

/** Lets one schedule, or all that were paused, fire again. */
export async function enable(
  cli: Cli,
  name: string | undefined,
  { all = false }: { readonly all?: boolean },
): Promise<number> {
  const app = await cli.open();
  const given = { all, ...(name === undefined ? {} : { name }) };
  const result = await app.ops.schedule_enable(cli.context(), given);
  if (cli.json) cli.printJson(result);
  else if (result.schedules.length === 0) cli.note('Nothing was paused.');
  else cli.printLines(scheduleLines(result.schedules, cli.terminal.stdout));
  return EXIT.ok;
}

/** Stops a schedule from firing. */
export async function disable(cli: Cli, name: string): Promise<number> {
  const app = await cli.open();
  return tell(cli, await app.ops.schedule_disable(cli.context(), { name }));
}

/** Removes a schedule. */
export async function remove(cli: Cli, name: string): Promise<number> {
  const app = await cli.open();
  const result = await app.ops.schedule_remove(cli.context(), { name });
  if (cli.json) cli.printJson(result);
  else cli.print(`Removed ${name}.`);
  return EXIT.ok;
}

/** Schedules fire in a daemon only, and whoever adds one should know. */
export async function tellWithoutDaemon(cli: Cli, app: App): Promise<void> {
  const { nodes } = await app.ops.nodes(cli.context(), {});
  const isServed = nodes.some((node) => node.role === 'serve' && node.alive !== false);
  if (!isServed) cli.note('No daemon lives: nothing fires until `opcode serve` runs.');
}
