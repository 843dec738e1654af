/** MCP sessions in memory. */
import type { McpSessionRow, SessionStore } from '../../model/session-store.ts';
import type { MemoryState } from './state.ts';

/** The sessions part of the store. */
export function createSessionRows(state: MemoryState): SessionStore {
  const sessions = new Map<string, McpSessionRow>();
  const newestFirst = (): McpSessionRow[] =>
    [...sessions.values()].sort((a, b) => b.usedAt - a.usedAt || (a.id < b.id ? -1 : 1));
  const remove = (all: readonly McpSessionRow[]): void => {
    for (const { id } of all) sessions.delete(id);
  };
  return {
    putMcpSession(session) {
      state.writes += 1;
      sessions.set(session.id, session);
    },
    mcpSession: (id) => sessions.get(id) ?? null,
    removeMcpSession(id) {
      state.writes += 1;
      sessions.delete(id);
    },
    pruneMcpSessions({ usedSince, most, mostOfOwner }) {
      state.writes += 1;
      remove(newestFirst().filter(({ usedAt }) => usedAt < usedSince));
      remove(newestFirst().slice(most));
      const owned = Map.groupBy(newestFirst(), ({ owner }) => owner);
      for (const [owner, all] of owned) if (owner !== '') remove(all.slice(mostOfOwner));
    },
  };
}
