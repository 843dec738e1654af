/** Text for terminals: width, cropping, control characters. */
import { describe, expect, test } from 'bun:test';
import { PLAIN_STYLE } from '../../cli/print/style.ts';
import { table } from '../../cli/print/table.ts';
import {
  crop,
  indent,
  oneLine,
  printable,
  readableJson,
  widthOf,
  wrap,
} from '../../cli/print/text.ts';

const RED = '\u001b[31mred\u001b[0m';

describe('what a workflow wrote', () => {
  test('cannot move the cursor, clear the screen or set the title', () => {
    expect(printable('a\u001b[2Jb\u001b]0;owned\u0007c')).toBe('a\\x1b[2Jb\\x1b]0;owned\\x07c');
    expect(printable('a\u009b2Jb')).toBe('a\\x9b2Jb');
  });

  test('keeps line breaks and tabs, loses carriage returns', () => {
    expect(printable('a\r\n\tb')).toBe('a\n\tb');
  });

  test('keeps its colours only where colours are wanted', () => {
    expect(printable(RED, true)).toBe(RED);
    expect(printable(RED)).toBe('\\x1b[31mred\\x1b[0m');
    expect(printable('\u001b[5A\u001b[1m', true)).toBe('\\x1b[5A\u001b[1m');
  });

  test('does not stop the terminal by escapes that begin nothing', () => {
    const text = '\u001b'.repeat(2_000_000);
    expect(printable(`${text}m`, true)).toHaveLength(4 * text.length + 1);
    expect(printable(`\u001b[${'1;'.repeat(50)}m`, true)).toStartWith('\\x1b[1;');
  });

  test('is one line where one line is wanted', () => {
    expect(oneLine(' a\n\n  b\tc ')).toBe('a b c');
  });

  test('is shown as text when it is text, else as JSON', () => {
    expect(readableJson('a\nb')).toBe('a\nb');
    expect(readableJson({ a: [1] })).toBe('{\n  "a": [\n    1\n  ]\n}');
  });
});

describe('crop', () => {
  test.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcd…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['abc', 1, '…'],
  ])('%p in %p columns', (text, width, cropped) => {
    expect(crop(text, width)).toBe(cropped);
    expect(widthOf(crop(text, width))).toBeLessThanOrEqual(width);
  });

  test('keeps colours and ends them', () => {
    expect(crop('\u001b[31mabcdef\u001b[0m', 4)).toBe('\u001b[31mabc…\u001b[39m');
    expect(crop(RED, 3)).toBe(RED);
  });
});

test('indent leaves empty lines empty', () => {
  expect(indent('a\n\nb', '  ')).toBe('  a\n\n  b');
});

describe('table', () => {
  const options = { style: PLAIN_STYLE, width: null };

  test('aligns columns under headings', () => {
    expect(
      table(
        ['run', 'about'],
        [
          ['a', 'one'],
          ['日本', 'two'],
        ],
        options,
      ),
    ).toEqual(['RUN   ABOUT', 'a     one', '日本  two']);
  });

  test('has no headings without rows', () => {
    expect(table(['run'], [], options)).toEqual([]);
  });

  test('fits the terminal, taking from the last column first', () => {
    const lines = table(['run', 'about'], [['0123456789', 'x'.repeat(80)]], {
      style: PLAIN_STYLE,
      width: 40,
    });
    expect(lines[1]).toBe(`0123456789  ${'x'.repeat(27)}…`);
  });

  test('cuts nothing but the last column: what does not fit goes on in a further line', () => {
    const row = ['a'.repeat(30), 'b'.repeat(15), 'c'.repeat(60)];
    expect(table(['x', 'y', 'z'], [row], { style: PLAIN_STYLE, width: 50 })).toEqual([
      `X${' '.repeat(31)}Y`,
      '    Z',
      `${row[0]}  ${row[1]}`,
      `    ${'c'.repeat(45)}…`,
    ]);
    const wide = ['a'.repeat(60), 'b', 'c'];
    expect(table(['x', 'y', 'z'], [wide], { style: PLAIN_STYLE, width: 50 }).slice(2)).toEqual([
      'a'.repeat(60),
      '    b  c',
    ]);
  });
});

describe('wrap', () => {
  test('breaks at spaces, and leads the lines after the first', () => {
    expect(wrap('[CODE] one two three four', 16)).toBe('[CODE] one two\n  three four');
    expect(wrap('  a hint that is long', 10)).toBe('  a hint\n  that is\n  long');
  });

  test('leaves short texts and their indentation as they are', () => {
    expect(wrap('  short', 80)).toBe('  short');
  });
});
