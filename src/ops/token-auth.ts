/**
 * Whether a token is one of ours, and who comes with it. Tokens are looked up at every request, so
 * one that was revoked anywhere is refused by the next.
 *
 * Beside the stored tokens there may be one that the server was started with: it is an admin's, is
 * never stored, and is gone when the server no longer has it.
 */
import type { TokenRow, TokenStore } from '../model/access-store.ts';
import { AppError } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';
import type { Caller } from './operation.ts';
import { hashOf, isSameHash, MAX_TOKEN_CHARS, prefixOf } from './token-secret.ts';

export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: 'unknown' | 'revoked' | 'expired' };

export interface TokenAuth {
  authenticate(token: string): Authentication;
  /** False as soon as a token that was accepted before is no longer one of ours. */
  isUsable(tokenId: string): boolean;
  /** True when nobody may come in without a token. */
  isNeeded(): boolean;
  /** The server's own token from now on, null for none. @throws VALIDATION_ERROR when it is too short */
  setServerToken(token: string | null): void;
}

export interface TokenAuthDeps {
  readonly store: Pick<TokenStore, 'token' | 'tokensByPrefix' | 'hasUsableToken' | 'touchToken'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The shortest token that a server may be started with. */
const MIN_SERVER_TOKEN = 16;
/** How exactly the last use of a token is kept. */
const TOUCH_MS = 60_000;
const SERVER_TOKEN = 'environment';

/** Checks tokens against the store and the server's own. */
export function createTokenAuth({ store, clock }: TokenAuthDeps): TokenAuth {
  let serverHash: string | null = null;
  let generation = 0;
  const touched = new Map<string, number>();
  const serverTokenId = (): string => `${SERVER_TOKEN}-${generation}`;

  const touch = (id: string): void => {
    const now = clock.now();
    if (now - (touched.get(id) ?? 0) < TOUCH_MS) return;
    touched.set(id, now);
    try {
      store.touchToken(id, now);
    } catch {
      // Nobody is kept out because a full disk cannot note that he came: the next time tries again.
      touched.delete(id);
    }
  };
  return {
    authenticate(token) {
      if (token.length > MAX_TOKEN_CHARS) return { ok: false, reason: 'unknown' };
      const hash = hashOf(token);
      if (serverHash !== null && isSameHash(hash, serverHash)) {
        return { ok: true, caller: serverCaller(serverTokenId()) };
      }
      const row = store.tokensByPrefix(prefixOf(token)).find((each) => isSameHash(hash, each.hash));
      if (row === undefined) return { ok: false, reason: 'unknown' };
      const problem = problemOf(row, clock.now());
      if (problem !== null) return { ok: false, reason: problem };
      touch(row.id);
      return { ok: true, caller: callerOf(row) };
    },
    isUsable(tokenId) {
      if (tokenId.startsWith(SERVER_TOKEN))
        return serverHash !== null && tokenId === serverTokenId();
      const row = store.token(tokenId);
      return row !== null && problemOf(row, clock.now()) === null;
    },
    isNeeded: () => serverHash !== null || store.hasUsableToken(clock.now()),
    setServerToken(token) {
      const hash = token === null ? null : hashOf(checkedServerToken(token));
      if (hash === serverHash) return;
      serverHash = hash;
      generation += 1;
    },
  };
}

function checkedServerToken(token: string): string {
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new AppError('VALIDATION_ERROR', 'OPCODE_TOKEN: only visible ASCII characters');
  }
  if (token.length >= MIN_SERVER_TOKEN && token.length <= MAX_TOKEN_CHARS) return token;
  throw new AppError(
    'VALIDATION_ERROR',
    `OPCODE_TOKEN: a server's token has ${MIN_SERVER_TOKEN} to ${MAX_TOKEN_CHARS} characters, this one has ${token.length}`,
    { hint: 'make one with: openssl rand -base64 32; or use `opcode token create`' },
  );
}

function problemOf(row: TokenRow, nowMs: number): 'revoked' | 'expired' | null {
  if (row.revokedAt !== null) return 'revoked';
  return row.expiresAt !== null && row.expiresAt <= nowMs ? 'expired' : null;
}

/** A token for an agent is an agent's, and so is every token that is bound to one. */
const callerOf = ({ id, name, prefix, role, agentId }: TokenRow): Caller => ({
  agentId: agentId ?? (role === 'agent' ? 'anonymous' : null),
  name: `token:${name ?? prefix}`,
  role,
  sender: role === 'agent' || agentId !== null ? 'agent' : 'person',
  tokenId: id,
  owner: ownerOf(id, name, agentId),
  ...(agentId === null ? {} : { boundTo: agentId }),
});

function ownerOf(id: string, name: string | null, agentId: string | null): string {
  if (agentId !== null) return `agent:${agentId}`;
  return name === null ? `token-id:${id}` : `token:${name}`;
}

const serverCaller = (tokenId: string): Caller => ({
  agentId: null,
  name: 'token:server',
  role: 'admin',
  sender: 'person',
  tokenId,
  owner: 'server',
});
