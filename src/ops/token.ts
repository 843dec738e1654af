/**
 * `token_create`, `token_list`, `token_revoke`: who may come in over the network. A token is told once,
 * when it is made. Not for MCP: what a model reads it may repeat.
 */

import type * as v from 'valibot';
import { suggestion } from '../core/graph-nearest.ts';
import type { TokenRow } from '../model/access-store.ts';
import { AppError } from '../model/error.ts';
import { parseDuration, parseRfc3339, toRfc3339 } from '../model/time.ts';
import type { CallContext, Operation, Surface } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { isReserved } from './speaker.ts';
import {
  type TokenView,
  tokenCreateInput,
  tokenCreateOutput,
  tokenListInput,
  tokenListOutput,
  tokenRevokeInput,
  tokenRevokeOutput,
} from './token-schemas.ts';
import { newToken } from './token-secret.ts';

const SURFACES: readonly Surface[] = ['cli', 'http', 'tui', 'panel'];
const ID_CHARS = 10;

/** Makes a token and tells it. */
export function createTokenCreate(
  parts: OpsParts,
): Operation<typeof tokenCreateInput, typeof tokenCreateOutput> {
  return {
    name: 'token_create',
    summary: 'Make a token with a role; it is shown this once',
    input: tokenCreateInput,
    output: tokenCreateOutput,
    surfaces: SURFACES,
    access: 'admin',
    handle: async (ctx, input) => create(parts, ctx, input),
  };
}

function create(
  { store, clock, random }: OpsParts,
  { caller }: CallContext,
  input: v.InferOutput<typeof tokenCreateInput>,
) {
  const now = clock.now();
  const { name = null, role, agent = null } = input;
  if (agent !== null && isReserved(agent)) {
    throw new AppError('VALIDATION_ERROR', `agent: "${agent}" is no name for an agent`, {
      hint: 'choose one without cli:, mcp: or token:',
    });
  }
  const isTaken = store
    .tokens()
    .some((each) => name !== null && each.name === name && statusOf(each, now) === 'usable');
  if (isTaken) {
    throw new AppError('CONFLICT', `name: there is a usable token "${name}"`, {
      hint: 'choose another name, or revoke that one first',
    });
  }
  const { token, prefix, hash } = newToken();
  const row: TokenRow = {
    id: random.uuid().replaceAll('-', '').slice(-ID_CHARS),
    name,
    prefix,
    hash,
    role,
    agentId: agent,
    createdAt: now,
    createdBy: caller.agentId ?? caller.name ?? null,
    expiresAt: input.expires === undefined ? null : expiryOf(input.expires, now),
    lastUsedAt: null,
    revokedAt: null,
  };
  store.addToken(row);
  return { ...viewOf(row, now), token };
}

function expiryOf(text: string, now: number): number {
  const duration = parseDuration(text);
  const at = duration.ok ? now + duration.ms : parseRfc3339(text);
  if (at === null) {
    throw new AppError('VALIDATION_ERROR', `expires: "${text}" is no duration and no time`, {
      hint: 'write "30d", "12h" or 2027-01-31T00:00:00Z',
    });
  }
  if (at > now) return Math.floor(at);
  throw new AppError('VALIDATION_ERROR', `expires: ${text} is not in the future`);
}

/** Lists tokens, newest first, never what they are. */
export function createTokenList(
  parts: OpsParts,
): Operation<typeof tokenListInput, typeof tokenListOutput> {
  return {
    name: 'token_list',
    summary: 'List tokens: roles, agents, dates; never the tokens themselves',
    input: tokenListInput,
    output: tokenListOutput,
    surfaces: SURFACES,
    access: 'admin',
    quiet: true,
    async handle(_ctx, { all }) {
      const now = parts.clock.now();
      const views = parts.store.tokens().map((row) => viewOf(row, now));
      return { tokens: views.filter(({ status }) => all || status === 'usable') };
    },
  };
}

/** Revokes a token; from then on it is refused everywhere. */
export function createTokenRevoke(
  parts: OpsParts,
): Operation<typeof tokenRevokeInput, typeof tokenRevokeOutput> {
  return {
    name: 'token_revoke',
    summary: 'Refuse a token from now on, also in what is connected',
    input: tokenRevokeInput,
    output: tokenRevokeOutput,
    surfaces: SURFACES,
    access: 'admin',
    async handle(_ctx, { id }) {
      const { store, clock } = parts;
      const row = findToken(store.tokens(), id);
      if (!store.revokeToken(row.id, clock.now())) {
        throw new AppError('CONFLICT', `token ${row.id} is revoked already`);
      }
      return viewOf(store.token(row.id) ?? row, clock.now());
    },
  };
}

/** By id, by the beginning of it, by what is shown of the token, or by name. */
function findToken(all: readonly TokenRow[], given: string): TokenRow {
  const open = all.filter(({ revokedAt }) => revokedAt === null);
  const exact = all.find(({ id }) => id === given);
  if (exact !== undefined) return exact;
  const found = open.filter(
    ({ id, name, prefix }) => id.startsWith(given) || name === given || prefix === given,
  );
  const [only, second] = found;
  if (only === undefined) {
    throw new AppError('NOT_FOUND', `there is no token "${given.slice(0, 20)}" to revoke`, {
      hint:
        suggestion(
          given,
          open.flatMap(({ id, name }) => (name === null ? [id] : [name, id])),
        ) ?? '`opcode token list --all` shows ids and names',
    });
  }
  if (second === undefined) return only;
  throw new AppError('CONFLICT', `"${given}" means ${found.length} tokens`, {
    hint: `give more of the id: ${found.map(({ id }) => id).join(', ')}`,
  });
}

function statusOf(row: TokenRow, now: number): TokenView['status'] {
  if (row.revokedAt !== null) return 'revoked';
  return row.expiresAt !== null && row.expiresAt <= now ? 'expired' : 'usable';
}

const timeOf = (at: number | null): string | null => (at === null ? null : toRfc3339(at));

const viewOf = (row: TokenRow, now: number): TokenView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  agent: row.agentId,
  status: statusOf(row, now),
  created_at: toRfc3339(row.createdAt),
  created_by: row.createdBy,
  expires_at: timeOf(row.expiresAt),
  last_used_at: timeOf(row.lastUsedAt),
  revoked_at: timeOf(row.revokedAt),
});
