/**
 * What a run's own turn tells the runs that it awaits: to end, to pause, to go on. Written in the
 * transaction of that turn, like every message between runs.
 */
import type { Orphan } from '../core/context.ts';
import type { RunEvent } from '../model/event.ts';
import { asRunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import type { InboxSend } from '../model/store.ts';

/** Ends the children that their step no longer waits for. */
export const cancelMessages = (children: readonly Orphan[], nowMs: number): InboxSend[] =>
  children.map(({ childId }) =>
    message(childId, nowMs, {
      type: 'cancel',
      reasoning: 'the step that started this run no longer needs it',
    }),
  );

/** Has the awaited children paused or resumed with the run, as the last event about that says. */
export function pauseMessages(
  state: RunState,
  events: readonly RunEvent[],
  nowMs: number,
): InboxSend[] {
  const type = events.reduce<Pausing | null>((last, event) => pausingOf(event) ?? last, null);
  if (type === null) return [];
  const children = [...state.open].flatMap(({ sub }) =>
    sub?.kind === 'child' ? [sub.childId] : [],
  );
  return children.map((childId) => message(childId, nowMs, { type, cause: 'parent' }));
}

type Pausing = 'pause' | 'resume';

function pausingOf(event: RunEvent): Pausing | null {
  if (event.type === 'workflow_timed_out')
    return event.payload.action === 'suspend' ? 'pause' : null;
  if (event.type !== 'signal_received') return null;
  const { type } = event.payload;
  return type === 'pause' || type === 'resume' ? type : null;
}

function message(childId: string, nowMs: number, body: JsonObject): InboxSend {
  const sender = { by: 'parent', role: 'operator', sender: 'system', payload: null };
  return {
    runId: asRunId(childId),
    kind: 'signal',
    body: { ...sender, ...body },
    receivedAt: nowMs,
    idempotencyKey: null,
  };
}
