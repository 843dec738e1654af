/**
 * Shell text with holes, made so that what fills a hole can never become shell text.
 *
 * Each hole is read from an environment variable (`OPCODE_V1`, …), quoted for where it stands: bare
 * `"$OPCODE_V1"`, in double quotes `${OPCODE_V1}`, in single quotes `'"$OPCODE_V1"'`. Where no
 * quoting is safe, or where it cannot be told what the shell will make of the text before, a hole is
 * a problem: this errs on the side of refusing.
 */
import { createShellScan, type HolePlace } from './shell-scan.ts';

export type QuotedText =
  | { readonly ok: true; readonly command: string }
  | { readonly ok: false; readonly problem: string; readonly offset: number };

/**
 * The text as a shell command that reads hole n from the variable `OPCODE_V<n>`, or why a hole cannot
 * stand where it does (`offset`: characters of literal text before it).
 */
export function quoteHoles(parts: readonly (string | number)[]): QuotedText {
  const scan = createShellScan();
  let command = '';
  let offset = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      scan.read(part);
      command += part;
      offset += part.length;
      continue;
    }
    const place = scan.hole();
    const variable = `OPCODE_V${part}`;
    if (place === 'bare') command += `"$${variable}"`;
    else if (place === 'double') command += `\${${variable}}`;
    else if (place === 'single') command += `'"$${variable}"'`;
    else return { ok: false, problem: PROBLEMS[place], offset };
  }
  return { ok: true, command };
}

const PROBLEMS: Readonly<Record<Exclude<HolePlace, 'bare' | 'double' | 'single'>, string>> = {
  backtick: 'a value cannot stand in backticks: use $( … )',
  comment: 'a value cannot stand in a comment',
  heredoc: 'a value cannot stand in a here-document: give it by `stdin`, or print it with printf',
  'ansi-quote': "a value cannot stand in $'…': use double quotes",
  braces: 'a value cannot stand in ${ … }: assign it to a variable first',
  arithmetic: 'a value cannot stand in shell arithmetic: calculate it inside the ${{ … }}',
  test: 'a value cannot stand in [[ … ]]: use [ … ]',
  escape: 'a value cannot follow a backslash',
  dollar: 'a value cannot follow a $ directly',
  evaluated:
    'a value cannot stand in text that is run as shell again (eval, sh -c): pass it as an argument, ' +
    'sh -c \'… "$1" …\' sh VALUE',
  unclear:
    'it cannot be told how the shell reads the text before this value: quote it more plainly',
};
