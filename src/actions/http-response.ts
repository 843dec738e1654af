/**
 * An answer's bytes as a value: JSON parsed, text decoded, everything else as base64.
 */
import type { Json } from '../model/json.ts';
import { parseJsonText } from './json-text.ts';

export interface Received {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly truncated: boolean;
}

const JSON_TYPE = /^(?:application|text)\/(?:[a-z0-9.!#$&^_-]+\+)?json$/;
const BINARY_TYPE =
  /^(?:image|audio|video|font)\/(?!svg)|^application\/(?:octet-stream|pdf|zip|gzip|x-tar|x-7z-compressed|vnd\.openxmlformats.*|wasm|protobuf|x-protobuf|grpc)$/;

/** The value of a body; null when it is empty. JSON that does not parse stays text. */
export function bodyValue(received: Received, encoding: string): Json {
  const { bytes, contentType, truncated } = received;
  if (bytes.length === 0) return null;
  if (encoding === 'base64') return bytes.toString('base64');
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (encoding === 'text') return decodeText(received) ?? bytes.toString('utf8');
  if (BINARY_TYPE.test(type)) return bytes.toString('base64');
  const text = decodeText(received);
  if (text === null) return bytes.toString('base64');
  if (truncated || !JSON_TYPE.test(type)) return text;
  const value = parseJsonText(text.replace(/^\uFEFF/, ''));
  return value === undefined ? text : value;
}

/** Text in the declared charset, else strict UTF-8; null when the bytes are no text. */
function decodeText({ bytes, contentType, truncated }: Received): string | null {
  const charset = /;\s*charset\s*=\s*"?([\w-]+)"?/i.exec(contentType)?.[1] ?? null;
  try {
    if (charset !== null && !/^utf-?8$/i.test(charset)) {
      return new TextDecoder(charset as 'utf-8').decode(bytes);
    }
  } catch {
    // A charset nobody knows: tried as UTF-8.
    return decodeUtf8(bytes, truncated);
  }
  return decodeUtf8(bytes, truncated);
}

/** Strict, but for a character that the limit has cut. */
function decodeUtf8(bytes: Buffer, cut: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: cut,
    });
  } catch {
    // Not text: an ordinary answer here.
    return null;
  }
}
