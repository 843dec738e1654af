/**
 * What is kept for agents that are away: messages of `workflow.notify` in their time, and questions that
 * are still open. The store knows who was told; the messages themselves are in the log.
 */
import { messageOf } from '../model/error.ts';
import { asRunId, decisionId } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { KeptMessages, ToldEvent } from '../model/notice.ts';
import type { MessageRef } from '../model/notice-store.ts';
import type { Clock, Logger } from '../model/ports.ts';
import type { Store } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';

/** An agent that comes back is told no more than this of each kind at once. */
const MAX_AT_ONCE = 20;

export interface KeptDeps {
  readonly store: Pick<
    Store,
    'untoldMessages' | 'untoldDecisions' | 'markTold' | 'decision' | 'events'
  >;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** What is kept, over a store. */
export function createKeptMessages(deps: KeptDeps): KeptMessages {
  const { store, clock, log } = deps;
  return {
    untold(agent) {
      try {
        const messages = store.untoldMessages(agent, clock.now(), MAX_AT_ONCE);
        const questions = [...store.untoldDecisions(agent, MAX_AT_ONCE)].reverse();
        return [
          ...messages.flatMap((ref) => messageAt(deps, ref)),
          ...questions.flatMap((ref) => questionAt(deps, ref)),
        ];
      } catch (thrown) {
        log.warn('kept messages cannot be read', { agent_id: agent, error: messageOf(thrown) });
        return [];
      }
    },
    markTold({ workflow_id, sequence }, agents) {
      try {
        const ref = { runId: asRunId(workflow_id), seq: sequence };
        store.markTold(ref, agents, clock.now());
      } catch (thrown) {
        // Told again at the next occasion.
        log.warn('it cannot be noted who was told', {
          workflow_id,
          error: messageOf(thrown),
        });
      }
    },
  };
}

function messageAt({ store }: KeptDeps, { runId, seq }: MessageRef): ToldEvent[] {
  const [event] = store.events(runId, seq - 1, 1);
  if (event?.type !== 'notification') return [];
  return [
    {
      workflow_id: runId,
      sequence: seq,
      ...(event.path === null ? {} : { step_id: event.path }),
      event_type: event.type,
      payload: event.payload as unknown as Json,
      timestamp: toRfc3339(event.at),
    },
  ];
}

function questionAt({ store }: KeptDeps, { runId, seq }: MessageRef): ToldEvent[] {
  const row = store.decision(decisionId(runId, seq));
  if (row === null) return [];
  const { prompt = '', options = [], by = 'any' } = row.body;
  const payload: JsonObject = {
    prompt,
    options,
    by,
    ...(row.targetAgent === null ? {} : { target_agent: row.targetAgent }),
  };
  return [
    {
      workflow_id: runId,
      sequence: seq,
      step_id: row.path,
      event_type: 'decision_requested',
      payload,
      timestamp: toRfc3339(row.createdAt),
    },
  ];
}
