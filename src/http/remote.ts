/**
 * The operations of another server, over its HTTP API: the same functions, the same errors.
 *
 * Who calls is told by the token, not by the caller's context. What was sent is never taken back:
 * stopping to wait for an answer asks for it as things stand. A server that was there and is gone for a
 * moment (it is restarted) is asked again, for what only reads.
 */
import { AppError, messageOf } from '../model/error.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { postTo, type RemoteDeps } from './remote-request.ts';
import { AGAIN_MS, type Followed, followRemote, pause } from './remote-stream.ts';
import { BEHIND } from './stream-place.ts';

const STREAMS: Readonly<Record<keyof Ops['streams'], Followed>> = {
  followEvents: { operation: 'followEvents', behind: BEHIND.followEvents },
  followLogs: { operation: 'followLogs', behind: BEHIND.followLogs },
};

/** What may be asked twice. */
const READS: ReadonlySet<string> = new Set([
  'status',
  'overview',
  'query',
  'template',
  'events',
  'logs',
  'diagram',
  'nodes',
] satisfies (keyof Ops)[]);

type Input = Readonly<Record<string, unknown>>;

interface Session extends RemoteDeps {
  /** Whether the server has ever answered. */
  wasReached: boolean;
}

/** Operations over HTTP. What is only known where they are made (their schemas) is not there. */
export function createRemoteOps(deps: RemoteDeps): Ops {
  const session: Session = { ...deps, wasReached: false };
  const functions = new Map<string, unknown>();
  const functionOf = (name: string): unknown => {
    const followed = Object.hasOwn(STREAMS, name) ? STREAMS[name as keyof Ops['streams']] : null;
    return followed === null
      ? (ctx: CallContext, input: Input) => call(session, name, ctx, sendable(input))
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
  session: Session,
  name: string,
  { abort }: CallContext,
  input: Input,
): Promise<unknown> {
  if (name !== 'status' || abort === undefined) return answerOf(session, name, input, undefined);
  try {
    return await answerOf(session, name, input, abort);
  } catch (thrown) {
    if (!abort.aborted || thrown instanceof AppError) throw thrown;
    return answerOf(session, name, { ...input, wait: 0 }, undefined);
  }
}

async function answerOf(
  session: Session,
  name: string,
  input: Input,
  abort: AbortSignal | undefined,
): Promise<unknown> {
  for (let failures = 0; ; failures++) {
    try {
      const response = await postTo(session, name, input, abort);
      session.wasReached = true;
      return await answerIn(session, response);
    } catch (thrown) {
      const waitMs = AGAIN_MS[failures];
      if (waitMs === undefined || !isGoneForAMoment(session, name, thrown)) throw thrown;
      await pause(waitMs, abort);
    }
  }
}

async function answerIn({ url }: Session, response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (thrown) {
    throw new AppError('ACTION_UNAVAILABLE', `${url} broke off its answer: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

const isGoneForAMoment = ({ wasReached }: Session, name: string, thrown: unknown): boolean =>
  wasReached &&
  READS.has(name) &&
  thrown instanceof AppError &&
  thrown.code === 'ACTION_UNAVAILABLE';

/** A file's path means nothing over there: its text and format are what is sent. */
function sendable(input: Input): Input {
  const { source } = input;
  if (typeof source !== 'object' || source === null) return input;
  const { file: _file, ...rest } = source as { readonly file?: string };
  return { ...input, source: rest };
}
