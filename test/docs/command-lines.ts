/**
 * Command lines as they stand in pages, held against the commands that there are.
 */
import { Command } from 'commander';
import { COMMANDS } from '../../cli/table.ts';
import { blocksOf, codeSpans, type Page } from './markdown.ts';

/** Options that every command has, and the program itself. */
const COMMON = ['--json', '--db-path', '--log-level', '--help', '-h'];
const PROGRAM = ['--help', '-h', '--version', '-V'];

/** Every `opcode …` of a page: in blocks of shell text and in code spans. */
export function commandLinesOf(page: Page): string[] {
  const shell = blocksOf(page).filter(({ language }) => language === 'sh');
  const lines = shell.flatMap(({ text }) => text.split('\n').flatMap(commandsOfLine));
  return [...lines, ...codeSpans(page.prose)].filter((line) => /^opcode( |$)/.test(line));
}

const commandsOfLine = (line: string): string[] =>
  line
    .replace(/\s+#.*$/, '')
    .split(/ && | \| /)
    .map((part) => part.trim());

const WORD = /'[^']*'|"[^"]*"|\S+/g;

/** What is wrong with a command line, [] when it could be typed so. */
export async function problemsOf(line: string): Promise<string[]> {
  const [, name, ...rest] = line.match(WORD) ?? [];
  if (name === undefined || name.startsWith('<')) return [];
  if (name.startsWith('-')) return PROGRAM.includes(name) ? [] : [`opcode has no option ${name}`];
  return problemsOfOptions(name, rest);
}

/** The same for the words behind a command's name. */
export async function problemsOfOptions(name: string, words: readonly string[]): Promise<string[]> {
  const entry = COMMANDS.find((command) => command.name === name);
  if (entry === undefined) return [`there is no command ${name}`];
  const command = new Command(name);
  (await entry.load()).configure(command, () => async () => undefined);
  const below = command.commands.find((each) => each.name() === words[0]);
  const { options } = below ?? command;
  const known = [...COMMON, ...options.flatMap(({ long, short }) => [long, short])];
  const end = words.indexOf('--');
  return words
    .slice(0, end < 0 ? words.length : end)
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.replace(/=.*$/, ''))
    .filter((option) => !known.includes(option))
    .map((option) => `opcode ${name} has no option ${option}`);
}
