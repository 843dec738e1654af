import { describe, expect, test } from 'bun:test';
import { quoteHoles, reviewShellText } from '../../src/isolate/shell-text.ts';

/** `@` stands for a hole. */
const holes = (text: string): (string | number)[] =>
  text.split('@').flatMap((piece, i, all) => (i < all.length - 1 ? [piece, i + 1] : [piece]));

type Shell = 'sh' | 'bash';
const review = (text: string, shell: Shell = 'sh') => reviewShellText(holes(text), shell);
const errors = (text: string, shell: Shell = 'sh'): string[] =>
  review(text, shell)
    .problems.filter(({ severity }) => severity === 'error')
    .map(({ message }) => message);

const command = (text: string): string => {
  const [first] = errors(text);
  if (first !== undefined) throw new Error(first);
  return quoteHoles(holes(text));
};
const problem = (text: string): string =>
  errors(text)[0] ?? `no problem: ${quoteHoles(holes(text))}`;

describe('a value is quoted for where it stands', () => {
  test.each([
    ['echo @', 'echo "$OPCODE_V1"'],
    ['echo a@b', 'echo a"$OPCODE_V1"b'],
    ['echo "a @ b"', 'echo "a ${OPCODE_V1} b"'],
    ["echo 'a @ b'", "echo 'a '\"$OPCODE_V1\"' b'"],
    ['echo "$(cat "@")" @', 'echo "$(cat "${OPCODE_V1}")" "$OPCODE_V2"'],
    ['echo "$(echo @)"', 'echo "$(echo "$OPCODE_V1")"'],
    ['echo a#@', 'echo a#"$OPCODE_V1"'],
    ['X=@ cmd', 'X="$OPCODE_V1" cmd'],
    ['echo "it\'s @"', 'echo "it\'s ${OPCODE_V1}"'],
    ['echo \\"@', 'echo \\""$OPCODE_V1"'],
    ['echo "\\"@"', 'echo "\\"${OPCODE_V1}"'],
    ['echo "a" # it\'s\necho @', 'echo "a" # it\'s\necho "$OPCODE_V1"'],
    ['echo `date "+%s"` @', 'echo `date "+%s"` "$OPCODE_V1"'],
    ['echo ${x:-y} $((1<<2)) @', 'echo ${x:-y} $((1<<2)) "$OPCODE_V1"'],
    ["cat <<E > @\nit's\nE\necho @", 'cat <<E > "$OPCODE_V1"\nit\'s\nE\necho "$OPCODE_V2"'],
    ["cat <<-'E'\n\t$(\n\tE\necho @", 'cat <<-\'E\'\n\t$(\n\tE\necho "$OPCODE_V1"'],
    ['cat <<A <<B\n"\nA\n`\nB\necho @', 'cat <<A <<B\n"\nA\n`\nB\necho "$OPCODE_V1"'],
    [
      'x=$(case $y in a) echo b;; (c) ;; esac) @',
      'x=$(case $y in a) echo b;; (c) ;; esac) "$OPCODE_V1"',
    ],
    ['echo "$(echo case)" "@"', 'echo "$(echo case)" "${OPCODE_V1}"'],
    ['sh -c \'echo "$1"\' sh @', 'sh -c \'echo "$1"\' sh "$OPCODE_V1"'],
    ['[[ -n x ]] && echo @', '[[ -n x ]] && echo "$OPCODE_V1"'],
    ['f() { echo @; }; f', 'f() { echo "$OPCODE_V1"; }; f'],
    ['echo no holes $', 'echo no holes $'],
  ])('%s', (text, expected) => {
    expect(command(text)).toBe(expected);
  });
});

