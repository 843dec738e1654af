/** `opcode rerun`: a new run with the inputs of an earlier one, some of them replaced. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { isJsonObject, ownValue } from '../../src/model/json.ts';
import type { VersionRef } from '../../src/model/version.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { RunPart } from '../../src/ops/shapes.ts';
import {
  collect,
  INCLUDE_HELP,
  type ParamOptions,
  paramsOf,
  runParts,
  versionRef,
  waitMsOf,
} from '../args.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { executeRun, resultDocument } from '../execute-run.ts';
import { EXIT } from '../exit.ts';
import { oneLine } from '../print/text.ts';
import type { readSource } from '../sources.ts';
import { tellDetached } from '../tell-executor.ts';

interface Options extends ParamOptions {
  readonly from?: string;
  readonly failed?: boolean;
  readonly version?: VersionRef;
  readonly agent?: string;
  readonly idempotencyKey?: string;
  readonly detach?: boolean;
  readonly wait?: string;
  readonly local?: boolean;
  readonly quiet?: boolean;
  readonly include?: readonly RunPart[];
}

type Input = Parameters<App['ops']['rerun']>[1];
type Rerun = Awaited<ReturnType<App['ops']['rerun']>>;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<run>', 'run id, its beginning, or @last')
      .option('-p, --param <key=value>', 'replace an input; key:=json', collect)
      .option('--params <file|->', 'inputs to replace, as a JSON object')
      .option('--from <step>', 'begin at this step and keep what completed before it')
      .option('--failed', 'begin at the step that failed first')
      .option('--version <n>', 'another version of its template: 3, v3, latest', versionRef)
      .option('--agent <name>', 'run it in the name of this agent')
      .option('--idempotency-key <key>', 'start at most one run with this key')
      .addOption(
        new Option('--detach', 'start it and leave; who executes takes it on').conflicts('wait'),
      )
      .option('--wait <duration>', 'leave after this time, e.g. 30s')
      .option('--local', 'execute it here, also when a daemon lives')
      .option('--include <parts>', INCLUDE_HELP, runParts)
      .option('-q, --quiet', 'print the output only')
      .action(act(rerun)),
    [
      ['opcode rerun @last', 'the last run once more'],
      ['opcode rerun 01934c -p env=staging', 'with one input changed'],
      ['opcode rerun @last --from batch.iter_3.hash', 'keeps iterations 0 to 2'],
    ],
  );
}

async function rerun(cli: Cli, run: string, options: Options): Promise<number> {
  const params = await paramsOf(cli, options);
  const reading = await cli.open();
  const before = await reading.ops.status(cli.context(), { workflow_id: run, include: [] });
  const source = options.version === undefined ? presentSource(cli, before) : null;
  const input: Input = {
    workflow_id: before.workflow_id,
    ...params,
    ...(source === null ? {} : { source }),
    ...(options.from === undefined ? {} : { from_step: options.from }),
    ...(options.failed === true ? { failed: true } : {}),
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    ...(options.idempotencyKey === undefined ? {} : { idempotency_key: options.idempotencyKey }),
    wait: 0,
  };
  if (options.detach === true) return detached(cli, reading, input, options);
  const isHere = options.local === true || (before.template === null && cli.server === null);
  const app = await (isHere ? cli.openExecuting() : cli.openUnlessDaemon());
  const { code } = await executeRun(cli, app, {
    quiet: options.quiet,
    agent: options.agent,
    waitMs: waitMsOf(options.wait),
    start: (context) => app.ops.rerun(context, input),
    tell: (started) => tell(cli, started),
    document: (started, now) => resultDocument(started, now, options.include),
    include: options.include,
  });
  return code;
}

async function detached(cli: Cli, app: App, input: Input, options: Options): Promise<number> {
  const started = await app.ops.rerun(cli.context({ agent: options.agent }), input);
  if (options.quiet !== true) tell(cli, started);
  await tellDetached(cli, app, started);
  return EXIT.ok;
}

/** The file a run was started from as it is now; null when there is none any more. */
function presentSource(cli: Cli, { trigger }: StatusOutput): ReturnType<typeof readSource> | null {
  // A path that a server recorded says nothing about files here.
  if (cli.server !== null) return null;
  const file = isJsonObject(trigger) ? ownValue(trigger, 'file') : undefined;
  return typeof file === 'string' && existsSync(file) ? cli.readSource(file) : null;
}

function tell(cli: Cli, { kept, again, changed_definition }: Rerun): void {
  const { style } = cli.terminal.stderr;
  const list = (ids: readonly string[]): string => ids.map(oneLine).join(', ');
  if (changed_definition) cli.note(style.yellow('The workflow has changed since that run.'));
  if (kept.length > 0) cli.note(`${style.bold('Kept')}   ${list(kept)}`);
  cli.note(`${style.bold('Again')}  ${list(again)}`);
}
