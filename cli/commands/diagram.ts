/** `opcode diagram`: a workflow, or a run with its statuses, as text or as a picture. */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { AppError, messageOf } from '../../src/model/error.ts';
import type { VersionRef } from '../../src/model/version.ts';
import { versionRef } from '../args.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { printable } from '../print/text.ts';
import { isFileName } from '../sources.ts';
import { tellNoExecutor } from '../tell-executor.ts';

interface Options {
  readonly format?: string;
  readonly output?: string;
  readonly version?: VersionRef;
  /** False with `--no-status`. */
  readonly status: boolean;
}

type Input = Parameters<App['ops']['diagram']>[1];
type Drawn = Awaited<ReturnType<App['ops']['diagram']>>;

/** Names of formats, with the extension of a file that means them. */
const FORMATS: Readonly<Record<string, { format: Input['format']; extension: string }>> = {
  ascii: { format: 'ascii', extension: '.txt' },
  mermaid: { format: 'mermaid', extension: '.mmd' },
  dot: { format: 'dot', extension: '.dot' },
  svg: { format: 'svg', extension: '.svg' },
  png: { format: 'image', extension: '.png' },
};

/** What the beginning of a run id looks like. */
const RUN_ID = /^(@last|[0-9a-f]{4,8}(-[0-9a-f-]*)?)$/;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<template|file|run>', 'template name, workflow file, run id or @last')
      .option('--format <format>', Object.keys(FORMATS).join(', '))
      .option('-o, --output <file>', 'write it to this file')
      .option('--version <n>', 'version of the template: 3, v3, latest', versionRef)
      .option('--no-status', 'a run without its statuses')
      .action(act(diagram)),
    [
      ['opcode diagram deploy.yaml', 'draw a file on the terminal'],
      ['opcode diagram @last --format png -o run.png', 'a run as a picture'],
    ],
  );
}

async function diagram(cli: Cli, target: string, options: Options): Promise<number> {
  const format = formatOf(options);
  if (format === 'image' && options.output === undefined && cli.terminal.stdout.isTerminal) {
    throw new AppError('VALIDATION_ERROR', 'a terminal cannot show a PNG', {
      hint: 'write it to a file: -o diagram.png',
    });
  }
  const app = await cli.openToLook();
  const drawn = await draw(cli, app, target, lookOf(cli, options, format));
  if (options.output !== undefined) writeTo(options.output, drawn);
  if (cli.json) cli.printJson(options.output === undefined ? drawn : { written: options.output });
  else if (options.output !== undefined) cli.note(`Wrote ${options.output}`);
  else if (drawn.text !== undefined) {
    // It may be another server's, which may write what it likes.
    cli.print(printable(drawn.text.trimEnd(), cli.terminal.stdout.style.enabled));
  } else cli.terminal.stdout.write(bytesOf(drawn));
  return EXIT.ok;
}

function formatOf({ format, output }: Options): Input['format'] {
  if (format !== undefined) {
    const known = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    if (known !== undefined) return known.format;
    throw new AppError('VALIDATION_ERROR', `--format: "${format}" is unknown`, {
      hint: `there are ${Object.keys(FORMATS).join(', ')}`,
    });
  }
  const extension = output === undefined ? '' : extname(output).toLowerCase();
  const byName = Object.values(FORMATS).find((each) => each.extension === extension);
  return byName?.format ?? 'ascii';
}

function lookOf(cli: Cli, options: Options, format: Input['format']): Input {
  const { stdout } = cli.terminal;
  const columns = stdout.columns();
  const isShown = options.output === undefined && !cli.json;
  return {
    format,
    include_status: options.status,
    ...(options.version === undefined ? {} : { version: options.version }),
    ...(isShown && columns !== null ? { width: Math.max(20, columns - 1) } : {}),
    ...(format === 'ascii'
      ? { color: isShown && stdout.style.enabled, unicode: stdout.style.unicode }
      : {}),
  };
}

/** What looks like a run id is one, unless there is no such run; the rest are templates and files. */
async function draw(cli: Cli, app: App, target: string, look: Input): Promise<Drawn> {
  const context = cli.context();
  if (isFileName(target)) {
    return app.ops.diagram(context, { ...look, source: await cli.readFileOrStdin(target) });
  }
  const template = (): Promise<Drawn> =>
    app.ops.diagram(context, { ...look, template_name: target });
  if (!RUN_ID.test(target)) return template();
  try {
    const { version: _version, ...rest } = look;
    const drawn = await app.ops.diagram(context, { ...rest, workflow_id: target });
    await tellNoExecutor(cli, app, target);
    return drawn;
  } catch (thrown) {
    const isMissing = thrown instanceof AppError && thrown.code === 'NOT_FOUND';
    if (!isMissing || target === '@last') throw thrown;
    return template();
  }
}

const bytesOf = ({ text, data_base64: data }: Drawn): Uint8Array =>
  data === undefined ? new TextEncoder().encode(`${text}\n`) : Buffer.from(data, 'base64');

function writeTo(file: string, drawn: Drawn): void {
  try {
    writeFileSync(file, bytesOf(drawn));
  } catch (thrown) {
    throw new AppError('EXECUTION_ERROR', `${file} cannot be written: ${messageOf(thrown)}`, {
      hint: 'check the folder and its permissions',
    });
  }
}
