/**
 * Collecting what a command prints: whole up to a limit, then drained, so that it never stands still
 * because nobody reads.
 */

export interface Capture {
  /** Takes bytes; what is within the limit is kept and answered as text. */
  push(bytes: Uint8Array): string;
  /** Everything kept, as UTF-8 with replacement characters for what is not. */
  text(): string;
  readonly truncated: boolean;
}

/** A fresh capture of at most `maxBytes`. */
export function createCapture(maxBytes: number): Capture {
  const kept: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let size = 0;
  let truncated = false;
  return {
    push(bytes) {
      const room = maxBytes - size;
      const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
      truncated ||= part.length < bytes.length;
      if (part.length === 0) return '';
      size += part.length;
      kept.push(part.slice());
      return decoder.decode(part, { stream: true });
    },
    text() {
      const all = Buffer.concat(kept, size);
      return (truncated ? withoutBrokenEnd(all) : all).toString('utf8');
    },
    get truncated() {
      return truncated;
    },
  };
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
