/** Shapes of the lists of agents and of who did what. */
import * as v from 'valibot';

const count = v.number();

export const agentView = v.object({
  agent_id: v.string(),
  type: v.string(),
  first_seen_at: v.string(),
  /** To the minute. */
  last_seen_at: v.string(),
  /** Its newest 1,000 runs by status. */
  runs: v.object({
    pending: count,
    active: count,
    suspended: count,
    completed: count,
    failed: count,
    cancelled: count,
  }),
  /** Open decisions that are addressed to it. */
  pending_decisions: count,
});

export const AUDIT_OUTCOMES = ['ok', 'refused', 'failed'] as const;

export const auditView = v.object({
  id: v.number(),
  at: v.string(),
  /** Agent, person or token. */
  actor: v.string(),
  role: v.string(),
  token_id: v.nullable(v.string()),
  /** A surface, and the address where there is one. */
  from: v.string(),
  /** The operation; `access` for a request that got to none. */
  action: v.string(),
  target: v.nullable(v.string()),
  outcome: v.picklist(AUDIT_OUTCOMES),
  detail: v.nullable(v.string()),
});
