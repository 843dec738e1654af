/**
 * An example run to its end: in a temporary folder, against its stub services, with its prepared
 * answers, and compared with the end it promises.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../../src/model/error.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../../src/model/json.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { Cli } from '../command.ts';
import { executeRun, resultDocument } from '../execute-run.ts';
import { EXIT } from '../exit.ts';
import type { Answers } from '../questions.ts';
import { differences, type Example, expectedOf, jsonFile } from './embedded.ts';
import { startStubs } from './stub-server.ts';

const STUB_URL_INPUT = 'stub_url';

/** Runs an example. The exit code is 0 when it ended as it promises. */
export async function runExample(
  cli: Cli,
  example: Example,
  options: { readonly yes: boolean; readonly quiet: boolean },
): Promise<number> {
  const stubs = jsonFile(example.files, 'stubs.json');
  const folder = mkdtempSync(join(tmpdir(), 'opcode-example-'));
  const server = stubs === null ? null : startStubs(stubs);
  try {
    writeExample(folder, example.files);
    const file = join(folder, 'workflow.json');
    const params = server === null ? {} : { [inputName(stubs)]: server.url };
    const app = await cli.openExecuting();
    const { code, run } = await executeRun(cli, app, {
      quiet: options.quiet,
      alwaysDraw: true,
      waitMs: null,
      answers: answersOf(cli, stubs, options.yes),
      start: async (context) => {
        const source = cli.readSource(file);
        const result = await app.ops.run(context, { source, params, wait: 0 });
        if ('dry_run' in result) throw new AppError('INTERNAL', 'a dry run answered a start');
        return result;
      },
      document: (started, now) => resultDocument(started, now),
    });
    return judge(cli, example, run, code, options.quiet);
  } finally {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes an example's files below a folder. */
export function writeExample(folder: string, files: Example['files']): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const inputName = (stubs: JsonObject | null): string =>
  typeof stubs?.input === 'string' ? stubs.input : STUB_URL_INPUT;

/** The input by which an example is told where its services are; null when it runs without it. */
export function serviceInput({ files }: Example): string | null {
  const schema = jsonFile(files, 'workflow.json')?.input_schema;
  const required = isJsonObject(schema) ? schema.required : undefined;
  const name = inputName(jsonFile(files, 'stubs.json'));
  return isJsonArray(required) && required.includes(name) ? name : null;
}

/** The prepared answers, where nobody can be asked or the person said yes to all. */
function answersOf(cli: Cli, stubs: JsonObject | null, yes: boolean): Answers | undefined {
  const { stdin, stderr } = cli.terminal;
  if (stdin.isTerminal && stderr.isTerminal && !cli.json && !yes) return undefined;
  const decisions = stubs?.decisions;
  if (!isJsonObject(decisions)) return undefined;
  return Object.fromEntries(
    Object.entries(decisions).map(([step, choice]) => [step, String(choice)]),
  );
}

function judge(
  cli: Cli,
  example: Example,
  run: StatusOutput,
  code: number,
  quiet: boolean,
): number {
  const expected = expectedOf(example);
  if (expected === null || code === EXIT.interrupted) return code;
  const wrong = [
    ...(run.status === expected.status
      ? []
      : [`status: expected ${expected.status}, got ${run.status}`]),
    ...(expected.output === undefined ? [] : differences(expected.output, run.output)),
  ];
  const { style } = cli.terminal.stderr;
  if (wrong.length === 0) {
    if (!quiet) cli.note(style.dim('It ended as the example promises.'));
    return EXIT.ok;
  }
  for (const line of wrong) cli.note(`${style.red('differs')}  ${line}`);
  return EXIT.failed;
}
