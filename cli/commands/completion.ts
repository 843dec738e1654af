/** `opcode completion`: the script by which a shell completes commands, ids, templates and files. */
import type { Command } from 'commander';
import { AppError } from '../../src/model/error.ts';
import { type Act, type Cli, withExamples } from '../command.ts';
import { SHELLS } from '../completion.ts';
import { EXIT } from '../exit.ts';

const BASH = `_opcode() {
  local IFS=$'\\n'
  COMPREPLY=($(opcode __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _opcode opcode`;

const ZSH = `#compdef opcode
_opcode() {
  local -a found
  found=("\${(@f)$(opcode __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _opcode opcode`;

const FISH = `function __opcode_complete
  set -l words (commandline -opc) (commandline -ct)
  opcode __complete $words[2..] 2>/dev/null
end
complete -c opcode -a '(__opcode_complete)'`;

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};

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