describe('a value is refused where no quoting is safe', () => {
  test.each([
    ['echo `cat @`', 'backticks'],
    ['echo "a `cat @` b"', 'backticks'],
    ['echo a # @', 'comment'],
    ['cat <<E\n@\nE', 'here-document'],
    ['cat <<"E"\n@\nE', 'here-document'],
    ['cat <<E\nE@\nE', 'here-document'],
    ['cat <<@\n', 'here-document'],
    ['cat <<E@\n', 'here-document'],
    ['echo \\@', 'backslash'],
    ['echo "\\@"', 'backslash'],
    ['echo $@', 'follow a $'],
    ['echo "$@"', 'follow a $'],
    ['echo ${x:-@}', '${ … }'],
    ['echo "${x:-$(echo @)}"', '${ … }'],
    ['echo $((1 + @))', 'arithmetic'],
    ['(( @ > 1 ))', 'arithmetic'],
    ['echo $[ @ ]', 'arithmetic'],
    ["echo $'a@'", "$'…'"],
    ["echo $'a\\'b' @", 'cannot be told'],
    ['echo "${x:-\'}" @', 'cannot be told'],
    ['[[ @ -eq 1 ]]', '[[ … ]]'],
    ['eval @', 'run as shell again'],
    ['eval "echo @"', 'run as shell again'],
    ['X=1 eval "@"', 'run as shell again'],
    ['if true; then eval @; fi', 'run as shell again'],
    ['sh -c "echo @"', 'run as shell again'],
    ['sh -c @', 'run as shell again'],
    ['sudo -u x /bin/bash -eo pipefail -c "a @"', 'run as shell again'],
    ['echo x | xargs sh -c "@"', 'run as shell again'],
    ['sh -c "$(cat @)"', 'run as shell again'],
  ])('%s', (text, reason) => {
    expect(problem(text)).toContain(reason);
  });

  test('the offset tells which place', () => {
    const { problems } = reviewShellText(['echo ', 1, ' `', 2, '`'], 'sh');
    expect(problems.map(({ offset }) => offset)).toEqual([7]);
  });
});

describe('no value runs, whatever it is', () => {
  const HOSTILE = [
    '$(echo INJECTED)',
    '`echo INJECTED`',
    '; echo INJECTED;',
    '"; echo INJECTED; "',
    "'; echo INJECTED; '",
    '\'"$(echo INJECTED)"\'',
    '\\',
    '\\"',
    'a\necho INJECTED\n',
    '*',
    '$OPCODE_V1 ${HOME}',
    ' a  b ',
    '-n',
    '😀 é \t |&<>(){}[]!#~',
    '',
  ];
  const PLACES: [string, (value: string) => string][] = [
    ['printf %s @', (v) => v],
    ['printf %s "<@>"', (v) => `<${v}>`],
    ["printf %s '<@>'", (v) => `<${v}>`],
    ['x=@; printf %s "$x"', (v) => v],
    ['printf %s "$(printf %s "@.")"', (v) => `${v}.`],
    ['printf %s "$(printf %s @.)"', (v) => `${v}.`],
    ['case @ in "") printf empty;; *) printf %s @;; esac', (v) => (v === '' ? 'empty' : v)],
    ['for x in @; do printf %s "$x"; done', (v) => v],
    ["cat <<E >/dev/null\n'\nE\nprintf %s '@'", (v) => v],
    ['sh -c \'printf %s "$1"\' sh @', (v) => v],
  ];
  const SHELLS = ['/bin/sh', '/bin/bash'].filter((shell) => Bun.which(shell) !== null);

  test.each(SHELLS.flatMap((shell) => PLACES.map((place) => [shell, ...place] as const)))(
    '%s: %s',
    async (shell, text, expected) => {
      const quoted = command(text);
      const outputs = await Promise.all(
        HOSTILE.map(async (value) => {
          const env = { PATH: process.env.PATH ?? '', OPCODE_V1: value, OPCODE_V2: value };
          const child = Bun.spawn([shell, '-c', quoted], { env, stderr: 'ignore' });
          return new Response(child.stdout).text();
        }),
      );
      expect(outputs).toEqual(HOSTILE.map(expected));
    },
  );
});
