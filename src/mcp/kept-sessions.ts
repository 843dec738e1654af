/**
 * Sessions over Streamable HTTP that outlive the process: what a client said of itself and has set up is
 * a row, and a request with its id is answered by a session that is made again from it.
 *
 * The id finds a row and authenticates nothing: a row of another owner is none. A session is made again
 * by saying to a new one what the client had said, so that nothing of it is known only here.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Logger } from '../model/ports.ts';
import type { McpSessionRow, SessionStore } from '../model/session-store.ts';

export interface SessionKeeping {
  readonly store: SessionStore;
  readonly now: () => number;
}

export interface SessionKeeper {
  /** Keeps a session that was opened with this `initialize`. */
  opened(id: string, owner: string, initialize: unknown): void;
  /** The session as it is kept for this owner, null when there is none. */
  find(id: string, owner: string): McpSessionRow | null;
  /** Notes that it is used, and what this request sets up. */
  used(id: string, owner: string, request: unknown): void;
  ended(id: string): void;
}

const HOUR_MS = 3_600_000;
/** A session that nobody has used for so long is not kept. */
export const KEPT_MS = 30 * 24 * HOUR_MS;
/** Its last use is noted at most this often. */
const NOTED_MS = HOUR_MS;
/** Sessions kept; the same bounds hold for those that are open. */
const MOST = 1000;
const MOST_OF_OWNER = 250;
/** A client that says more of itself than this is not kept: it initializes again. */
const MAX_SAID_BYTES = 16 * 1024;
const MAX_URIS = 1000;
const MAX_URI_CHARS = 1024;

/** Keeps sessions in the store. Trouble with it costs a client one `initialize`, never its call. */
export function createSessionKeeper({ store, now }: SessionKeeping, log: Logger): SessionKeeper {
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (thrown) {
      log.warn('an MCP session could not be kept', { error: String(thrown) });
      return otherwise;
    }
  };
  const find = (id: string, owner: string): McpSessionRow | null => {
    const row = store.mcpSession(id);
    return row !== null && row.owner === owner && row.usedAt >= now() - KEPT_MS ? row : null;
  };
  return {
    opened: (id, owner, initialize) =>
      attempt(() => {
        const row = openedRow(id, owner, initialize, now());
        if (row === null) return;
        store.putMcpSession(row);
        const usedSince = now() - KEPT_MS;
        store.pruneMcpSessions({ usedSince, most: MOST, mostOfOwner: MOST_OF_OWNER });
      }, undefined),
    find: (id, owner) => attempt(() => find(id, owner), null),
    used: (id, owner, request) =>
      attempt(() => {
        const row = find(id, owner);
        if (row === null) return;
        const changed = messagesOf(request).reduce(withSetUp, row);
        const isDue = now() - row.usedAt >= NOTED_MS;
        if (changed !== row || isDue) store.putMcpSession({ ...changed, usedAt: now() });
      }, undefined),
    ended: (id) => attempt(() => store.removeMcpSession(id), undefined),
  };
}

const messagesOf = (body: unknown): readonly JsonObject[] => {
  const all = isJsonArray(body as Json) ? (body as readonly Json[]) : [body as Json];
  return all.filter((each): each is JsonObject => isJsonObject(each ?? null));
};

const paramsOf = ({ params }: JsonObject): JsonObject =>
  isJsonObject(params ?? null) ? (params as JsonObject) : {};

function openedRow(
  id: string,
  owner: string,
  initialize: unknown,
  nowMs: number,
): McpSessionRow | null {
  const message = messagesOf(initialize).find(({ method }) => method === 'initialize');
  const { protocolVersion, clientInfo, capabilities } = paramsOf(message ?? {});
  const client = isJsonObject(clientInfo ?? null) ? (clientInfo as JsonObject) : null;
  const able = isJsonObject(capabilities ?? null) ? (capabilities as JsonObject) : {};
  if (typeof protocolVersion !== 'string' || client === null) return null;
  const said = Buffer.byteLength(JSON.stringify([protocolVersion, client, able]));
  if (said > MAX_SAID_BYTES) return null;
  return {
    id,
    owner,
    protocol: protocolVersion,
    client,
    capabilities: able,
    logLevel: null,
    uris: [],
    createdAt: nowMs,
    usedAt: nowMs,
  };
}

/** What a message sets up for the session; the same row when nothing. */
function withSetUp(row: McpSessionRow, message: JsonObject): McpSessionRow {
  const { level, uri } = paramsOf(message);
  if (message.method === 'logging/setLevel' && typeof level === 'string') {
    return level === row.logLevel ? row : { ...row, logLevel: level.slice(0, MAX_URI_CHARS) };
  }
  if (typeof uri !== 'string' || uri.length > MAX_URI_CHARS) return row;
  const has = row.uris.includes(uri);
  if (message.method === 'resources/subscribe' && !has && row.uris.length < MAX_URIS) {
    return { ...row, uris: [...row.uris, uri] };
  }
  if (message.method === 'resources/unsubscribe' && has) {
    return { ...row, uris: row.uris.filter((each) => each !== uri) };
  }
  return row;
}

/** What the client had said, in the order in which it is said again. */
export function saidBefore(row: McpSessionRow): readonly JsonObject[] {
  const { protocol, client, capabilities, logLevel, uris } = row;
  const request = (method: string, params: JsonObject): JsonObject => ({
    jsonrpc: '2.0',
    id: `again-${method}`,
    method,
    params,
  });
  return [
    request('initialize', { protocolVersion: protocol, clientInfo: client, capabilities }),
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    ...(logLevel === null ? [] : [request('logging/setLevel', { level: logLevel })]),
    ...uris.map((uri, i) => ({ ...request('resources/subscribe', { uri }), id: `again-uri-${i}` })),
  ];
}
