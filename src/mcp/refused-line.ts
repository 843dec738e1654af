/**
 * Lines of a client that are no JSON-RPC message, and what it is told: whoever waits for an answer
 * gets one, under the id that it sent when there is one.
 */

import { PassThrough, type Readable } from 'node:stream';
import type { Json } from '../model/json.ts';
import { parseJson } from '../model/json-text.ts';
import { onLines } from './lines.ts';
import { refusedCall, tidied, tidiedLine } from './tidy-message.ts';

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

/** The answer to a line that is no message; null when it is one. */
export function refusedLine(line: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (thrown) {
    return refusal(null, PARSE_ERROR, `the line is not JSON: ${(thrown as Error).message}`);
  }
  const wrong = wrongWith(value) ?? tooLargeIn(line);
  if (wrong !== null) return refusal(idOf(value), INVALID_REQUEST, wrong);
  const call = refusedCall(tidied(value as Json));
  return call === null ? null : JSON.stringify(call);
}

/** The lines of `input` that are messages, each with its end; `answer` gets what the others are told. */
export function messagesOf(input: Readable, answer: (line: string) => void): Readable {
  const messages = new PassThrough();
  onLines(input, (line) => {
    const refused = refusedLine(line);
    if (refused !== null) answer(refused);
    else if (!messages.write(`${tidiedLine(line)}\n`)) {
      input.pause();
      messages.once('drain', () => input.resume());
    }
  });
  input.once('end', () => messages.end());
  input.once('close', () => messages.end());
  input.once('error', (error) => messages.destroy(error));
  // Whoever reads them hears of it while it listens; when it has left, nobody is to be told.
  messages.on('error', () => undefined);
  return messages;
}

/** The number in a line that no double can hold, in words. */
function tooLargeIn(line: string): string | null {
  try {
    parseJson(line);
    return null;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is string | number =>
  typeof value === 'string' || Number.isSafeInteger(value);

const idOf = (value: unknown): string | number | null =>
  isObject(value) && isId(value.id) ? value.id : null;

function wrongWith(value: unknown): string | null {
  if (Array.isArray(value)) return 'a line is one message: send those of a batch one by one';
  if (!isObject(value)) return 'a message is an object';
  if (value.jsonrpc !== '2.0') return 'a message has "jsonrpc": "2.0"';
  if (value.id !== undefined && !isId(value.id)) return 'an id is a text or a whole number';
  if (typeof value.method === 'string') {
    return isObject(value.params ?? {}) ? null : 'params are an object';
  }
  if (value.method !== undefined) return 'a method is a text';
  const isAnswer = value.id !== undefined && ('result' in value || 'error' in value);
  return isAnswer ? null : 'a message has a method, or is an answer with id and result or error';
}

const refusal = (id: string | number | null, code: number, message: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
