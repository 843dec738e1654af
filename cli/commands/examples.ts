/** `opcode examples`: the workflows inside the executable; listed, copied, or run without network. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { type Example, findExample, listExamples } from '../examples/embedded.ts';
import { runExample, serviceInput, writeExample } from '../examples/run-example.ts';
import { EXIT } from '../exit.ts';
import { padTo } from '../print/text.ts';

interface Options {
  readonly run?: boolean;
  readonly yes?: boolean;
  readonly quiet?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[name]', 'copy this example into a folder of its name')
      .option('--run', 'run it in a temporary folder, against stub services')
      .option('-y, --yes', 'with --run: take the prepared answers to decisions')
      .option('-q, --quiet', 'with --run: print the output only')
      .action(act(examples)),
    [
      ['opcode examples quickstart', 'copy one to read and change'],
      ['opcode examples quickstart --run', 'see it run; needs no network'],
    ],
  );
}

async function examples(cli: Cli, name: string | undefined, options: Options): Promise<number> {
  if (name === undefined) {
    if (options.run === true) {
      throw new AppError('VALIDATION_ERROR', 'which example? --run needs a name', {
        hint: 'opcode examples lists them',
      });
    }
    return list(cli);
  }
  const example = findExample(name);
  if (options.run !== true) return copy(cli, example);
  return runExample(cli, example, { yes: options.yes === true, quiet: options.quiet === true });
}

function list(cli: Cli): number {
  const all = listExamples();
  if (cli.json) {
    cli.printJson({
      examples: all.map(({ name, description, category }) => ({ name, description, category })),
    });
    return EXIT.ok;
  }
  const { style } = cli.terminal.stdout;
  const widest = Math.max(0, ...all.map((example) => example.name.length));
  for (const [category, group] of Map.groupBy(all, (example) => example.category)) {
    cli.print(style.bold(category === '' ? 'Examples' : category));
    for (const { name, description } of group) {
      cli.print(`  ${style.cyan(padTo(name, widest))}  ${description}`);
    }
    cli.print('');
  }
  cli.print('opcode examples <name> copies one, --run runs it.');
  return EXIT.ok;
}

function copy(cli: Cli, example: Example): number {
  const { name, files } = example;
  const folder = resolve(name);
  if (existsSync(folder)) {
    throw new AppError('CONFLICT', `${folder} is there already`, {
      hint: 'copy it somewhere else, or remove that folder',
    });
  }
  writeExample(folder, files);
  if (cli.json) cli.printJson({ folder, files: Object.keys(files) });
  else {
    cli.printLines(Object.keys(files).map((file) => join(name, file)));
    const input = serviceInput(example);
    const params = input === null ? '' : ` -p ${input}=<url of your services>`;
    cli.note(`\nopcode run ${join(name, 'workflow.json')}${params}`);
    if (input !== null) cli.note(`opcode examples ${name} --run   against services of its own`);
  }
  return EXIT.ok;
}
