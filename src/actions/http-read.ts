/**
 * The body of an answer: decompressed and cut at a limit while it comes, so that neither an endless
 * body nor one that swells takes more memory than was allowed.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

export interface ReadBody {
  readonly size: number;
  readonly truncated: boolean;
}

/** Bytes of the body up to `maxBytes`, given to `take` piece by piece. */
export async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  take: (bytes: Uint8Array) => void | Promise<void>,
): Promise<ReadBody> {
  let size = 0;
  let truncated = false;
  const collect = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of source) {
      const room = maxBytes - size;
      const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
      size += part.length;
      if (part.length > 0) await take(part);
      if (part.length < chunk.length) {
        truncated = true;
        return;
      }
    }
  };
  try {
    await pipeline([response as Readable, ...decodersOf(response), collect]);
  } catch (thrown) {
    // Stopping early tears the connection down, which the stream reports as an error.
    if (!truncated) throw thrown;
  }
  return { size, truncated };
}

type Decoder = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** What undoes the content encodings, the last applied first; unknown ones are left as they are. */
function decodersOf(response: IncomingMessage): Decoder[] {
  const encodings = (response.headers['content-encoding'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  if (!encodings.every((name) => Object.hasOwn(DECODERS, name))) return [];
  return encodings.reverse().map((name) => (source) => decode(name, source));
}

const DECODERS: Readonly<Record<string, (first: number) => Duplex>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  // Servers mean two things by `deflate`: with the zlib header, or without. The first byte tells.
  deflate: (first) => ((first & 0x0f) === 8 ? createInflate() : createInflateRaw()),
};

/** Nothing at all is a body too: answers without one may still name an encoding. */
async function* decode(
  encoding: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const decoder = DECODERS[encoding]?.(first.value[0] ?? 0);
  if (decoder === undefined) return;
  const all = async function* (): AsyncGenerator<Uint8Array> {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => pieces };
  };
  // An error of the source destroys the decoder, whose reader below then throws it.
  pipeline(all(), decoder).catch((error) => decoder.destroy(error));
  yield* decoder;
}
