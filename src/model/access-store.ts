/**
 * Storage port of access: tokens, the agents that were ever here, and the record of who did what.
 *
 * A token itself is never stored, only its SHA-256. Times are epoch milliseconds.
 */
import type { Signal } from './input.ts';
import type { RunStatus } from './run-status.ts';
import type { Page } from './store-rows.ts';

export type TokenRole = Exclude<Signal['role'], 'local'>;

export interface TokenRow {
  readonly id: string;
  readonly name: string | null;
  /** How the token begins: enough to recognise it, of no use to anybody else. */
  readonly prefix: string;
  /** Lower-case hex SHA-256 of the token. */
  readonly hash: string;
  readonly role: TokenRole;
  /** The one agent that it speaks for. */
  readonly agentId: string | null;
  readonly createdAt: number;
  readonly createdBy: string | null;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface TokenStore {
  addToken(token: TokenRow): void;
  token(id: string): TokenRow | null;
  /** All, also revoked and expired ones; newest first. */
  tokens(): readonly TokenRow[];
  tokensByPrefix(prefix: string): readonly TokenRow[];
  /** True when one is neither revoked nor expired. */
  hasUsableToken(nowMs: number): boolean;
  /** True when one was ever bound to the agent: its name does not become free when that one ends. */
  hasTokenFor(agentId: string): boolean;
  touchToken(id: string, at: number): void;
  /** False when there is none, or it was revoked before. */
  revokeToken(id: string, at: number): boolean;
}

export interface AgentRow {
  readonly agentId: string;
  readonly type: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** An agent with what it is about. */
export interface AgentView extends AgentRow {
  /** Its newest runs by status, at most `MAX_AGENT_RUNS` of them. */
  readonly runs: Readonly<Record<RunStatus, number>>;
  /** Open decisions addressed to it. */
  readonly pendingDecisions: number;
}

/** Runs of one agent that are looked at for its counts. */
export const MAX_AGENT_RUNS = 1000;

export interface AgentStore {
  /** Notes that an agent is here, registered when it is new. */
  seeAgent(agentId: string, type: string, at: number): void;
  /** By id, in pages. */
  agents(limit: number, cursor?: string): Page<AgentView>;
}

export interface NewAudit {
  readonly at: number;
  /** Agent or name of whoever did it. */
  readonly actor: string;
  readonly role: string;
  readonly tokenId: string | null;
  /** From where: a surface, and an address when there is one. */
  readonly origin: string;
  readonly action: string;
  /** What it was done to: a run, a template, a token. */
  readonly target: string | null;
  readonly outcome: 'ok' | 'refused' | 'failed';
  readonly detail: string | null;
}

export interface AuditRow extends NewAudit {
  readonly id: number;
}

export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: readonly string[];
  readonly target?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly cursor?: string;
}

export interface AuditStore {
  /** Adds rows in one transaction and forgets the oldest beyond `keep`. */
  addAudit(rows: readonly NewAudit[], keep: number): void;
  /** Newest first. */
  audit(filter: AuditFilter): Page<AuditRow>;
}

export interface AccessStore extends TokenStore, AgentStore, AuditStore {}
