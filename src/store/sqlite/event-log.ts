/**
 * Reading the log: one run's events, the tail of all in commit order, and queries, newest first.
 *
 * An event query goes by time, then id: within one run that is the order of the log. Each query names
 * the index it walks, so that its cost does not depend on statistics.
 */
import type { RunId } from '../../model/ids.ts';
import type { EventFilter, EventLogStore, Page, StoredEvent } from '../../model/store.ts';
import { decodeEventsCursor, encodeEventsCursor } from '../cursor.ts';
import { appendGroup, isEveryday, lastEventId } from './append.ts';
import { readBlob } from './blobs.ts';
import type { Connection } from './connection.ts';
import { storeError } from './errors.ts';
import type { Heads } from './heads.ts';
import {
  decodeEvent,
  decodeStored,
  type EventColumns,
  type StoredEventColumns,
} from './payloads.ts';

/** With more types than this, all events are walked instead of each type's. */
const MAX_TYPE_WALKS = 16;

/** The event log part of the store. */
export function createEventLog(connection: Connection, heads: Heads): EventLogStore {
  const blob = (hash: string): string => readBlob(connection, hash);
  const databaseId = databaseIdReader(connection);
  return {
    append: (group) => appendGroup(connection, heads, group),
    events: (runId, afterSeq, limit) =>
      connection
        .all<EventColumns>(
          `SELECT seq, at, type, path, payload, refs FROM events
           WHERE rid = (SELECT rid FROM run_head WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?`,
          runId,
          afterSeq,
          limit,
        )
        .map((row) => decodeEvent(row, blob)),
    tail: (afterId, limit, runId) =>
      tailRows(connection, afterId, limit, runId).map((row) => decodeStored(row, blob)),
    lastEventId: () => lastEventId(connection),
    databaseId,
    queryEvents: (filter) => queryEvents(connection, filter, databaseId(), blob),
  };
}

/** Reads the id once: the file under an open connection is never given another. */
function databaseIdReader(connection: Connection): () => string {
  let known: string | null = null;
  return () => {
    known ??= connection.one<{ id: string }>('SELECT id FROM database_id')?.id ?? null;
    if (known === null) throw storeError('corrupt', 'it has no id', connection.path);
    return known;
  };
}

const COLUMNS = 'e.id, h.id AS run, e.seq, e.at, e.type, e.path, e.payload, e.refs';

/** Events of a run that was removed, and that upkeep has not cleared yet, are there for nobody. */
const OF_RUN = 'CROSS JOIN run_head h ON h.rid = e.rid';

function tailRows(
  connection: Connection,
  afterId: number,
  limit: number,
  runId: RunId | undefined,
): StoredEventColumns[] {
  if (runId === undefined) {
    return connection.all(
      `SELECT ${COLUMNS} FROM events e ${OF_RUN} WHERE e.id > ? ORDER BY e.id LIMIT ?`,
      afterId,
      limit,
    );
  }
  const run = connection.one<{ rid: number }>('SELECT rid FROM run_head WHERE id = ?', runId);
  if (run === null) return [];
  // Ids rise with sequences: from the end back to the last one already seen.
  return connection.all(
    `SELECT ${COLUMNS} FROM events e ${OF_RUN} WHERE e.rid = ?1 AND e.seq > coalesce(
       (SELECT seq FROM events WHERE rid = ?1 AND id <= ?2 ORDER BY seq DESC LIMIT 1), 0)
     ORDER BY e.seq LIMIT ?3`,
    run.rid,
    afterId,
    limit,
  );
}

interface Walk {
  readonly index: string;
  readonly term: string | null;
  readonly bindings: readonly (string | number)[];
}

function queryEvents(
  connection: Connection,
  filter: EventFilter,
  databaseId: string,
  blob: (hash: string) => string,
): Page<StoredEvent> {
  const { cursor } = filter;
  const after = cursor === undefined ? null : decodeEventsCursor(databaseId, cursor);
  const rows = walks(connection, filter)
    .flatMap((walk) => walkEvents(connection, filter, walk, after))
    .sort((a, b) => b.at - a.at || b.id - a.id);
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return {
    items: page.map((row) => decodeStored(row, blob)),
    nextCursor: more ? encodeEventsCursor(databaseId, last.at, last.id) : null,
  };
}

/** Which index to walk: the run's, one walk for each rare type, else all events by time. */
function walks(connection: Connection, filter: EventFilter): readonly Walk[] {
  if (filter.runId !== undefined) {
    const run = connection.one<{ rid: number }>(
      'SELECT rid FROM run_head WHERE id = ?',
      filter.runId,
    );
    return run === null ? [] : [{ index: 'events_run', term: 'e.rid = ?', bindings: [run.rid] }];
  }
  const { types } = filter;
  if (types === undefined || types.length > MAX_TYPE_WALKS || types.some(isEveryday)) {
    return [{ index: 'events_at', term: null, bindings: [] }];
  }
  return [...new Set(types)].map((type) => ({
    index: 'events_notable',
    term: 'e.notable = ?',
    bindings: [type],
  }));
}

function walkEvents(
  connection: Connection,
  filter: EventFilter,
  { index, term, bindings: first }: Walk,
  after: readonly [number, number] | null,
): StoredEventColumns[] {
  const terms = term === null ? [] : [term];
  const bindings: (string | number)[] = [...first];
  const add = (more: string, ...values: (string | number)[]): void => {
    terms.push(more);
    bindings.push(...values);
  };
  if (filter.path !== undefined) add('e.path = ?', filter.path);
  if (filter.types !== undefined && index !== 'events_notable') {
    add('e.type IN (SELECT value FROM json_each(?))', JSON.stringify(filter.types));
  }
  if (filter.since !== undefined) add('e.at >= ?', filter.since);
  if (filter.until !== undefined) add('e.at <= ?', filter.until);
  if (after !== null) {
    const [at, id] = after;
    add('e.at <= ? AND (e.at < ? OR e.id < ?)', at, at, id);
  }
  const where = terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`;
  const order = index === 'events_run' ? 'e.seq DESC' : 'e.at DESC, e.id DESC';
  return connection.all(
    `SELECT ${COLUMNS} FROM events e INDEXED BY ${index} ${OF_RUN} ${where} ORDER BY ${order} LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
}
