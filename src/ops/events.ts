/**
 * `events` and `followEvents`: the log of a run, and events as they are committed, by whatever process.
 */
import type { RunId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Store, StoredEvent } from '../model/store.ts';
import { cursorAt, givenPlace, idToBeginBehind, placedEventOf } from './event-cursor.ts';
import { eventsInput, eventsOutput, followEventsInput } from './event-schemas.ts';
import { NOT_MCP, type Operation, type StreamOperation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { resolveRun } from './run-ref.ts';
import { type PlacedEvent, placedEvent } from './shapes.ts';
import { waitUntil } from './waiting.ts';

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
    access: 'read',
    async handle(_ctx, input) {
      const runId = resolveRun(store, input.workflow_id);
      const place = givenPlace(store, input);
      const after = place === null ? 0 : idToBeginBehind(store, place);
      const newest = store.lastEventId();
      const found = store.tail(after, input.limit + 1, runId);
      const page = found.slice(0, input.limit);
      const last = page.at(-1);
      const next = found.length > page.length && last !== undefined ? last.id : null;
      return {
        workflow_id: runId,
        events: page.map((stored) => placedEventOf(store, stored)),
        next_after: next === null ? null : cursorAt(store, next),
        next_after_id: next,
        // What was committed between the two looks may be in the page already.
        as_of: cursorAt(store, Math.max(newest, last?.id ?? 0)),
      };
    },
  };
}

export function createFollowEvents(
  parts: OpsParts,
): StreamOperation<typeof followEventsInput, typeof placedEvent> {
  const { store } = parts;
  return {
    name: 'followEvents',
    summary: 'Follow events as they are committed, of one run or of all',
    input: followEventsInput,
    output: placedEvent,
    surfaces: NOT_MCP,
    access: 'read',
    follow(ctx, input) {
      const runId =
        input.workflow_id === undefined ? undefined : resolveRun(store, input.workflow_id);
      const place = givenPlace(store, input);
      const unasked = runId === undefined ? store.lastEventId() : 0;
      const after = place === null ? unasked : idToBeginBehind(store, place);
      return followFrom(parts, { after, runId, isEndless: input.forever, abort: ctx.abort });
    },
  };
}

interface Following {
  readonly after: number;
  readonly runId: RunId | undefined;
  readonly isEndless: boolean;
  readonly abort: AbortSignal | undefined;
}

async function* followFrom(parts: OpsParts, following: Following): AsyncGenerator<PlacedEvent> {
  const { runId, isEndless, abort } = following;
  let { after } = following;
  const endsWith = isEndless ? undefined : runId;
  const look = () => newEvents(parts.store, after, runId, endsWith);
  for (;;) {
    const events = await waitUntil(parts, look, { timeoutMs: null, abort, runId });
    if (events === null || events.length === 0) return;
    for (const stored of events) {
      after = stored.id;
      yield placedEventOf(parts.store, stored);
    }
  }
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
