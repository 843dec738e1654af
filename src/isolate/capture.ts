/**
 * Collecting what a command prints: whole up to a limit; of more, the beginning and the end, because
 * the last lines say why it failed. It is always read to its end, so that a command never stands
 * still because nobody reads.
 */

/** The characters of a text from one place to another; what may not be seen in part is made unreadable. */
export type Cut = (text: string, from: number, to: number) => string;

export interface Capture {
  /** Takes bytes; what is certain to be kept, and comes next, is answered as text. */
  push(bytes: Uint8Array): string;
  /** After the last bytes: the text that `push` has not answered, with a note of what was left out. */
  rest(): string;
  /** Everything kept, as UTF-8 with replacement characters for what is not. */
  text(): string;
  /** Something was left out. */
  readonly truncated: boolean;
}

/** Bytes of the end that are kept at most, and at most half of the limit. */
const TAIL_BYTES = 256 * 1024;
/** So far a cut moves to the next line, which also keeps it from going through a word. */
const LINE_BYTES = 8 * 1024;
const NEW_LINE = 0x0a;

/** Bytes of what is left out that are remembered on either side, to know what the edges cut through. */
const EDGE_BYTES = 64 * 1024;

/** A fresh capture of at most `maxBytes`, not counting the note; `cut` makes the edges of what is left out. */
export function createCapture(maxBytes: number, cut: Cut): Capture {
  const tailMax = Math.min(TAIL_BYTES, Math.floor(maxBytes / 2));
  const headMax = maxBytes - tailMax;
  const head = keepFirst(headMax + EDGE_BYTES);
  const tail = keepLast(tailMax + EDGE_BYTES);
  const decoder = new TextDecoder();
  let size = 0;
  const dropped = (): number => Math.max(0, size - headMax - tailMax);
  const begin = (): string => {
    const bytes = head.bytes();
    const kept = withoutBrokenEnd(bytes.subarray(0, headMax));
    const text = kept.toString('utf8');
    return cut(text + bytes.subarray(kept.length).toString('utf8'), 0, text.length);
  };
  const end = (): string => {
    const bytes = tail.bytes();
    if (dropped() === 0) return decoder.decode(bytes);
    const edge = bytes.length - tailMax;
    const at = bytes[edge - 1] === NEW_LINE ? edge : edge + lineStart(bytes.subarray(edge));
    const before = bytes.subarray(0, at).toString('utf8');
    const text = before + bytes.subarray(at).toString('utf8');
    const note = `\n[… ${dropped() + at - edge} bytes left out …]\n`;
    return note + cut(text, before.length, text.length);
  };
  return {
    push(bytes) {
      const room = Math.max(0, headMax - size);
      size += bytes.length;
      head.push(bytes);
      tail.push(bytes.subarray(room));
      return room === 0 ? '' : decoder.decode(bytes.subarray(0, room), { stream: true });
    },
    rest: end,
    text() {
      if (dropped() > 0) return begin() + end();
      return Buffer.concat([head.bytes().subarray(0, headMax), tail.bytes()]).toString('utf8');
    },
    get truncated() {
      return dropped() > 0;
    },
  };
}

interface Kept {
  push(bytes: Uint8Array): void;
  bytes(): Buffer;
}

function keepFirst(most: number): Kept {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    push(bytes) {
      if (size >= most) return;
      const part = bytes.slice(0, most - size);
      size += part.length;
      chunks.push(part);
    },
    bytes: () => Buffer.concat(chunks, size),
  };
}

function keepLast(most: number): Kept {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    push(bytes) {
      if (bytes.length === 0) return;
      chunks.push(bytes.slice());
      size += bytes.length;
      while (size > most) {
        const first = chunks.shift() ?? new Uint8Array();
        const over = Math.min(first.length, size - most);
        if (over < first.length) chunks.unshift(first.subarray(over));
        size -= over;
      }
    },
    bytes: () => Buffer.concat(chunks, size),
  };
}

/** Where the first whole line begins, or at least the first whole character. */
function lineStart(bytes: Buffer): number {
  const line = bytes.subarray(0, LINE_BYTES).indexOf(NEW_LINE);
  if (line >= 0 && line + 1 < bytes.length) return line + 1;
  let at = 0;
  while (at < 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}

/** Bytes without the beginning of a character that the limit cut through. */
function withoutBrokenEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    if (byte < 0xc0) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needs > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
