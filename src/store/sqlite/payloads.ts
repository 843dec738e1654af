/**
 * How an event's payload is stored: JSON text, with any top-level value over 16 KiB set aside as a blob
 * under its content's hash.
 *
 * Each value is serialised once, before the transaction begins. Which keys were set aside is written
 * beside the payload (`refs`), never inside it: no data can be mistaken for a reference. The key keeps
 * its place with `null`.
 */
import type { RunEvent } from '../../model/event.ts';
import type { RunId } from '../../model/ids.ts';
import { type Json, setOwn } from '../../model/json.ts';
import type { StoredEvent } from '../../model/store.ts';

/** A JSON value larger than this is stored once, by content hash. */
const MAX_INLINE_BYTES = 16 * 1024;

/** No UTF-16 unit takes more than three bytes of UTF-8. */
const SURELY_INLINE_LENGTH = MAX_INLINE_BYTES / 3;

export interface Blob {
  readonly hash: string;
  readonly body: string;
}

export interface EncodedPayload {
  readonly payload: string;
  readonly refs: string | null;
  readonly blobs: readonly Blob[];
}

/** Remembers what is large, so that a value in two events of one append is serialised once. */
export type BlobMemo = Map<unknown, Blob>;

/** Text, references and blobs of one payload. */
export function encodePayload(payload: object, memo: BlobMemo): EncodedPayload {
  let text = '{';
  let refs: Record<string, string> | null = null;
  let blobs: Blob[] | null = null;
  for (const [key, value] of Object.entries(payload)) {
    const part = (memo.size > 0 ? memo.get(value) : undefined) ?? encodeValue(value, memo);
    if (part === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:`;
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    text += 'null';
    refs ??= {};
    blobs ??= [];
    setOwn(refs, key, part.hash);
    blobs.push(part);
  }
  return { payload: `${text}}`, refs: refs && JSON.stringify(refs), blobs: blobs ?? NONE };
}

const NONE: readonly Blob[] = [];

function encodeValue(value: unknown, memo: BlobMemo): string | Blob | undefined {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined || isInline(text)) return text;
  const hash = new Bun.CryptoHasher('sha256').update(text).digest('hex');
  const blob = { hash, body: text };
  memo.set(value, blob);
  return blob;
}

const isInline = (text: string): boolean =>
  text.length <= SURELY_INLINE_LENGTH ||
  (text.length <= MAX_INLINE_BYTES && Buffer.byteLength(text) <= MAX_INLINE_BYTES);

export interface EventColumns {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly path: string | null;
  readonly payload: string;
  readonly refs: string | null;
}

export interface StoredEventColumns extends EventColumns {
  readonly id: number;
  readonly run: string;
}

/** The event of a row; `blob` answers the body of a hash. */
export function decodeEvent(row: EventColumns, blob: (hash: string) => string): RunEvent {
  const payload = JSON.parse(row.payload) as Record<string, Json>;
  if (row.refs !== null) {
    const refs = JSON.parse(row.refs) as Record<string, string>;
    for (const [key, hash] of Object.entries(refs)) setOwn(payload, key, JSON.parse(blob(hash)));
  }
  const { seq, at, type, path } = row;
  return { seq, at, type, path, payload } as unknown as RunEvent;
}

export function decodeStored(row: StoredEventColumns, blob: (hash: string) => string): StoredEvent {
  return { id: row.id, runId: row.run as RunId, event: decodeEvent(row, blob) };
}
