/**
 * Shell text with holes, made so that what fills a hole can never become shell text.
 *
 * Each hole is read from an environment variable (`OPCODE_V1`, …), quoted for where it stands: bare
 * `"$OPCODE_V1"`, in double quotes `${OPCODE_V1}`, in single quotes `'"$OPCODE_V1"'`. Where no
 * quoting is safe, or where it cannot be told what the shell will make of the text before, a hole is
 * a problem: this errs on the side of refusing.
 */
import { argsOf } from './shell-args.ts';
import { createShellScan } from './shell-scan.ts';
import type { HolePlace, ScannedHole } from './shell-state.ts';
import type { Text, Word } from './shell-word.ts';

/** Literal text, and holes by number. */
type Parts = readonly (string | number)[];
type ShellName = 'sh' | 'bash';

/** What is wrong with a value where it stands. */
export interface HoleProblem {
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** Characters of literal text before it. */
  readonly offset: number;
}

export interface TextReview {
  readonly problems: readonly HoleProblem[];
  /** What a value in standard input would be, null when nothing reads that as program text. */
  readonly stdin: Omit<HoleProblem, 'offset'> | null;
}

/** The text as a shell command that reads hole n from the variable `OPCODE_V<n>`. */
export function quoteHoles(parts: Parts): string {
  const holes = scan(parts).holes.values();
  return parts
    .map((part) => (typeof part === 'string' ? part : quoted(part, holes.next().value?.quoting)))
    .join('');
}

function quoted(hole: number, quoting: ScannedHole['quoting'] = 'bare'): string {
  const variable = `OPCODE_V${hole}`;
  if (quoting === 'double') return `\${${variable}}`;
  return quoting === 'single' ? `'"$${variable}"'` : `"$${variable}"`;
}

function scan(parts: Parts): ReturnType<ReturnType<typeof createShellScan>['end']> {
  const reader = createShellScan();
  for (const part of parts) {
    if (typeof part === 'string') reader.read(part);
    else reader.hole();
  }
  return reader.end();
}

/** Which values of a shell text cannot stand where they do, and what its standard input is. */
export function reviewShellText(parts: Parts, shell: ShellName): TextReview {
  const { holes, stdin } = scan(parts);
  const problems: HoleProblem[] = [];
  let offset = 0;
  let count = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      offset += part.length;
      continue;
    }
    const hole = holes[count];
    count += 1;
    const found = hole === undefined ? null : problemOf(hole, shell);
    if (found !== null) problems.push({ ...found, offset });
  }
  return { problems, stdin: stdin === null ? null : problemOfText(stdin, shell) };
}

function problemOf(hole: ScannedHole, shell: ShellName): Omit<HoleProblem, 'offset'> | null {
  if (hole.place !== null) return { message: PLACES[hole.place], severity: 'error' };
  const found = hole.texts.map((text) => problemOfText(text, shell));
  return found.find(({ severity }) => severity === 'error') ?? found[0] ?? null;
}

const EVALUATED =
  'a value cannot stand in text that is run as shell again (eval, trap, sh -c, su -c, env -S, a pipe ' +
  'into a shell, …): pass it as an argument, sh -c \'… "$1" …\' sh VALUE';

const PLACES: Readonly<Record<HolePlace, string>> = {
  backtick: 'a value cannot stand in backticks: use $( … )',
  comment: 'a value cannot stand in a comment',
  heredoc: 'a value cannot stand in a here-document: give it by `stdin`, or print it with printf',
  'ansi-quote': "a value cannot stand in $'…': use double quotes",
  braces: 'a value cannot stand in ${ … }: assign it to a variable first',
  arithmetic: 'a value cannot stand in shell arithmetic: calculate it inside the ${{ … }}',
  test: 'a value cannot stand in [[ … ]]: use [ … ]',
  escape: 'a value cannot follow a backslash',
  dollar: 'a value cannot follow a $ directly',
  evaluated: EVALUATED,
  unclear:
    'it cannot be told how the shell reads the text before this value: quote it more plainly',
};

function problemOfText(text: Text, shell: ShellName): Omit<HoleProblem, 'offset'> {
  switch (text.kind) {
    case 'shell':
      return { message: EVALUATED, severity: 'error' };
    case 'named':
      return {
        message:
          'a value cannot be an argument of a program that another value names, which could be eval: write the program’s name',
        severity: 'error',
      };
    case 'arithmetic':
      return {
        message:
          'bash calculates what stands here (a name with a subscript, a number), and runs what is in it: use a fixed name',
        severity: shell === 'bash' ? 'error' : 'warning',
      };
    case 'language':
      return {
        message: `this value becomes part of a program (${text.language}), which may do what it says: hand it over as an argument, a variable or on standard input`,
        severity: 'warning',
      };
  }
}

/** An argument as it is known before the command runs: literal text, and holes. */
type Argument = Parts;

/**
 * What is wrong with values in the arguments of a command that runs without a shell; a program that
 * data names is null.
 */
export function reviewArguments(
  program: string | null,
  args: readonly Argument[],
): {
  readonly problems: readonly (HoleProblem & { readonly index: number })[];
  readonly stdin: Omit<HoleProblem, 'offset'> | null;
} {
  // What data names may be a shell.
  const unknown = { isUnknown: program === null, variables: program === null ? ['SHELL'] : [] };
  const name = { ...wordOf([program ?? '']), ...unknown };
  const reader = argsOf(name, { inShell: false });
  const problems: (HoleProblem & { readonly index: number })[] = [];
  for (const [index, argument] of args.entries()) {
    let offset = 0;
    for (const [at, part] of argument.entries()) {
      if (typeof part === 'string') {
        offset += part.length;
        continue;
      }
      const text = reader.textAt(wordOf(argument.slice(0, at)));
      if (text !== null) problems.push({ ...problemOfText(text, 'sh'), offset, index });
    }
    reader.end(wordOf(argument));
  }
  const stdin = reader.stdin();
  return { problems, stdin: stdin === null ? null : problemOfText(stdin, 'sh') };
}

const wordOf = (parts: Argument): Word => ({
  text: parts.filter((part) => typeof part === 'string').join(''),
  isUnknown: false,
  holdsValue: parts.some((part) => typeof part === 'number'),
  variables: [],
  isQuoted: true,
  hasBraces: false,
});
