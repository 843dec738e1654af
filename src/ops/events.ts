/**
 * `events` and `followEvents`: the log of a run, and events as they are committed, by whatever process.
 */
import type { RunId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Store, StoredEvent } from '../model/store.ts';
import { NOT_MCP, type Operation, type StreamOperation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun } from './run-ref.ts';
import { eventsInput, eventsOutput, followEventsInput } from './schemas.ts';
import { eventView } from './shapes.ts';
import { waitUntil } from './waiting.ts';
import { eventOf } from './wire.ts';

/** Events taken from the store at once while following. */
const PAGE = 500;

export function createEvents({
  store,
}: OpsParts): Operation<typeof eventsInput, typeof eventsOutput> {
  return {
    name: 'events',
    summary: 'Read the event log of a run in order',
    input: eventsInput,
    output: eventsOutput,
    surfaces: NOT_MCP,
    async handle(_ctx, input) {
      const runId = resolveRun(store, input.workflow_id);
      const found = store.tail(input.after_id, input.limit + 1, runId);
      const page = found.slice(0, input.limit);
      const last = page.at(-1);
      return {
        workflow_id: runId,
        events: page.map(eventOf),
        next_after_id: found.length > page.length && last !== undefined ? last.id : null,
      };
    },
  };
}

export function createFollowEvents(
  parts: OpsParts,
): StreamOperation<typeof followEventsInput, typeof eventView> {
  const { store } = parts;
  return {
    name: 'followEvents',
    summary: 'Follow events as they are committed, of one run or of all',
    input: followEventsInput,
    output: eventView,
    surfaces: NOT_MCP,
    async *follow(ctx, input) {
      const runId =
        input.workflow_id === undefined ? undefined : resolveRun(store, input.workflow_id);
      let after = input.after_id ?? (runId === undefined ? store.lastEventId() : 0);
      const endsWith = input.forever ? undefined : runId;
      const options = {
        timeoutMs: null,
        abort: ctx.abort,
        ...(runId === undefined ? {} : { runId }),
      };
      for (;;) {
        const events = await waitUntil(
          parts,
          () => newEvents(store, after, runId, endsWith),
          options,
        );
        if (events === null || events.length === 0) return;
        for (const stored of events) {
          after = stored.id;
          yield eventOf(stored);
        }
      }
    },
  };
}

/** Events behind `after`; an empty list when there are none and the run has ended; null to wait. */
function newEvents(
  store: Store,
  after: number,
  runId: RunId | undefined,
  endsWith: RunId | undefined,
): readonly StoredEvent[] | null {
  // Asked first: what is written between the two looks is then seen by the second.
  const isOver = endsWith !== undefined && hasEnded(store, endsWith);
  const events = store.tail(after, PAGE, runId);
  return events.length > 0 || isOver ? events : null;
}

const hasEnded = (store: Store, runId: RunId): boolean => {
  const head = store.head(runId);
  return head === null || isRunEnded(head.status);
};
