/**
 * Text that came from elsewhere, made fit for a terminal: width, cropping, control characters, JSON.
 *
 * Whatever a workflow, a step or a person wrote passes `printable` or `oneLine` before it reaches a
 * terminal, so that data can neither move the cursor, nor forge a line, nor show itself in another order.
 */
import type { Json } from '../../src/model/json.ts';
import { withoutReordering } from '../../src/model/terminal-text.ts';

const ESC = '\u001b';

/** Columns a text takes; colours take none. */
export const widthOf = (text: string): number => Bun.stringWidth(text);

/** Pads with spaces up to a width in columns. */
export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** The text in at most `width` columns, colours kept; what is cut off is shown by `…`. */
export function crop(text: string, width: number): string {
  const cut = Bun.sliceAnsi(text, 0, width, '…');
  // Cut in the middle of a wide character it comes out one column too wide.
  return widthOf(cut) <= width ? cut : Bun.sliceAnsi(text, 0, width - 1, '…');
}

/** A colour behind an escape; longer ones nobody writes. */
const COLOR = /^\[[0-9;:]{0,60}m/;
const MAX_COLOR_CHARS = 62;

/** Control and direction characters as escapes; line breaks and tabs stay, colours when `colors` allows them. */
export function printable(text: string, colors = false): string {
  let shown = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    const code = text.charCodeAt(i);
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    if (!isControl || char === '\n' || char === '\t') {
      shown += char;
      continue;
    }
    const next = char === ESC && colors ? text.slice(i + 1, i + 1 + MAX_COLOR_CHARS) : '';
    const color = COLOR.exec(next)?.[0];
    if (color !== undefined) {
      shown += char + color;
      i += color.length;
    } else if (char !== '\r') shown += escaped(code);
  }
  return withoutReordering(shown);
}

const escaped = (code: number): string => `\\x${code.toString(16).padStart(2, '0')}`;

/** Everything on one line: white space runs become one space. */
export const oneLine = (text: string): string => printable(text.replaceAll(/\s+/g, ' ').trim());

/** A JSON value as a person reads it: texts as they are, the rest as indented JSON. */
export function readableJson(value: Json): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

/** A JSON value on one line. */
export const inlineJson = (value: Json): string =>
  oneLine(typeof value === 'string' ? value : JSON.stringify(value));

/** Each line with something before it. */
export const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');

/** Broken at spaces to fit `width` columns; lines after the first are led by `hang`. */
export function wrap(text: string, width: number, hang = '  '): string {
  const lines = text.split('\n').flatMap((line) => {
    const [first = '', ...rest] = Bun.wrapAnsi(line, width, { trim: false }).split('\n');
    if (rest.length === 0) return [first];
    const left = rest.map((each) => each.trim()).join(' ');
    return [
      first.trimEnd(),
      ...Bun.wrapAnsi(left, width - widthOf(hang))
        .split('\n')
        .map((each) => hang + each),
    ];
  });
  return lines.join('\n');
}

/** `1 step`, `2 steps`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;
