/**
 * Answers of the API: JSON that nobody keeps, errors in their one shape with the status of the error
 * table. An answer that is long leaves piece by piece, so that it is in memory as text only in part.
 */

import { AppError, ERROR_CODES, messageOf } from '../model/error.ts';
import type { JsonObject } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import type { Logger } from '../model/ports.ts';

const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

/** What is sent at once; a shorter answer is not cut. */
const PIECE_CHARS = 64 * 1024;

/** A result as JSON. */
export function jsonResponse(value: unknown, status = 200): Response {
  const rest = pieces(value);
  const first = nextPiece(rest);
  if (first.isLast) return new Response(first.text, { status, headers: HEADERS });
  const encoder = new TextEncoder();
  let held: string | null = first.text;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = held === null ? nextPiece(rest) : { text: held, isLast: false };
      held = null;
      if (piece.text !== '') controller.enqueue(encoder.encode(piece.text));
      if (piece.isLast) controller.close();
    },
  });
  return new Response(body, { status, headers: HEADERS });
}

function nextPiece(parts: Iterator<string>): { readonly text: string; readonly isLast: boolean } {
  let text = '';
  while (text.length < PIECE_CHARS) {
    const part = parts.next();
    if (part.done === true) return { text, isLast: true };
    text += part.value;
  }
  return { text, isLast: false };
}

/** Levels that are taken apart: an answer, its lists, the objects in them. */
const DEPTH = 3;

/** JSON text in parts. */
function* pieces(value: unknown, depth = 0): Generator<string> {
  if (typeof value !== 'object' || value === null || depth === DEPTH) {
    yield printJson(value) ?? 'null';
    return;
  }
  if (Array.isArray(value)) {
    let before = '[';
    for (const item of value) {
      yield before;
      yield* pieces(item, depth + 1);
      before = ',';
    }
    yield before === '[' ? '[]' : ']';
    return;
  }
  let before = '{';
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* pieces(item, depth + 1);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

/** Anything thrown, as an `AppError`; what nobody foresaw is logged and not told. */
export function asAppError(thrown: unknown, log: Logger, what: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  log.error('a request failed', { operation: what, error: messageOf(thrown), stack });
  return new AppError('INTERNAL', `${what}: the server failed; its log says why`);
}

/** An error as JSON: `{"error": {"code", "message", "hint"?, "details"?}}`. */
export const errorBody = ({ code, message, hint, details }: AppError): JsonObject => ({
  error: {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  },
});

/** An error with the status that the error table gives its code. */
export function errorResponse(error: AppError, headers: Record<string, string> = {}): Response {
  const { http } = ERROR_CODES[error.code];
  return new Response(JSON.stringify(errorBody(error)), {
    status: http,
    headers: { ...HEADERS, ...headers },
  });
}
