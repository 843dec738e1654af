/**
 * `opcode run`: a workflow file, executed here with this terminal, or a template, which a living daemon
 * executes and this terminal follows.
 */
import { type Command, Option } from 'commander';
import { AppError } from '../../src/model/error.ts';
import type { VersionRef } from '../../src/model/version.ts';
import type { RunOutput } from '../../src/ops/schemas.ts';
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
import { executeRun, resultDocument, showWarnings } from '../execute-run.ts';
import { EXIT } from '../exit.ts';
import { readableJson } from '../print/text.ts';
import { isFileName, withFileHint } from '../sources.ts';
import { tellDetached } from '../tell-executor.ts';

interface Options extends ParamOptions {
  readonly version?: VersionRef;
  readonly agent?: string;
  readonly idempotencyKey?: string;
  readonly detach?: boolean;
  readonly wait?: string;
  readonly dryRun?: boolean;
  readonly local?: boolean;
  readonly quiet?: boolean;
  readonly include?: readonly RunPart[];
}

type Input = Parameters<App['ops']['run']>[1];
type Result = Exclude<RunOutput, { dry_run: true }>;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument(
        '<template|file>',
        'template name, or a file (.json, .jsonc, .yaml, or with a /), or -',
      )
      .option('-p, --param <key=value>', 'parameter, typed by the input schema; key:=json', collect)
      .option('--params <file|->', 'parameters as a JSON object')
      .option('--version <n>', 'version of the template: 3, v3, latest', versionRef)
      .option('--agent <name>', 'run it in the name of this agent')
      .option('--idempotency-key <key>', 'start at most one run with this key')
      .addOption(
        new Option('--detach', 'start it and leave; who executes takes it on').conflicts('wait'),
      )
      .option('--wait <duration>', 'leave after this time, e.g. 30s')
      .option('--local', 'execute it here, also when a daemon lives')
      .option('--dry-run', 'validate, resolve, draw; run nothing')
      .option('--include <parts>', INCLUDE_HELP, runParts)
      .option('-q, --quiet', 'print the output only')
      .action(act(run)),
    [
      ['opcode run deploy.yaml -p env=prod', 'run a file'],
      ['opcode run nightly-report --wait 30s --json', 'run a template, answer as JSON'],
    ],
  );
}

async function run(cli: Cli, target: string, options: Options): Promise<number> {
  try {
    return await runTarget(cli, target, options);
  } catch (thrown) {
    throw withFileHint(target, thrown);
  }
}

async function runTarget(cli: Cli, target: string, options: Options): Promise<number> {
  const waitMs = waitMsOf(options.wait);
  const input = await inputOf(cli, target, options);
  if (options.dryRun === true) return dryRun(cli, input);
  if (options.detach === true) return detached(cli, input, options);
  const isHere = options.local === true || (isFileName(target) && cli.server === null);
  const app = await (isHere ? cli.openExecuting() : cli.openUnlessDaemon());
  const { code } = await executeRun(cli, app, {
    quiet: options.quiet,
    agent: options.agent,
    waitMs,
    start: async (context) => started(await app.ops.run(context, { ...input, wait: 0 })),
    tell: ({ workflow_id, created }) => {
      if (created === false) cli.note(`This key has started run ${workflow_id} before.`);
    },
    document: (started, now) => resultDocument(started, now, options.include),
    include: options.include,
  });
  return code;
}

async function inputOf(cli: Cli, target: string, options: Options): Promise<Input> {
  const isFile = isFileName(target);
  if (isFile && options.version !== undefined) {
    throw new AppError('VALIDATION_ERROR', '--version is for templates; a file has no versions');
  }
  return {
    ...(isFile ? { source: await cli.readFileOrStdin(target) } : { template_name: target }),
    ...(await paramsOf(cli, options)),
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    ...(options.idempotencyKey === undefined ? {} : { idempotency_key: options.idempotencyKey }),
  };
}

/** The answer to a start that was no dry run. */
function started(result: RunOutput): Result {
  if ('dry_run' in result) throw new AppError('INTERNAL', 'a dry run answered a start');
  return result;
}

async function dryRun(cli: Cli, input: Input): Promise<number> {
  const app = await cli.openToLook();
  const result = await app.ops.run(cli.context(), { ...input, dry_run: true });
  if (cli.json) {
    cli.printJson(result);
    return EXIT.ok;
  }
  if (!('dry_run' in result)) throw new AppError('INTERNAL', 'a start answered a dry run');
  const { style } = cli.terminal.stdout;
  showWarnings(cli, result.warnings);
  cli.print(`${result.diagram.trimEnd()}\n`);
  cli.print(style.bold('Order'));
  cli.printLines(result.plan.map((line) => `  ${line}`));
  cli.print(`\n${style.bold('Inputs')}`);
  cli.print(readableJson(result.inputs));
  cli.note('\nNothing was run.');
  return EXIT.ok;
}

async function detached(cli: Cli, input: Input, options: Options): Promise<number> {
  const app = await cli.open();
  const result = started(
    await app.ops.run(cli.context({ agent: options.agent }), { ...input, wait: 0 }),
  );
  await tellDetached(cli, app, result);
  return EXIT.ok;
}
