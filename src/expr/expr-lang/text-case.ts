/**
 * Upper and lower case and blanks as Go has them: one character stays one character, whatever
 * stands around it.
 */

/** Upper case, each character by itself; those without an upper case of one character stay. */
export function upperCase(text: string): string {
  const upper = text.toUpperCase();
  // Only an upper case of several characters makes a text longer.
  return upper.length === text.length ? upper : Array.from(text, upperPoint).join('');
}

/** Lower case, each character by itself. */
export function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  // Σ becomes ς at the end of a word there, and İ two characters.
  const special = lower.length !== text.length || lower.includes('ς');
  return special ? Array.from(text, lowerPoint).join('') : lower;
}

function upperPoint(point: string): string {
  const upper = point.toUpperCase();
  if (upper.length === point.length) return upper;
  return withIotaBelow(point.charCodeAt(0)) ?? point;
}

/** Greek letters with an iota below have an upper case of one character in the same block. */
function withIotaBelow(code: number): string | null {
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCharCode(code + 9);
  return null;
}

const lowerPoint = (point: string): string => (point === '\u0130' ? 'i' : point.toLowerCase());

const BLANK = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const BLANK_START = new RegExp(`^${BLANK}+`);
const BLANKS = new RegExp(BLANK);

/** The text without the white space of Unicode at its ends. */
export function trimSpace(text: string): string {
  // Where these two are not, both languages mean the same blanks.
  if (!text.includes('\ufeff') && !text.includes('\u0085')) return text.trim();
  let end = text.length;
  while (end > 0 && BLANKS.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end).replace(BLANK_START, '');
}
