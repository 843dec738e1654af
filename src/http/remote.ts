/**
 * The operations of another server, over its HTTP API: the same functions, the same errors.
 *
 * Who calls is told by the token, not by the caller's context. What was sent is never taken back:
 * stopping to wait for an answer asks for it as things stand.
 */
import { AppError } from '../model/error.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { postTo, type RemoteDeps } from './remote-request.ts';
import { type Followed, followRemote } from './remote-stream.ts';

const STREAMS: Readonly<Record<keyof Ops['streams'], Followed>> = {
  followEvents: { operation: 'followEvents', place: 'after_id' },
  followLogs: { operation: 'followLogs', place: 'after_offset' },
};

type Input = Readonly<Record<string, unknown>>;

/** Operations over HTTP. What is only known where they are made (their schemas) is not there. */
export function createRemoteOps(deps: RemoteDeps): Ops {
  const functions = new Map<string, unknown>();
  const functionOf = (name: string): unknown => {
    const followed = Object.hasOwn(STREAMS, name) ? STREAMS[name as keyof Ops['streams']] : null;
    return followed === null
      ? (ctx: CallContext, input: Input) => call(deps, name, ctx, sendable(input))
      : (ctx: CallContext, input: Input) =>
          followRemote(deps, followed, sendable(input), ctx.abort);
  };
  return new Proxy({} as Ops, {
    get(_target, name) {
      // `then`: whoever waits for it as for a promise must find none.
      if (typeof name !== 'string' || name === 'then') return undefined;
      if (!functions.has(name)) functions.set(name, functionOf(name));
      return functions.get(name);
    },
  });
}

async function call(
  deps: RemoteDeps,
  name: string,
  { abort }: CallContext,
  input: Input,
): Promise<unknown> {
  if (name !== 'status' || abort === undefined) return answerOf(deps, name, input, undefined);
  try {
    return await answerOf(deps, name, input, abort);
  } catch (thrown) {
    if (!abort.aborted || thrown instanceof AppError) throw thrown;
    return answerOf(deps, name, { ...input, wait: 0 }, undefined);
  }
}

async function answerOf(
  deps: RemoteDeps,
  name: string,
  input: Input,
  abort: AbortSignal | undefined,
): Promise<unknown> {
  const response = await postTo(deps, name, input, abort);
  return response.json();
}

/** A file's path means nothing over there: its text and format are what is sent. */
function sendable(input: Input): Input {
  const { source } = input;
  if (typeof source !== 'object' || source === null) return input;
  const { file: _file, ...rest } = source as { readonly file?: string };
  return { ...input, source: rest };
}
