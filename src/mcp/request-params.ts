/**
 * Requests of a client other than calls of tools: what their params must be, and the refusal (-32602)
 * that says in words what is wrong where. The SDK's own checks answer with the dump of a schema.
 */
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import * as v from 'valibot';
import { isJsonObject } from '../model/json.ts';
import { wordsOf } from '../ops/input-words.ts';

const text = v.string();
/** The library's own check takes lists. */
const notAnObject = ({ received }: { readonly received: string }): string =>
  `must be an object, not ${received === 'Array' ? 'a list' : received}`;

export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const PARAMS = {
  page: v.object({ cursor: v.optional(text) }),
  level: v.object({ level: v.picklist(LOG_LEVELS) }),
  resource: v.object({ uri: text }),
  call: v.object({ name: text, arguments: v.optional(v.custom(isJsonObject, notAnObject)) }),
  prompt: v.object({ name: text, arguments: v.optional(v.record(text, text)) }),
  completion: v.object({
    ref: v.variant('type', [
      v.object({ type: v.literal('ref/prompt'), name: text }),
      v.object({ type: v.literal('ref/resource'), uri: text }),
    ]),
    argument: v.object({ name: text, value: text }),
  }),
} as const;

type Params = v.GenericSchema<unknown, unknown>;
type Result = Readonly<Record<string, unknown>>;

/** Answers a method; params that are not as they must be are refused with -32602, in words. */
export function onRequest<S extends Params>(
  server: Server,
  method: string,
  schema: S,
  answer: (params: v.InferOutput<S>) => Promise<Result>,
): void {
  server.setRequestHandler(method, { params: v.unknown() }, (given) =>
    answer(checked(method, schema, given)),
  );
}

/** @throws -32602 */
function checked<S extends Params>(method: string, schema: S, given: unknown): v.InferOutput<S> {
  const wrong = wrongIn(method, schema, given);
  if (wrong !== null) throw new ProtocolError(ProtocolErrorCode.InvalidParams, wrong);
  return v.parse(schema, given);
}

/** What is wrong with the params of a method, in words; null when nothing is. */
export function wrongIn(method: string, schema: Params, given: unknown): string | null {
  const { success, issues } = v.safeParse(schema, given);
  if (success) return null;
  const wrong = issues.map((issue) => `${v.getDotPath(issue) ?? 'params'} ${wordsOf(issue)}`);
  return `${method}: ${wrong.join('; ')}`;
}
