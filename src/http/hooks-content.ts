/** What a webhook's request says: the id of its delivery, headers that may be shown, the run's input. */

import { createHash } from 'node:crypto';
import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NumberTooLarge, parseJson } from '../model/json-text.ts';

/** Where senders put the id of a delivery, which stays the same when they send it again. */
const DELIVERY_HEADERS = [
  'x-opcode-delivery',
  'x-opcode-event',
  'idempotency-key',
  'x-github-delivery',
  'x-gitea-delivery',
  'x-gitlab-event-uuid',
  'webhook-id',
];
const MAX_DELIVERY = 200;

/** Reads the id of the delivery; a long one is shortened to its hash. Null when there is none. */
export function deliveryOf(headers: Headers): string | null {
  for (const header of DELIVERY_HEADERS) {
    const id = headers.get(header);
    if (id === null || id === '') continue;
    return id.length <= MAX_DELIVERY ? id : createHash('sha256').update(id).digest('hex');
  }
  return null;
}

/** Headers that a workflow may see: what it is, never what proves it. */
const TOLD_HEADERS = [
  'content-type',
  'user-agent',
  'x-github-event',
  'x-gitea-event',
  'x-gitlab-event',
  'x-event-key',
  ...DELIVERY_HEADERS,
];

/** Picks the headers that a workflow may see. */
export const toldHeaders = (headers: Headers): JsonObject =>
  Object.fromEntries(
    TOLD_HEADERS.flatMap((name) => {
      const value = headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );

/** Makes the input of the run: a JSON object is it, anything else becomes `{body, headers}`. */
export function paramsOf(headers: Headers, body: Uint8Array): JsonObject {
  const text = textOf(body);
  if (text === null) {
    const encoded = Buffer.from(body).toString('base64');
    return { body: encoded, encoding: 'base64', headers: toldHeaders(headers) };
  }
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isJson = type === 'application/json' || type.endsWith('+json');
  const value: Json = isJson ? parsed(text) : text;
  return isJsonObject(value) ? value : { body: value, headers: toldHeaders(headers) };
}

function textOf(body: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    // Not text: it is handed on as bytes.
    return null;
  }
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch (cause) {
    const why =
      cause instanceof NumberTooLarge ? cause.message : 'the body says it is JSON and is not';
    throw new AppError('VALIDATION_ERROR', why, { cause });
  }
}
