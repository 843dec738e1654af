/**
 * Text that was written by others, made safe and measured for a picture.
 *
 * Width is what a terminal shows (`string-width`), never the length of the string. Cleaned text holds
 * no control characters, no direction overrides and no lone surrogates.
 */
import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Printable ASCII measures as its length, and is by far the most common text. */
const ASCII = /^[\x20-\x7e]*$/;

/** One line of text without anything that could move the cursor or reorder what is shown. */
export function cleanText(text: string): string {
  if (ASCII.test(text)) return text.replaceAll(/ {2,}/g, ' ').trim();
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(
      /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/gu,
      '',
    )
    .trim();
}

/** Clean text for a drawing; without Unicode our own `…` of a shortened text becomes `~`. */
export function shownText(text: string, unicode: boolean): string {
  const clean = cleanText(text);
  return unicode ? clean : clean.replaceAll('…', '~');
}

/** Terminal columns of a text. */
export function textWidth(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** The characters as a reader sees them, each with its columns; invisible ones are dropped. */
export function graphemes(text: string): { text: string; width: number }[] {
  if (ASCII.test(text)) return Array.from(text, (char) => ({ text: char, width: 1 }));
  const list: { text: string; width: number }[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const width = stringWidth(segment);
    if (width > 0) list.push({ text: segment, width });
  }
  return list;
}

/** The text, cut at `max` columns with `…` (or `~` without Unicode) as its last one. */
export function truncate(text: string, max: number, ellipsis = '…'): string {
  if (textWidth(text) <= max) return text;
  let out = '';
  let used = 0;
  for (const char of graphemes(text)) {
    if (used + char.width > max - 1) break;
    out += char.text;
    used += char.width;
  }
  return max < 1 ? '' : `${out.trimEnd()}${ellipsis}`;
}

/** The text followed by spaces up to `columns`. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

/** Breaks at spaces into at most `maxLines` lines of `columns`; what does not fit ends in `…`. */
export function wrapText(
  text: string,
  columns: number,
  maxLines: number,
  ellipsis = '…',
): string[] {
  const lines: string[] = [];
  const words = text.split(' ');
  let line = '';
  for (const [i, word] of words.entries()) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer) <= columns || line === '') {
      line = longer;
      continue;
    }
    if (lines.length === maxLines - 1) {
      line = [line, ...words.slice(i)].join(' ');
      break;
    }
    lines.push(line);
    line = word;
  }
  lines.push(line);
  return lines.map((each) => truncate(each, columns, ellipsis));
}
