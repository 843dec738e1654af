/** `opcode backup`: a whole copy of the database, made while runs go on. */
import type { Command } from 'commander';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { bytesText } from '../print/bytes.ts';
import { counted } from '../print/text.ts';

interface Options {
  readonly force?: boolean;
}

export function configure(command: Command, act: Act): void {
  withExamples(
    command
      .argument('[file]', 'where to; left out: <home>/backups/opcode-<time>.db')
      .option('--force', 'replace a file that stands there')
      .action(act(backup))
      .addHelpText(
        'after',
        '\nOnly the database: settings.json and the key of the vault have to be kept\n' + 'apart.',
      ),
    [
      ['opcode backup', 'into the folder of backups, named by the time'],
      ['opcode backup /mnt/safe/opcode.db --force', 'to this file, again and again'],
    ],
  );
}

async function backup(cli: Cli, file: string | undefined, { force }: Options): Promise<number> {
  const app = await cli.open();
  const { stderr } = cli.terminal;
  if (stderr.isTerminal) cli.note(`Copying ${bytesText(app.store.space().bytes)}.`);
  const result = await app.ops.backup(cli.context(), {
    ...(file === undefined ? {} : { file }),
    force: force === true,
  });
  if (cli.json) cli.printJson(result);
  else {
    const { unfinished } = result;
    const open = unfinished === 0 ? '' : `, ${unfinished} of them unfinished`;
    cli.print(`${result.file}: ${bytesText(result.bytes)}, ${counted(result.runs, 'run')}${open}.`);
  }
  return EXIT.ok;
}
