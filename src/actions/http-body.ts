/**
 * The body of a request: JSON, form, text, raw, or bytes given as base64.
 */

import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject, jsonType } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import { decodeBytes } from './crypto.ts';
import { parseJsonText } from './json-text.ts';

export interface EncodedBody {
  readonly bytes: Buffer;
  /** Content type unless the step says another; null for none. */
  readonly type: string | null;
}

/** What is wrong with the body for its encoding, or null; values are not shown. */
export function bodyProblem({ body, body_encoding: encoding }: JsonObject): string | null {
  if (body === undefined || body === null) return null;
  if (encoding === 'form') return formProblem(body);
  if (encoding === 'text' || encoding === 'raw') {
    return isJsonObject(body) || Array.isArray(body)
      ? `"body" must be a text for \`body_encoding: ${encoding}\`, not ${jsonType(body)}`
      : null;
  }
  if (encoding !== 'base64') return null;
  const valid =
    typeof body === 'string' && decodeBytes(body.replace(/\s+/g, ''), 'base64') !== null;
  return valid ? null : '"body" is not valid base64';
}

/** Methods of which a body means nothing by the standard. */
const ASKS_ONLY = /^(?:get|head|options|delete)$/i;

function formProblem(body: Json): string | null {
  if (!isJsonObject(body))
    return `"body" must be an object for \`body_encoding: form\`, not ${jsonType(body)}`;
  for (const [name, value] of Object.entries(body)) {
    if (value === null || typeof value === 'object') {
      return `"body.${name}" must be a text, a number or a bool in a form, not ${jsonType(value)}`;
    }
  }
  return null;
}

/**
 * The bytes that are sent; null when there is no body. Null is a value of JSON, and no body where it
 * cannot be one: in the other encodings, and with a method whose body means
 * nothing.
 */
export function encodeBody({
  body,
  body_encoding: encoding,
  headers,
  method,
}: JsonObject): EncodedBody | null {
  if (body === undefined) return null;
  const isJson = encoding === undefined || encoding === 'json';
  if (body === null && (!isJson || ASKS_ONLY.test(String(method ?? 'GET')))) return null;
  switch (encoding) {
    case 'form':
      return { bytes: Buffer.from(formText(body)), type: 'application/x-www-form-urlencoded' };
    case 'text':
      return { bytes: Buffer.from(plain(body)), type: textType(plain(body)) };
    case 'raw':
      return { bytes: Buffer.from(plain(body)), type: 'application/octet-stream' };
    case 'base64':
      return { bytes: bytesOf(body), type: 'application/octet-stream' };
    default:
      return { bytes: Buffer.from(jsonText(body, headers)), type: 'application/json' };
  }
}

/** JSON that was written out already is sent as it is, where the receiver is told that it is JSON. */
const jsonText = (body: Json, headers: Json | undefined): string =>
  typeof body === 'string' && holdsJson(body) && saysJson(headers) ? body : printJson(body);

/** True for a text that is a JSON object or list. */
const holdsJson = (text: string): boolean =>
  /^\s*[[{]/.test(text) && parseJsonText(text) !== undefined;

const JSON_TYPE = /^[^;]*[/+]json\s*(?:;|$)/i;

/** True unless the step itself says another content type. */
function saysJson(headers: Json | undefined): boolean {
  if (!isJsonObject(headers)) return true;
  const own = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type');
  return own === undefined || JSON_TYPE.test(String(own[1]));
}

function formText(body: Json): string {
  const form = new URLSearchParams();
  if (!isJsonObject(body)) return '';
  for (const [name, value] of Object.entries(body)) form.append(name, plain(value));
  return form.toString();
}

const plain = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Plain ASCII needs no charset. */
const textType = (text: string): string =>
  /^[\x20-\x7e\s]*$/.test(text) ? 'text/plain' : 'text/plain; charset=utf-8';

function bytesOf(body: Json): Buffer {
  const bytes = decodeBytes(String(body).replace(/\s+/g, ''), 'base64');
  if (bytes === null) throw new AppError('VALIDATION_ERROR', '"body" is not valid base64');
  return bytes;
}
