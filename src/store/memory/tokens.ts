/** Tokens in memory, by their hashes. */
import type { TokenRow, TokenStore } from '../../model/access-store.ts';
import type { MemoryState } from './state.ts';

/** The tokens part of the store. */
export function createTokens(state: MemoryState): TokenStore {
  const tokens = new Map<string, TokenRow>();
  const change = (id: string, fields: Partial<TokenRow>): boolean => {
    const token = tokens.get(id);
    if (token === undefined) return false;
    state.writes += 1;
    tokens.set(id, { ...token, ...fields });
    return true;
  };
  return {
    addToken(token) {
      state.writes += 1;
      tokens.set(token.id, token);
    },
    token: (id) => tokens.get(id) ?? null,
    tokens: () =>
      [...tokens.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)),
    tokensByPrefix: (prefix) => [...tokens.values()].filter((token) => token.prefix === prefix),
    hasUsableToken: (nowMs) =>
      [...tokens.values()].some(
        (token) =>
          token.revokedAt === null && (token.expiresAt === null || token.expiresAt > nowMs),
      ),
    hasTokenFor: (agentId) => [...tokens.values()].some((token) => token.agentId === agentId),
    touchToken: (id, at) => void change(id, { lastUsedAt: at }),
    revokeToken: (id, at) =>
      (tokens.get(id)?.revokedAt ?? null) === null && change(id, { revokedAt: at }),
  };
}
