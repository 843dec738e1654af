/** Schemas of the token operations. */
import * as v from 'valibot';
import type { TokenRole } from '../model/access-store.ts';
import { neverAbsent } from './read-input.ts';
import * as s from './shapes.ts';

const { optional } = v;
const text = v.string();

export const TOKEN_ROLES = [
  'admin',
  'operator',
  'approver',
  'agent',
  'viewer',
] as const satisfies readonly TokenRole[];

const MAX_NAME = 64;
const name = v.pipe(
  text,
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_ .:@+-]*$/, 'must be letters, digits, spaces and _ . : @ + -'),
  v.maxLength(MAX_NAME, `must have at most ${MAX_NAME} characters`),
);

const tokenView = v.object({
  id: text,
  name: v.nullable(text),
  /** How the token begins. */
  prefix: text,
  role: v.picklist(TOKEN_ROLES),
  /** The agent that it speaks for. */
  agent: v.nullable(text),
  status: v.picklist(['usable', 'expired', 'revoked']),
  created_at: text,
  created_by: v.nullable(text),
  expires_at: v.nullable(text),
  /** To the minute. */
  last_used_at: v.nullable(text),
  revoked_at: v.nullable(text),
});
export type TokenView = v.InferOutput<typeof tokenView>;

export const tokenCreateInput = v.strictObject({
  role: v.picklist(TOKEN_ROLES),
  /** Binds it to this agent. */
  agent: optional(v.pipe(s.agentId, neverAbsent())),
  /** A duration from now (`30d`), or an RFC 3339 time; left out: never. */
  expires: optional(v.pipe(s.expiryString, v.minLength(1, 'must not be empty'), neverAbsent())),
  name: optional(name),
});
export const tokenCreateOutput = v.object({
  ...tokenView.entries,
  /** The token itself; it is shown this once and cannot be had again. */
  token: text,
});

export const tokenListInput = v.strictObject({
  /** Also what expired or was revoked. */
  all: optional(v.boolean(), false),
});
export const tokenListOutput = v.object({ tokens: v.array(tokenView) });

export const tokenRevokeInput = v.strictObject({
  /** Its id or how that begins; its name, when only one has it. */
  id: v.pipe(text, v.minLength(1, 'must not be empty')),
});
export const tokenRevokeOutput = v.object({ ...tokenView.entries });
