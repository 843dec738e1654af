/**
 * Collecting what a command prints: whole up to a limit; of more, the beginning and the end, because
 * the last lines say why it failed. It is always read to its end, so that a command never stands
 * still because nobody reads.
 */

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

/** A fresh capture of at most `maxBytes`, not counting the note. */
export function createCapture(maxBytes: number): Capture {
  const tailMax = Math.min(TAIL_BYTES, Math.floor(maxBytes / 2));
  const headMax = maxBytes - tailMax;
  const head: Uint8Array[] = [];
  const tail: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let headSize = 0;
  let tailSize = 0;
  let dropped = 0;
  let lastDropped = NEW_LINE;
  const keepTail = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return;
    tail.push(bytes.slice());
    tailSize += bytes.length;
    while (tailSize > tailMax) {
      const first = tail.shift() ?? new Uint8Array();
      const over = Math.min(first.length, tailSize - tailMax);
      if (over < first.length) tail.unshift(first.subarray(over));
      tailSize -= over;
      dropped += over;
      lastDropped = first[over - 1] ?? lastDropped;
    }
  };
  const end = (): string => {
    const bytes = Buffer.concat(tail, tailSize);
    if (dropped === 0) return decoder.decode(bytes);
    const from = lastDropped === NEW_LINE ? 0 : lineStart(bytes);
    return `\n[… ${dropped + from} bytes left out …]\n${bytes.subarray(from).toString('utf8')}`;
  };
  return {
    push(bytes) {
      const room = headMax - headSize;
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
      keepTail(bytes.subarray(part.length));
      if (part.length === 0) return '';
      headSize += part.length;
      head.push(part.slice());
      return decoder.decode(part, { stream: true });
    },
    rest: end,
    text() {
      const begin = Buffer.concat(head, headSize);
      if (dropped > 0) return withoutBrokenEnd(begin).toString('utf8') + end();
      return Buffer.concat([begin, ...tail]).toString('utf8');
    },
    get truncated() {
      return dropped > 0;
    },
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
