/** A stream of bytes as lines, as MCP over a pipe or socket has them. */
import type { Readable } from 'node:stream';

/** A line longer than this is no message but a flood. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

/** Hands over every line that is complete, without its end; empty ones are left out. */
export function onLines(
  stream: Readable,
  take: (line: string) => void,
  flooded: () => void = () => stream.destroy(),
): void {
  let held: Buffer[] = [];
  let size = 0;
  stream.on('data', (data: Buffer | string) => {
    let chunk = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE)) {
      const line = Buffer.concat([...held, chunk.subarray(0, at)])
        .toString()
        .trim();
      held = [];
      size = 0;
      chunk = chunk.subarray(at + 1);
      if (line !== '') take(line);
    }
    if (chunk.length === 0) return;
    held.push(chunk);
    size += chunk.length;
    if (size <= MAX_LINE_BYTES) return;
    held = [];
    size = 0;
    flooded();
  });
}
