/** What is kept of MCP sessions, so that a client may go on after the process that it talked to has ended. */
import type { JsonObject } from './json.ts';

export interface McpSessionRow {
  readonly id: string;
  /** The token that opened it, "" without tokens. Nobody else may use it. */
  readonly owner: string;
  /** The version of the protocol that the client asked for. */
  readonly protocol: string;
  /** Name and version of the client. */
  readonly client: JsonObject;
  readonly capabilities: JsonObject;
  /** The least level that the client wants to be told of; null before it said so. */
  readonly logLevel: string | null;
  /** Resources it has subscribed to. */
  readonly uris: readonly string[];
  readonly createdAt: number;
  /** Its last use, epoch milliseconds; noted from time to time only. */
  readonly usedAt: number;
}

export interface SessionBounds {
  /** Sessions that were last used before this go. */
  readonly usedSince: number;
  /** Of all, and of one owner that has a name; the oldest go. */
  readonly most: number;
  readonly mostOfOwner: number;
}

export interface SessionStore {
  /** Adds a session or replaces what is known of it. */
  putMcpSession(session: McpSessionRow): void;
  mcpSession(id: string): McpSessionRow | null;
  removeMcpSession(id: string): void;
  /** Removes sessions that are over these bounds, those that were idle for longest first. */
  pruneMcpSessions(bounds: SessionBounds): void;
}
