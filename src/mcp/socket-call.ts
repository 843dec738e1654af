/**
 * One operation asked of the daemon over its socket, where a command would get another answer by itself:
 * it has the secrets that the daemon was started with, the command has not.
 */
import { AppError, isErrorCode, messageOf } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';

/** Operations that a command hands to the daemon. */
const HANDED_OVER = ['notify_test', 'query'] as const;
type HandedOver = (typeof HANDED_OVER)[number];

/** First and only line of the one who asks. */
export interface SocketCall {
  readonly opcode: 'call';
  /** Absolute path of the database it means. */
  readonly db: string;
  readonly operation: HandedOver;
  readonly input: JsonObject;
}

/** Whoever may enter the folder of the socket may open the database anyway. */
const CALLER: CallContext = {
  caller: { agentId: null, name: 'local', role: 'local', sender: 'person', from: 'socket' },
  exec: null,
};

/** The call that a line is, or null when it is none. */
export function socketCallOf(text: string): SocketCall | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || value.opcode !== 'call') return null;
    const { db, operation, input } = value;
    const known = HANDED_OVER.find((name) => name === operation);
    if (typeof db !== 'string' || known === undefined || !isJsonObject(input ?? null)) return null;
    return { opcode: 'call', db, operation: known, input: input as JsonObject };
  } catch {
    // Not JSON, so no call.
    return null;
  }
}

/** The answer to a call, one line of JSON. Never rejects. */
export async function answerSocketCall(ops: Ops, db: string, call: SocketCall): Promise<string> {
  try {
    if (call.db !== db) {
      throw new AppError('CONFLICT', `this daemon works on ${db}, not on ${call.db}`);
    }
    const result = await ops[call.operation](CALLER, call.input as never);
    return JSON.stringify({ opcode: 'answer', result });
  } catch (thrown) {
    const error = thrown instanceof AppError ? thrown : new AppError('INTERNAL', messageOf(thrown));
    const { code, message, hint = null } = error;
    return JSON.stringify({ opcode: 'answer', error: { code, message, hint } });
  }
}

/** What the daemon answered, or null when it does not know such calls. @throws what the operation threw */
export function resultOfSocketCall(text: string): Json | null {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value) || value.opcode !== 'answer') return null;
  const { error, result = null } = value;
  if (error === undefined || !isJsonObject(error)) return result;
  const { code, message, hint } = error;
  throw new AppError(
    typeof code === 'string' && isErrorCode(code) ? code : 'INTERNAL',
    String(message),
    typeof hint === 'string' ? { hint } : {},
  );
}
