/**
 * Sessions over Streamable HTTP: opened by `initialize`, found by their id, and made again from what is
 * kept of them when this process does not know them (any more).
 */
import { randomUUID } from 'node:crypto';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { JsonObject } from '../model/json.ts';
import type { McpSessionRow } from '../model/session-store.ts';
import type { Caller } from '../ops/operation.ts';
import { withOpening } from './event-stream.ts';
import { type SessionKeeper, saidBefore } from './kept-sessions.ts';
import { createStreamHearing, type StreamHearing } from './notices.ts';
import { followCalls, type OpenCalls } from './open-calls.ts';
import { rpcError, tooMany } from './rpc-answers.ts';
import type { createMcpServer, McpDeps } from './server.ts';
import type { Session, Sessions } from './sessions.ts';
import { refusedCall } from './tidy-message.ts';
import type { Spelling } from './tool-names.ts';

interface HttpSession extends Session {
  readonly hearing: StreamHearing;
  readonly calls: OpenCalls;
  handle(request: Request, body: unknown): Promise<Response>;
}

export interface HttpSessionParts {
  readonly deps: McpDeps & { readonly createServer: typeof createMcpServer };
  readonly http: Sessions<HttpSession>;
  /** Null: sessions end with the process. */
  readonly keeper: SessionKeeper | null;
  readonly spelling: (request: Request) => Spelling;
  readonly party: (request: Request, caller: Caller) => Pick<McpDeps, 'caller' | 'agent'>;
  /** Sessions that are being made again. */
  readonly reviving: Map<string, Promise<HttpSession | null>>;
}

/** What a session belongs to: the token, or this machine's user. */
export const ownerOf = ({ tokenId = '' }: Caller): string => tokenId;

/** The answer to a request that names a session. */
export async function inSession(
  parts: HttpSessionParts,
  { id, caller }: { readonly id: string; readonly caller: Caller },
  request: Request,
  body: unknown,
): Promise<Response> {
  const { http, keeper } = parts;
  const owner = ownerOf(caller);
  const session = parts.reviving.has(id)
    ? await revived(parts, id, request, caller)
    : (http.get(id, owner) ?? (await revived(parts, id, request, caller)));
  if (session === null) return rpcError(404, -32001, 'there is no such session: initialize again');
  if (session === 'too many') return tooMany();
  const refused = refusedCall(body);
  if (refused !== null) return Response.json(refused);
  const left = session.calls.brought(body);
  if (left === null)
    return rpcError(400, -32600, 'the id is that of a request without an answer yet');
  const response = await session.handle(request, body);
  if (request.method === 'DELETE' && response.ok) keeper?.ended(id);
  else keeper?.used(id, owner, body);
  const isListening = request.method === 'GET' && response.ok;
  const heard = isListening ? session.hearing.opened() : () => undefined;
  const used = http.use(id);
  return withOpening(response, () => {
    left();
    heard();
    used();
  });
}

/** The answer to `initialize`. */
export async function newSession(
  parts: HttpSessionParts,
  request: Request,
  body: unknown,
  caller: Caller,
): Promise<Response> {
  const { http, keeper } = parts;
  const id = randomUUID();
  const session = await connected(parts, id, request, caller);
  if (session === null) return tooMany();
  const response = await session.handle(request, body);
  if (response.ok) keeper?.opened(id, ownerOf(caller), body);
  else await session.close();
  return withOpening(response, http.use(id));
}

/** A session under this id that has heard nothing yet; null when there are too many. */
async function connected(
  { deps, http, spelling, party }: HttpSessionParts,
  id: string,
  request: Request,
  caller: Caller,
): Promise<HttpSession | null> {
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id });
  const hearing = createStreamHearing();
  const server = deps.createServer(
    { ...deps, ...party(request, caller) },
    spelling(request),
    'initialized',
    hearing,
  );
  await server.connect(transport);
  const session: HttpSession = {
    hearing,
    calls: followCalls(transport),
    handle: (each, parsedBody) => transport.handleRequest(each, { parsedBody }),
    close: () => server.close(),
  };
  if (!http.add(id, session, ownerOf(caller))) {
    await session.close();
    return null;
  }
  const onClose = transport.onclose;
  transport.onclose = () => {
    http.remove(id);
    onClose?.();
  };
  return session;
}

async function revived(
  parts: HttpSessionParts,
  id: string,
  request: Request,
  caller: Caller,
): Promise<HttpSession | 'too many' | null> {
  const { keeper, reviving } = parts;
  const row = keeper?.find(id, ownerOf(caller)) ?? null;
  if (row === null) return null;
  const pending = reviving.get(id);
  if (pending !== undefined) return (await pending) ?? 'too many';
  const again = madeAgain(parts, row, request, caller);
  reviving.set(id, again);
  try {
    return (await again) ?? 'too many';
  } finally {
    reviving.delete(id);
  }
}

async function madeAgain(
  parts: HttpSessionParts,
  row: McpSessionRow,
  request: Request,
  caller: Caller,
): Promise<HttpSession | null> {
  const session = await connected(parts, row.id, request, caller);
  if (session === null) return null;
  try {
    for (const message of saidBefore(row)) await said(session, request.url, row.id, message);
    return session;
  } catch (thrown) {
    await session.close();
    throw thrown;
  }
}

/** Says it to the session; what it answers is for nobody. */
async function said(
  session: HttpSession,
  url: string,
  id: string,
  message: JsonObject,
): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(message.method === 'initialize' ? {} : { 'mcp-session-id': id }),
  };
  const body = JSON.stringify(message);
  const answer = await session.handle(new Request(url, { method: 'POST', headers, body }), message);
  await answer.text();
}
