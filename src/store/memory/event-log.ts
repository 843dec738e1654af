/**
 * Reading the log in memory: one run's events, the tail of all, and queries. Nothing is copied but the
 * list itself.
 */
import type { RunId } from '../../model/ids.ts';
import type { EventFilter, EventLogStore, Page, StoredEvent } from '../../model/store.ts';
import { decodeEventsCursor, encodeEventsCursor } from '../cursor.ts';
import { appendGroup } from './append.ts';
import type { MemoryState } from './state.ts';

/** The event log part of the store over shared state. */
export function createEventLog(state: MemoryState): EventLogStore {
  return {
    append: async (group) => appendGroup(state, group),
    events(runId, afterSeq, limit) {
      const from = Math.max(0, afterSeq);
      return state.runs.get(runId)?.events.slice(from, from + limit) ?? [];
    },
    tail: (afterId, limit, runId) => tail(state, Math.max(0, afterId), limit, runId),
    lastEventId: () => state.log.length,
    databaseId: () => state.databaseId,
    queryEvents: (filter) => queryEvents(state, filter),
  };
}

function tail(
  state: MemoryState,
  afterId: number,
  limit: number,
  runId: RunId | undefined,
): readonly StoredEvent[] {
  if (runId === undefined) return tailOfAll(state, afterId, limit);
  const run = state.runs.get(runId);
  if (run === undefined) return [];
  let from = run.ids.length;
  while (from > 0 && (run.ids[from - 1] ?? 0) > afterId) from -= 1;
  return run.ids.slice(from, from + limit).flatMap((id) => state.log[id - 1] ?? []);
}

function tailOfAll({ log }: MemoryState, afterId: number, limit: number): readonly StoredEvent[] {
  const found: StoredEvent[] = [];
  for (let at = afterId; at < log.length && found.length < limit; at++) {
    const stored = log[at];
    if (stored != null) found.push(stored);
  }
  return found;
}

function queryEvents(state: MemoryState, filter: EventFilter): Page<StoredEvent> {
  const after =
    filter.cursor === undefined ? null : decodeEventsCursor(state.databaseId, filter.cursor);
  const found = candidates(state, filter)
    .filter((stored) => matches(stored, filter) && (after === null || isAfter(stored, after)))
    .sort((a, b) => b.event.at - a.event.at || b.id - a.id);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return {
    items,
    nextCursor: more ? encodeEventsCursor(state.databaseId, last.event.at, last.id) : null,
  };
}

function candidates(state: MemoryState, filter: EventFilter): readonly StoredEvent[] {
  if (filter.runId === undefined) return state.log.filter((stored) => stored !== null);
  return state.runs.get(filter.runId as RunId)?.ids.flatMap((id) => state.log[id - 1] ?? []) ?? [];
}

function matches({ event }: StoredEvent, filter: EventFilter): boolean {
  return (
    (filter.path === undefined || event.path === filter.path) &&
    (filter.types === undefined || filter.types.includes(event.type)) &&
    event.at >= (filter.since ?? event.at) &&
    event.at <= (filter.until ?? event.at)
  );
}

const isAfter = (stored: StoredEvent, [at, id]: readonly [number, number]): boolean =>
  stored.event.at < at || (stored.event.at === at && stored.id < id);
