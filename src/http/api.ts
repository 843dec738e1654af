/**
 * The HTTP API: every operation of the catalogue at `/api/v1/<operation>`, made from the catalogue and
 * nothing else. POST takes the input as JSON; GET, for operations that only read, as a query string.
 *
 * A client that goes away ends the waiting of its call, never what the call started.
 */
import { AppError } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import { mayDo } from '../ops/access.ts';
import type { Ops } from '../ops/catalog.ts';
import { meantOr } from '../ops/near-names.ts';
import type { CallContext, Operation, StreamOperation } from '../ops/operation.ts';
import { asAppError, errorResponse, jsonResponse } from './api-answer.ts';
import { bodyInput, queryInput } from './api-input.ts';
import { resettable, streamResponse } from './api-stream.ts';
import type { Handler, HttpCall, Route } from './server.ts';
import { resumed } from './stream-place.ts';

export const API_ROOT = '/api/v1';

export interface ApiDeps {
  readonly ops: Ops;
  readonly log: Logger;
  /** Aborted when the server stops: who waits is answered as things stand. */
  readonly stopping: AbortSignal;
}

export interface Api {
  /** A path for each operation, and one for names that are none. */
  readonly routes: Readonly<Record<string, Route>>;
  /** Resolves when every call was answered, or after a moment. */
  close(): Promise<void>;
}

/** An operation as it is called over the network. */
export type AnyOperation = Omit<Operation, 'handle'>;
export type AnyStream = Omit<StreamOperation, 'follow'>;

type AnyCall = (ctx: CallContext, input: object) => Promise<unknown>;
type AnyFollow = (ctx: CallContext, input: object) => AsyncIterable<object>;

/** True for what changes nothing: it is GET too. */
export const onlyReads = (operation: AnyOperation | AnyStream): boolean =>
  operation.access === 'read' || ('quiet' in operation && operation.quiet === true);

/** Operations and streams that are on this surface, by name. */
export interface Served {
  readonly operations: ReadonlyMap<string, AnyOperation>;
  readonly streams: ReadonlyMap<string, AnyStream>;
}

export function servedOf({ operations, streams }: Pick<Ops, 'operations' | 'streams'>): Served {
  const onHttp = <T extends AnyOperation | AnyStream>(all: Readonly<Record<string, T>>) =>
    new Map(Object.entries(all).filter(([, each]) => each.surfaces.includes('http')));
  return { operations: onHttp(operations), streams: onHttp(streams) };
}

/** How long calls may take to end when the server stops, milliseconds. */
const END_MS = 2000;

interface Parts extends ApiDeps {
  readonly served: Served;
  readonly calls: Set<Promise<unknown>>;
}

/** The API over the operations. */
export function createApi(deps: ApiDeps): Api {
  const parts: Parts = { ...deps, served: servedOf(deps.ops), calls: new Set() };
  const { operations, streams } = parts.served;
  const routes: Record<string, Route> = {
    [`${API_ROOT}/:operation`]: { methods: { GET: unknown(parts), POST: unknown(parts) } },
  };
  for (const [name, operation] of [...operations, ...streams]) {
    const handle: Handler = (request, call) => answer(parts, name, operation, request, call);
    const reads = onlyReads(operation) ? { GET: handle } : {};
    // Streams are never silent to a reader who reads; a long wait is.
    const kind = streams.has(name) ? 'beating' : true;
    routes[`${API_ROOT}/${name}`] = { streams: kind, methods: { ...reads, POST: handle } };
  }
  return {
    routes,
    async close() {
      const late = new Promise((resolve) => setTimeout(resolve, END_MS));
      await Promise.race([Promise.allSettled(parts.calls), late]);
    },
  };
}

const unknown =
  ({ served }: Parts): Handler =>
  async (_request, { params }) => {
    const name = params.operation ?? '';
    const names = [...served.operations.keys(), ...served.streams.keys()];
    const error = new AppError('NOT_FOUND', `there is no operation "${name.slice(0, 100)}"`, {
      hint: `${meantOr(name, names, `there are ${names.join(', ')};`)} ${API_ROOT}/openapi.json describes them`,
    });
    return errorResponse(error);
  };

async function answer(
  parts: Parts,
  name: string,
  target: AnyOperation | AnyStream,
  request: Request,
  call: HttpCall,
): Promise<Response> {
  const { served, calls, log } = parts;
  try {
    const input = await inputOf(request, call, target);
    if (served.streams.has(name)) return await startStream(parts, name, input, request, call);
    const answered = callOperation(parts, name, input, request, call);
    calls.add(answered);
    return jsonResponse(await answered.finally(() => calls.delete(answered)));
  } catch (thrown) {
    return errorResponse(asAppError(thrown, log, name));
  }
}

/** Of who may not call it nothing is read: the operation refuses, and that is recorded. */
async function inputOf(
  request: Request,
  { caller }: HttpCall,
  target: AnyOperation | AnyStream,
): Promise<object> {
  if (!mayDo(caller.role, target.access)) return {};
  return request.method === 'GET'
    ? queryInput(new URL(request.url).searchParams, target)
    : bodyInput(request, target);
}

async function callOperation(
  { ops, stopping }: Parts,
  name: string,
  input: object,
  request: Request,
  { caller, unwelcome }: HttpCall,
): Promise<unknown> {
  const call = (ops as unknown as Readonly<Record<string, AnyCall>>)[name];
  if (call === undefined) throw new Error(`${name} cannot be called`);
  const ending = endingOf(request.signal, stopping, unwelcome);
  try {
    return await call({ caller, exec: null, abort: ending.signal }, input);
  } finally {
    ending.forget();
  }
}

function startStream(
  { ops, stopping, log }: Parts,
  name: string,
  input: object,
  request: Request,
  { caller }: HttpCall,
): Promise<Response> {
  const follow = (ops as unknown as Readonly<Record<string, AnyFollow>>)[name];
  if (follow === undefined) throw new Error(`${name} cannot be followed`);
  const ending = endingOf(request.signal, stopping);
  const ctx: CallContext = { caller, exec: null, abort: ending.signal };
  const begun = resumed(name, input, request.headers.get('last-event-id'));
  return streamResponse({
    items: resettable((asked) => follow(ctx, asked), begun),
    stopping,
    end: () => {
      ending.stop();
      ending.forget();
    },
    problem: (thrown) => asAppError(thrown, log, name),
  });
}

interface Ending {
  readonly signal: AbortSignal;
  stop(): void;
  /** The sources outlive the call: they must not hold it. */
  forget(): void;
}

function endingOf(...sources: readonly AbortSignal[]): Ending {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const source of sources) {
    if (source.aborted) stop();
    else source.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: controller.signal,
    stop,
    forget: () => {
      for (const source of sources) source.removeEventListener('abort', stop);
    },
  };
}
