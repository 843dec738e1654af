/** `opcode backup`: a whole copy of the database, made while runs go on. */
import type { Command } from 'commander';
import { isJsonObject } from '../../src/model/json.ts';
import { type Act, type App, type Cli, withExamples } from '../command.ts';
import { asAppError } from '../errors.ts';
import { EXIT } from '../exit.ts';
import { bytesText } from '../print/bytes.ts';
import { counted, oneLine } from '../print/text.ts';

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

/** Where nothing can be written a copy can be made all the same, elsewhere. */
async function openToCopy(cli: Cli): Promise<App> {
  try {
    return await cli.open();
  } catch (thrown) {
    const { details } = asAppError(thrown);
    const isHindered =
      isJsonObject(details) && ['full', 'readonly', 'path'].includes(String(details.kind));
    if (!isHindered) throw thrown;
    return cli.openToLook();
  }
}

async function backup(cli: Cli, file: string | undefined, { force }: Options): Promise<number> {
  const app = await openToCopy(cli);
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
    if (result.unnoted !== undefined) {
      cli.note(`When it was made could not be noted: ${oneLine(result.unnoted)}`);
    }
    cli.print(`${result.file}: ${bytesText(result.bytes)}, ${counted(result.runs, 'run')}${open}.`);
  }
  return EXIT.ok;
}
