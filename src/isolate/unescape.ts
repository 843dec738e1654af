/**
 * Carrying out escapes while remembering where each character came from: percent signs, backslashes,
 * entities, and a terminal's control sequences, which leave nothing.
 */

/** Begins a terminal's control sequence. */
export const ESC = '\u001b';

/** Code units with the places in the text that each was made of. */
export interface Units {
  readonly codes: Uint16Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  length: number;
}

export const newUnits = (size: number): Units => ({
  codes: new Uint16Array(size),
  starts: new Uint32Array(size),
  ends: new Uint32Array(size),
  length: 0,
});

export function add(units: Units, code: number, from: number, to: number): void {
  const at = units.length;
  units.codes[at] = code;
  units.starts[at] = from;
  units.ends[at] = to;
  units.length = at + 1;
}

function addText(units: Units, text: string, from: number, to: number): void {
  for (let at = 0; at < text.length; at++) add(units, text.charCodeAt(at), from, to);
}

/** One round: `to` gets what `from` says when its escapes are carried out; false when it has none. */
export function decode(from: Units, to: Units): boolean {
  to.length = 0;
  let isChanged = false;
  for (let at = 0; at < from.length; ) {
    const next = decodeOne(from, to, at);
    if (next > at) isChanged = true;
    else add(to, from.codes[at] ?? 0, from.starts[at] ?? 0, from.ends[at] ?? 0);
    at = Math.max(next, at + 1);
  }
  return isChanged;
}

/** The place behind the escape at `at`, which was added to `to`; 0 when there is none. */
function decodeOne(from: Units, to: Units, at: number): number {
  switch (from.codes[at]) {
    case 0x25:
      return decodeBytes(from, to, at, 1, 0x25);
    case 0x5c:
      return decodeBackslash(from, to, at);
    case 0x26:
      return decodeEntity(from, to, at);
    case 0x1b:
      return behindControl(from, at);
    default:
      return 0;
  }
}

const hexAt = (units: Units, at: number, count: number): number => {
  let value = 0;
  if (at + count > units.length) return -1;
  for (let i = at; i < at + count; i++) {
    const code = units.codes[i] ?? 0;
    const small = code | 32;
    if (code >= 48 && code <= 57) value = value * 16 + code - 48;
    else if (small >= 97 && small <= 102) value = value * 16 + small - 87;
    else return -1;
  }
  return value;
};

const UTF8 = new TextDecoder();

/** `%C3%A9`, `\xc3\xa9`: bytes of UTF-8, each behind a mark of `marks` characters. */
function decodeBytes(from: Units, to: Units, at: number, marks: number, mark: number): number {
  const size = marks + 2;
  const bytes: number[] = [];
  for (let next = at; bytes.length < 4; next += size) {
    const byte = byteAt(from, next, marks, mark);
    if (byte < 0 || (next > at && (byte & 0xc0) !== 0x80)) break;
    bytes.push(byte);
    if (byte < 0x80) break;
  }
  if (bytes.length === 0) return 0;
  const end = at + bytes.length * size;
  const text = UTF8.decode(Uint8Array.from(bytes));
  addText(to, text, from.starts[at] ?? 0, from.ends[end - 1] ?? 0);
  return end;
}

const SMALL_X = 0x78;

function byteAt(from: Units, at: number, marks: number, mark: number): number {
  if (from.codes[at] !== mark || (marks === 2 && from.codes[at + 1] !== SMALL_X)) return -1;
  return hexAt(from, at + marks, 2);
}

/** What stands for a character that is no letter, behind a backslash: `\n`, `\t` and so on. */
const BLANKS: ReadonlySet<number> = new Set([...'nrtbfve0a'].map((letter) => letter.charCodeAt(0)));

function decodeBackslash(from: Units, to: Units, at: number): number {
  const code = from.codes[at + 1];
  if (code === undefined || at + 1 >= from.length) return 0;
  const end =
    code === SMALL_X ? decodeBytes(from, to, at, 2, 0x5c) : decodePoint(from, to, at, code);
  if (end > 0) return end;
  // A line that is continued leaves nothing; another escape leaves what it escapes.
  const stands = BLANKS.has(code) || code === 0x0a || code === 0x0d ? 0x20 : code;
  add(to, stands, from.starts[at] ?? 0, from.ends[at + 1] ?? 0);
  return at + 2;
}

/** `\u00e9`, `\U0001f511`. */
function decodePoint(from: Units, to: Units, at: number, kind: number): number {
  const digits = kind === 0x75 ? 4 : 8;
  if (kind !== 0x75 && kind !== 0x55) return 0;
  const value = hexAt(from, at + 2, digits);
  if (value < 0 || value > MAX_POINT) return 0;
  const end = at + 2 + digits;
  addText(to, String.fromCodePoint(value), from.starts[at] ?? 0, from.ends[end - 1] ?? 0);
  return end;
}

const MAX_POINT = 0x10ffff;

const MAX_ENTITY = 10;

/** `&amp;`, `&#39;`, `&#x27;`: only a number may stand for a letter. */
function decodeEntity(from: Units, to: Units, at: number): number {
  let end = at + 1;
  let name = '';
  for (; end < from.length && end - at < MAX_ENTITY; end++) {
    const code = from.codes[end] ?? 0;
    if (code === 0x3b) break;
    name += String.fromCharCode(code);
  }
  if (from.codes[end] !== 0x3b || end >= from.length) return 0;
  const code = entityCode(name);
  if (code < 0 || code > MAX_POINT) return 0;
  addText(to, String.fromCodePoint(code), from.starts[at] ?? 0, from.ends[end] ?? 0);
  return end + 1;
}

const ENTITIES: Readonly<Record<string, number>> = {
  amp: 0x26,
  lt: 0x3c,
  gt: 0x3e,
  quot: 0x22,
  apos: 0x27,
  nbsp: 0x20,
};

function entityCode(name: string): number {
  if (/^#\d{1,6}$/.test(name)) return Number(name.slice(1));
  if (/^#[xX][0-9a-fA-F]{1,5}$/.test(name)) return Number.parseInt(name.slice(2), 16);
  return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? -1) : -1;
}

/** The place behind a terminal's control sequence: it is left out. */
function behindControl(from: Units, at: number): number {
  const kind = from.codes[at + 1];
  let end = at + 2;
  if (kind === 0x5b) {
    while (end < from.length && !((from.codes[end] ?? 0) >= 0x40)) end += 1;
    return Math.min(end + 1, from.length);
  }
  if (kind !== 0x5d) return Math.min(end, from.length);
  while (end < from.length && from.codes[end] !== 0x07 && from.codes[end] !== 0x1b) end += 1;
  return Math.min(end + 1, from.length);
}
