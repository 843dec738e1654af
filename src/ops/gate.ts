/**
 * What every call of an operation passes, whatever the surface: the role must allow it, an agent must
 * be who it says it is and is noted as present, and what was done or refused is recorded.
 */
import type { AgentStore } from '../model/access-store.ts';
import { AppError } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { Clock } from '../model/ports.ts';
import type { Called, Gate } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { speakerOf } from './speaker.ts';

/** The gate of a catalogue. */
export function createGate({ store, clock, audit }: OpsParts): Gate {
  const see = createPresence(store, clock);
  const hasToken = (agentId: string): boolean => store.hasTokenFor(agentId);
  return {
    enter(ctx, { input }) {
      const named = textOf(input, 'agent_id');
      const agentId = speakerOf(ctx.caller, named, hasToken);
      if (agentId !== null && (named !== null || ctx.caller.sender === 'agent')) see(agentId);
    },
    done(ctx, called, result) {
      if (called.quiet || called.access === 'read' || isOnlyLooking(called.input)) return;
      const target = targetOf(called.input, result);
      audit.note(ctx, { action: called.name, target, outcome: 'ok', detail: detailOf(called) });
      if (called.access === 'admin') writeDown(audit);
    },
    failed(ctx, called, thrown) {
      const isRefused = thrown instanceof AppError && thrown.code === 'PERMISSION_DENIED';
      if (!isRefused && (called.quiet || called.access !== 'admin')) return;
      audit.note(ctx, {
        action: called.name,
        target: targetOf(called.input, null),
        outcome: isRefused ? 'refused' : 'failed',
        detail: thrown instanceof Error ? thrown.message : null,
      });
    },
  };
}

/** Writes it at once where that is possible: what was done is done, and the entry is held until it can be. */
function writeDown(audit: OpsParts['audit']): void {
  try {
    audit.flush();
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'STORE_ERROR') throw thrown;
  }
}

/** How exactly it is kept when an agent was last here. */
const SEEN_MS = 60_000;
const MAX_REMEMBERED = 10_000;
const AGENT_TYPE = 'llm';

/** Notes agents in the store, each at most once in a while. */
function createPresence(store: Pick<AgentStore, 'seeAgent'>, clock: Pick<Clock, 'now'>) {
  const seen = new Map<string, number>();
  return (agentId: string): void => {
    const now = clock.now();
    const before = seen.get(agentId);
    if (before !== undefined && now - before < SEEN_MS) return;
    if (seen.size >= MAX_REMEMBERED) seen.clear();
    seen.set(agentId, now);
    try {
      store.seeAgent(agentId, AGENT_TYPE, now);
    } catch {
      // Looking must go on with a full disk: the agent is noted when it comes again.
      seen.delete(agentId);
    }
  };
}

function textOf(input: unknown, key: string): string | null {
  const value = isJsonObject(input) && Object.hasOwn(input, key) ? input[key] : undefined;
  return typeof value === 'string' ? value : null;
}

const isOnlyLooking = (input: unknown): boolean =>
  isJsonObject(input) && (input.dry_run === true || input.validate_only === true);

/** What an operation was done to, by the names that inputs and results use for it. */
const TARGETS = ['workflow_id', 'template_name', 'name', 'id', 'rerun_of', 'path'];

function targetOf(input: unknown, result: unknown): string | null {
  const made = textOf(result, 'id');
  if (made !== null) return made;
  for (const value of [input, result]) {
    for (const key of TARGETS) {
      const text = textOf(value, key);
      if (text !== null) return text;
    }
  }
  return null;
}

/** Words of the input that say what was done; nothing of what was sent along. */
const DETAILS = ['signal_type', 'step_id', 'role', 'agent', 'version', 'from_step', 'archived'];

function detailOf({ input }: Called): string | null {
  if (!isJsonObject(input)) return null;
  const words = DETAILS.flatMap((key) => {
    const value = input[key];
    return value === undefined || value === null ? [] : [`${key}=${String(value)}`];
  });
  return words.length === 0 ? null : words.join(' ');
}
