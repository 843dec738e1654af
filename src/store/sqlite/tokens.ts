/** Tokens, by their hashes. Nothing here compares a token: who was found by its prefix is only a candidate. */
import type { TokenRow, TokenStore } from '../../model/access-store.ts';
import type { Connection } from './connection.ts';

const SELECT = `SELECT id, name, prefix, hash, role, agent_id AS agentId, created_at AS createdAt,
    created_by AS createdBy, expires_at AS expiresAt, last_used_at AS lastUsedAt,
    revoked_at AS revokedAt
  FROM tokens`;

const USABLE = `SELECT 1 FROM tokens
  WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1) LIMIT 1`;

/** The tokens part of the store. */
export function createTokens(connection: Connection): TokenStore {
  return {
    addToken: (token) => connection.write(() => insert(connection, token)),
    token: (id) => connection.one<TokenRow>(`${SELECT} WHERE id = ?`, id),
    tokens: () => connection.all<TokenRow>(`${SELECT} ORDER BY created_at DESC, id`),
    tokensByPrefix: (prefix) => connection.all<TokenRow>(`${SELECT} WHERE prefix = ?`, prefix),
    hasUsableToken: (nowMs) => connection.one(USABLE, nowMs) !== null,
    hasTokenFor: (agentId) =>
      connection.one('SELECT 1 FROM tokens WHERE agent_id = ? LIMIT 1', agentId) !== null,
    touchToken(id, at) {
      const sql = 'UPDATE tokens SET last_used_at = ? WHERE id = ?';
      connection.write(() => connection.run(sql, at, id), 'relaxed');
    },
    revokeToken(id, at) {
      const sql = 'UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL';
      return connection.write(() => connection.run(sql, at, id).changes > 0);
    },
  };
}

function insert(connection: Connection, token: TokenRow): void {
  connection.run(
    `INSERT INTO tokens (id, name, prefix, hash, role, agent_id, created_at, created_by, expires_at,
       last_used_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    token.id,
    token.name,
    token.prefix,
    token.hash,
    token.role,
    token.agentId,
    token.createdAt,
    token.createdBy,
    token.expiresAt,
    token.lastUsedAt,
    token.revokedAt,
  );
}
