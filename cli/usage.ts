/** What is said of a command line that cannot be understood: what is wrong, and how it is written. */
import type { Command, CommanderError } from 'commander';
import { AppError } from '../src/model/error.ts';

/** Words that people know from other programs, and what they are here. */
const KNOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  list: 'opcode query workflows lists runs, opcode query templates what can be run',
  ls: 'opcode query workflows lists runs, opcode query templates what can be run',
  ps: 'opcode status shows what runs and waits',
  runs: 'opcode query workflows lists runs',
  reload: 'kill -HUP <pid of the daemon> reads its settings again, opcode restart starts it anew',
  start: 'opcode run starts a workflow, opcode serve the daemon',
  new: 'opcode examples quickstart copies a workflow to begin with',
  init: 'opcode examples quickstart copies a workflow to begin with',
  create: 'opcode define registers a workflow file',
  delete: 'opcode gc removes old runs, opcode schedule rm a schedule',
  config: 'opcode settings shows every setting and where it comes from',
  log: 'opcode logs shows what a run printed, opcode events what happened',
};

/** Options that stand where a command should, and what was meant. */
const OPTIONS_ELSEWHERE: Readonly<Record<string, string>> = { '-v': 'opcode --version' };

/** The hint for a first word that is no command of ours; null when nothing is known of it. */
export const hintElsewhere = (word: string | undefined): string | null =>
  word === undefined ? null : (KNOWN_ELSEWHERE[word] ?? OPTIONS_ELSEWHERE[word] ?? null);

/** What commander says, in our form; `program` knows how the command is written. */
export function usageError(
  error: CommanderError,
  program: Command | null,
  words: readonly string[],
): AppError {
  if (error.code === 'commander.help') {
    return new AppError('VALIDATION_ERROR', 'a command is missing', { hint: 'see above' });
  }
  const [what = '', ...more] = error.message
    .replace(/^error: /, '')
    .replaceAll(/[()]/g, '')
    .split('\n');
  const suggested = more.filter((line) => line !== '');
  const usage = usageOf(program, words);
  return new AppError('VALIDATION_ERROR', what, { hint: [...suggested, usage].join('; ') });
}

/** How the command in these words is written; of an unknown one, where all are listed. */
function usageOf(program: Command | null, words: readonly string[]): string {
  const [first, second] = words;
  const command = program?.commands.find((each) => each.name() === first);
  if (command === undefined) return hintElsewhere(first) ?? 'opcode --help lists the commands';
  const sub = command.commands.find((each) => each.name() === second);
  const line = sub === undefined ? [command] : [command, sub];
  const names = line.map((each) => each.name()).join(' ');
  return `opcode ${names} ${line.at(-1)?.usage() ?? ''}; opcode ${names} --help`;
}
