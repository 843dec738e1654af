/** Code frames. */
import { describe, expect, test } from 'bun:test';
import { codeFrame } from '../../cli/frame.ts';
import { createStyle, PLAIN_STYLE } from '../../cli/print/style.ts';

const plain = { style: PLAIN_STYLE, width: 80 };
const FILE = ['steps:', '  - id: a', '    params:', '      urll: x', '  - id: b'].join('\n');

describe('a frame', () => {
  test('shows the lines around the place and marks the word', () => {
    expect(codeFrame(FILE, { line: 4, column: 7 }, plain)).toEqual([
      '  2 |   - id: a',
      '  3 |     params:',
      '> 4 |       urll: x',
      '    |       ^^^^',
      '  5 |   - id: b',
    ]);
  });

  test('marks a quoted text as a whole', () => {
    const [, mark] = codeFrame('{"a b": 1}', { line: 1, column: 2 }, plain);
    expect(mark).toBe('    |  ^^^^^');
  });

  test('marks a line when there is no column', () => {
    expect(codeFrame('a\nb', { line: 2 }, plain)).toEqual(['  1 | a', '> 2 | b']);
  });

  test('is empty where the file has no such line', () => {
    expect(codeFrame('a', { line: 9, column: 1 }, plain)).toEqual([]);
  });

  test('keeps the mark under what it means behind wide characters and tabs', () => {
    const [, mark] = codeFrame('\t日本 bad', { line: 1, column: 5 }, plain);
    expect(mark).toBe('    |        ^^^');
  });

  test('shows a long line around the place', () => {
    const line = `${'a'.repeat(500)} "bad" ${'b'.repeat(500)}`;
    const [code = '', mark = ''] = codeFrame(
      line,
      { line: 1, column: 502 },
      { ...plain, width: 40 },
    );
    expect(code.length).toBeLessThanOrEqual(46);
    expect(code.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe('"bad"');
  });

  test('counts lines of files from any system', () => {
    expect(codeFrame('a\r\nb\r\nc', { line: 2, column: 1 }, plain)[1]).toBe('> 2 | b');
  });

  test('shows control characters as escapes', () => {
    expect(codeFrame('a\u001b[2Jb', { line: 1 }, plain)).toEqual(['> 1 | a\\x1b[2Jb']);
  });

  test('is coloured only when colours are wanted', () => {
    const style = createStyle({ enabled: true, unicode: true });
    expect(codeFrame('a', { line: 1, column: 1 }, { style, width: 80 })[0]).toContain('\u001b[31m');
  });
});
