/** `opcode completion`: the script by which a shell completes commands, ids, templates and files. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { EXIT } from '../exit.ts';
import { SCRIPTS, SHELLS } from '../shells.ts';

export function configure(command: Command, act: Act): void {
  withExamples(command.argument('<shell>', SHELLS.join(', ')).action(act(completion)), [
    ['source <(opcode completion bash)', 'for this shell, or in ~/.bashrc'],
    ['opcode completion fish > ~/.config/fish/completions/opcode.fish', 'for good'],
  ]);
}

async function completion(cli: Cli, shell: string): Promise<number> {
  const known = SHELLS.find((each) => each === shell);
  if (known === undefined) {
    throw new AppError('VALIDATION_ERROR', `there is no completion for "${shell}"`, {
      hint: `there is one for ${SHELLS.join(', ')}`,
    });
  }
  if (cli.json) cli.printJson({ shell: known, script: SCRIPTS[known] });
  else cli.print(SCRIPTS[known]);
  return EXIT.ok;
}
