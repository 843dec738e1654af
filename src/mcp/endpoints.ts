/**
 * MCP over HTTP: `/sse` with `/message` for the first transport, `/mcp` for Streamable HTTP, where the
 * newest protocol is answered request by request and older clients keep a session.
 *
 * Hosts, origins, content types and sizes were checked before; here only the protocol is.
 */

import { randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  type JSONRPCMessage,
  parseJSONRPCMessage,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { safeParse } from 'valibot';
import { whyNotJson } from '../model/json-text.ts';
import type { Caller } from '../ops/operation.ts';
import { agentId } from '../ops/shapes.ts';
import { spelledOut } from './accept.ts';
import { createAskedPlaces } from './ask-person.ts';
import type { EventFeed } from './event-feed.ts';
import { withOpening } from './event-stream.ts';
import { type HttpSessionParts, inSession, newSession, ownerOf } from './http-sessions.ts';
import { createSessionKeeper, type SessionKeeping } from './kept-sessions.ts';
import { runUris } from './resource-uris.ts';
import { rpcError, tooMany } from './rpc-answers.ts';
import { createMcpServer, type McpDeps } from './server.ts';
import { createSessions, type Session, type Sessions } from './sessions.ts';
import { openSse } from './sse.ts';
import { parseMessage, refusedCall, tidied } from './tidy-message.ts';
import { SPELLINGS, type Spelling } from './tool-names.ts';

/** Whose request it is. A session is the caller's who opened it: nobody else may use it. */
interface From {
  readonly caller: Caller;
  /** Aborts when the caller is no longer let in. */
  readonly unwelcome?: AbortSignal;
}

export interface McpEndpoints {
  /** `/sse`: GET opens the first transport; everything else is answered as at `/mcp`. */
  sse(request: Request, from: From): Promise<Response>;
  /** `POST /message?sessionId=…` */
  message(request: Request, from: From): Promise<Response>;
  /** `/mcp`, every method */
  mcp(request: Request, from: From): Promise<Response>;
  /** Sessions that are open. */
  sessions(): number;
  /** Lets calls that are being answered end (who waits must have been told to stop), then every session. */
  close(): Promise<void>;
}

export interface EndpointDeps extends McpDeps {
  /** How tools are spelled when the address does not say it; `auto` follows the transport. */
  readonly names: () => Spelling | 'auto';
  /** Makes the server of a client; without it the product's. The transports are the same for all. */
  readonly createServer?: typeof createMcpServer;
  /** Where sessions over Streamable HTTP are kept; without it they end with the process. */
  readonly keeping?: SessionKeeping;
}

interface SseSession extends Session {
  receive(message: JSONRPCMessage): void;
}

interface Parts extends HttpSessionParts {
  readonly deps: EndpointDeps & { readonly createServer: typeof createMcpServer };
  readonly sse: Sessions<SseSession>;
  readonly modern: ReturnType<typeof createMcpHandler>;
  /** Whose a request of the newest protocol is, while it is answered. */
  readonly callers: WeakMap<Request, Caller>;
}

/** How long calls may take to end, and how long their answers may take to leave. */
const END_MS = 2000;
const LEAVE_MS = 20;
/** Messages that one request may bring; the other transport's SDK has the same limit. */
const MAX_BATCH = 100;

/** The endpoints of one process. */
export function createMcpEndpoints(given: EndpointDeps): McpEndpoints {
  const calls = new Set<Promise<unknown>>();
  const deps: Parts['deps'] = {
    createServer: createMcpServer,
    places: createAskedPlaces(),
    ...given,
    onCall(answered) {
      calls.add(answered);
      const remove = (): boolean => calls.delete(answered);
      answered.then(remove, remove);
    },
  };
  const callers = new WeakMap<Request, Caller>();
  const parts: Parts = {
    deps,
    callers,
    sse: createSessions(),
    http: createSessions(),
    keeper: given.keeping === undefined ? null : createSessionKeeper(given.keeping, given.log),
    party: partyOf,
    spelling: (request) => spellingOf(deps, request, usualAt(request)),
    reviving: new Map(),
    modern: createMcpHandler(
      ({ requestInfo }) => {
        const caller = (requestInfo && callers.get(requestInfo)) ?? NOBODY;
        return deps.createServer(
          { ...deps, ...partyOf(requestInfo, caller) },
          spellingOf(deps, requestInfo, usualAt(requestInfo)),
          'never',
        );
      },
      {
        legacy: 'reject',
        bus: runChanges(deps.feed),
        onerror: (error) => deps.log.debug('MCP request', { error: error.message }),
      },
    ),
  };
  return {
    sse: async (request, from) =>
      refusedAddress(request, from.caller) ??
      (isStreamable(request)
        ? handleMcp(parts, request, from)
        : openSseSession(parts, request, from.caller)),
    message: (request, { caller }) => receive(parts, request, caller),
    mcp: async (request, from) =>
      refusedAddress(request, from.caller) ?? handleMcp(parts, request, from),
    sessions: () => parts.sse.size() + parts.http.size(),
    async close() {
      await Promise.race([Promise.allSettled(calls), after(END_MS)]);
      await after(LEAVE_MS);
      await Promise.all([parts.sse.close(), parts.http.close(), parts.modern.close()]);
    },
  };
}

/** Who may do nothing: no request is without a caller. */
const NOBODY: Caller = { agentId: null, role: 'viewer', sender: 'system' };

/** Changes of runs, for subscriptions of the newest protocol. */
const runChanges = (feed: EventFeed): ServerEventBus => ({
  publish: () => undefined,
  subscribe: (listener) =>
    feed.subscribe(({ workflow_id }) => {
      for (const uri of runUris(workflow_id)) listener({ kind: 'resource_updated', uri });
    }),
});

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const askedNames = (request: Request): string | null =>
  new URL(request.url).searchParams.get('names');

const spellingNamed = (text: string | null): Spelling | undefined =>
  SPELLINGS.find((each) => each === text);

/** Clients that were given the address of the first transport and speak the second. */
const isStreamable = ({ method, headers }: Request): boolean =>
  method !== 'GET' || headers.has('mcp-session-id');

/** The answer to an address that asks for names in another way than there is, or names an agent badly. */
function refusedAddress(request: Request, caller: Caller): Response | null {
  const asked = askedNames(request);
  if (asked !== null && spellingNamed(asked) === undefined) {
    const message = `names: "${asked.slice(0, 100)}" is not ${SPELLINGS.join(' or ')}`;
    return rpcError(400, -32602, message);
  }
  const agent = askedAgent(request);
  if (agent === null) return null;
  if (!isAgentName(agent)) {
    return rpcError(400, -32602, 'agent: must be 1 to 128 characters without control characters');
  }
  if (caller.role === 'local') return null;
  return rpcError(400, -32602, 'agent: the token says who calls; leave it out of the address');
}

const askedAgent = (request: Request): string | null =>
  new URL(request.url).searchParams.get('agent');

const isAgentName = (name: string): boolean => safeParse(agentId, name).success;

/** Who is at the other end of this request. */
function partyOf(request: Request | undefined, caller: Caller): Pick<McpDeps, 'caller' | 'agent'> {
  const agent = request === undefined ? null : askedAgent(request);
  return { caller, ...(agent === null ? {} : { agent }) };
}

/** Names go with the address, whatever is spoken there. */
const usualAt = (request: Request | undefined): Spelling =>
  request !== undefined && new URL(request.url).pathname === '/sse' ? 'dots' : 'underscores';

/** The address decides (`?names=dots`), then the setting, then the transport. */
function spellingOf(deps: EndpointDeps, request: Request | undefined, usual: Spelling): Spelling {
  const asked = request === undefined ? undefined : spellingNamed(askedNames(request));
  if (asked !== undefined) return asked;
  const set = deps.names();
  return set === 'auto' ? usual : set;
}

async function openSseSession(
  { deps, sse }: Parts,
  request: Request,
  caller: Caller,
): Promise<Response> {
  const id = randomUUID();
  const connection = openSse(id);
  const { transport } = connection;
  const party = partyOf(request, caller);
  const server = deps.createServer({ ...deps, ...party }, spellingOf(deps, request, 'dots'));
  const session = { receive: connection.receive, close: () => server.close() };
  if (!sse.add(id, session, ownerOf(caller))) return tooMany();
  // The stream is the session: while it is open the session is in use.
  sse.use(id);
  await server.connect(transport);
  const onClose = transport.onclose;
  transport.onclose = () => {
    sse.remove(id);
    onClose?.();
  };
  return connection.response;
}

async function receive({ sse }: Parts, request: Request, caller: Caller): Promise<Response> {
  const id = new URL(request.url).searchParams.get('sessionId') ?? '';
  const session = sse.get(id, ownerOf(caller));
  if (session === null) return rpcError(404, -32001, 'there is no such session: connect to /sse');
  const body = await jsonOf(request);
  if (body instanceof Response) return body;
  const given: readonly unknown[] = Array.isArray(body.value) ? body.value : [body.value];
  if (given.length === 0 || given.length > MAX_BATCH) {
    return rpcError(400, -32600, `a batch holds 1 to ${MAX_BATCH} messages`);
  }
  let messages: JSONRPCMessage[];
  try {
    messages = given.map((each) => parseJSONRPCMessage(each));
  } catch {
    // What is wrong with it is of no use to anybody: it is no message at all.
    return rpcError(400, -32600, 'the body is no JSON-RPC message');
  }
  for (const message of messages) session.receive(message);
  return new Response('Accepted', { status: 202 });
}

async function handleMcp(parts: Parts, received: Request, from: From): Promise<Response> {
  const { caller } = from;
  const body = received.method === 'POST' ? await jsonOf(received) : { value: undefined };
  if (body instanceof Response) return body;
  const request = spelledOut(received);
  const { value } = body;
  if (!(await isLegacyRequest(request, value))) {
    const refused = refusedCall(value);
    if (refused !== null) return Response.json(refused);
    const asked = endingWith(request, from);
    parts.callers.set(asked, caller);
    const response = await parts.modern.fetch(asked, { parsedBody: value });
    return withOpening(response, () => undefined);
  }
  const id = request.headers.get('mcp-session-id');
  if (id !== null) return inSession(parts, { id, caller }, request, value);
  if (isInitializeRequest(value)) return newSession(parts, request, value, caller);
  return rpcError(400, -32000, 'no session: send initialize first, or mcp-session-id');
}

/** The request whose body was read, over when its client leaves or is no longer let in. */
function endingWith({ url, method, headers, signal }: Request, { unwelcome }: From): Request {
  const either = unwelcome === undefined ? signal : AbortSignal.any([signal, unwelcome]);
  return new Request(url, { method, headers, signal: either });
}

/** The body as JSON, or the answer to one that is none. */
async function jsonOf(request: Request): Promise<{ readonly value: unknown } | Response> {
  try {
    return { value: tidied(parseMessage(await request.text())) };
  } catch (thrown) {
    return rpcError(400, -32700, whyNotJson('the body', thrown));
  }
}
