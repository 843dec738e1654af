/** `opcode define`: validates workflow files and registers them as templates. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { issueLines, lookOf } from '../errors.ts';
import { EXIT } from '../exit.ts';
import { exactTime } from '../print/schedule-lists.ts';
import type { Style } from '../print/style.ts';
import { oneLine } from '../print/text.ts';
import { isFileName } from '../sources.ts';

interface Options {
  readonly name?: string;
  readonly description?: string;
  readonly agent?: string;
  readonly rules?: string;
}

type Defined = Awaited<ReturnType<App['ops']['define']>>;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<file...>', 'workflow files')
      .option('--name <name>', 'name of the template (else the one in the file)')
      .option('--description <text>', 'description of the template')
      .option('--agent <name>', 'register it in the name of this agent')
      .option(
        '--rules <n>',
        'with template names: a new version of the same text under these rules',
      )
      .action(act(define)),
    [
      ['opcode define deploy.yaml', 'register, or add a version'],
      ['opcode define flow.json --name nightly-report', 'under another name'],
      ['opcode define --rules 2 deploy', 'the registered text under the newest rules'],
    ],
  );
}

async function define(cli: Cli, files: string[], options: Options): Promise<number> {
  if (options.name !== undefined && files.length > 1) {
    throw new AppError('VALIDATION_ERROR', '--name is for one file', {
      hint: 'give the files one by one, or put a "name" into each',
    });
  }
  const app = await cli.open();
  const results: Defined[] = [];
  for (const file of files) {
    const result = await app.ops.define(cli.context({ agent: options.agent }), {
      ...(await whatToDefine(cli, file, options)),
      ...(options.description === undefined ? {} : { description: options.description }),
      ...(options.agent === undefined ? {} : { agent_id: options.agent }),
    });
    results.push(result);
    if (!cli.json) tell(cli, result);
  }
  if (cli.json) cli.printJson(files.length === 1 ? results[0] : results);
  return EXIT.ok;
}

/** A file's text, or with `--rules` the template of that name. */
async function whatToDefine(cli: Cli, given: string, { name, rules }: Options) {
  const named = name === undefined ? {} : { name };
  if (rules === undefined) return { source: await cli.readFileOrStdin(given), ...named };
  const wanted = { rules: Number(rules) };
  return isFileName(given)
    ? { source: await cli.readFileOrStdin(given), ...named, ...wanted }
    : { name: name ?? given, ...wanted };
}

function tell(cli: Cli, result: Defined): void {
  const { style } = cli.terminal.stdout;
  const { style: errStyle, columns } = cli.terminal.stderr;
  const look = lookOf(errStyle, columns());
  for (const line of issueLines(result.warnings, cli.sources[0], look)) cli.note(line);
  const version = result.version === null ? '' : ` v${result.version}`;
  cli.print(`${style.bold(oneLine(result.name))}${version}  ${style.dim(whatHappened(result))}`);
  cli.printLines(result.diff.map((line) => `  ${diffLine(line, style)}`));
  cli.printLines(triggerLines(result).map((line) => `  ${line}`));
}

/** When its schedules fire next, and where its webhooks are called. */
function triggerLines({ triggers }: Defined): string[] {
  const { schedules = [], webhooks = [] } = triggers ?? {};
  return [
    ...schedules.map(({ name, next_at: next }) =>
      next === null ? `${name} does not fire` : `${name} fires next at ${exactTime(next)}`,
    ),
    ...webhooks.map(({ path, form }) => `POST ${path} starts it (form ${form})`),
  ].map(oneLine);
}

function whatHappened({ created, previous_version: before }: Defined): string {
  if (!created) return 'unchanged';
  return before === null ? 'registered' : `new version, after v${before}`;
}

function diffLine(line: string, style: Style): string {
  const text = oneLine(line) === line.trim() ? line : oneLine(line);
  if (line.startsWith('+')) return style.green(text);
  return line.startsWith('-') ? style.red(text) : style.dim(text);
}
