/** `opcode validate`: every problem in workflow files, with line and column. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { issueLines, lookOf } from '../errors.ts';
import { EXIT } from '../exit.ts';
import { counted } from '../print/text.ts';

interface Options {
  readonly strict?: boolean;
}

type Validated = Awaited<ReturnType<App['ops']['validate']>>;

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('<file...>', 'workflow files; - is standard input')
      .option('--strict', 'warnings count as errors')
      .action(act(validate)),
    [
      ['opcode validate deploy.yaml', 'show problems with the lines they are in'],
      ['opcode validate --strict flows/*.json', 'in continuous integration'],
    ],
  );
}

async function validate(cli: Cli, files: string[], options: Options): Promise<number> {
  const app = await cli.openToLook({ needsData: false });
  const results: (Validated & { file: string })[] = [];
  for (const file of files) {
    const source = await cli.readFileOrStdin(file);
    const strict = options.strict === true;
    const result = await app.ops.validate(cli.context(), { source, strict });
    results.push({ file, ...result });
    if (!cli.json) tell(cli, file, result);
  }
  if (cli.json) cli.printJson(files.length === 1 ? results[0] : results);
  return results.every((result) => result.valid) ? EXIT.ok : EXIT.usage;
}

function tell(cli: Cli, file: string, { valid, issues }: Validated): void {
  const { style, columns } = cli.terminal.stdout;
  const mark = style.unicode ? '✓' : '+';
  const source = cli.sources[0];
  if (source === undefined) throw new AppError('INTERNAL', 'the file was not read');
  cli.printLines(issueLines(issues, source, lookOf(style, columns())));
  if (issues.length > 0) cli.print('');
  if (valid) cli.print(`${style.green(mark)} ${file} is valid${summary(issues)}`);
  else cli.print(`${style.red(style.unicode ? '✗' : 'x')} ${file} is not valid${summary(issues)}`);
}

function summary(issues: Validated['issues']): string {
  const errors = issues.filter((issue) => issue.severity === 'error').length;
  const warnings = issues.length - errors;
  const parts = [
    errors === 0 ? '' : counted(errors, 'error'),
    warnings === 0 ? '' : counted(warnings, 'warning'),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}
