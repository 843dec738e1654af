/**
 * The shells that can complete our words, and the script each of them needs. A script asks this
 * program for candidates; where there are none the shell completes file names.
 */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

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

/** What each shell has to read. */
export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
};
