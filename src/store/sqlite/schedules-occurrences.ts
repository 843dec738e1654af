/**
 * What became of a schedule's times. `record` is one transaction; the fence is the schedule's
 * revision, and the key (schedule, time) lets a time start one run at most.
 *
 * How a run ended is read from the run while it is there; when it is removed, the database itself
 * copies it into the occurrence (a trigger, see the migration), whoever removes it.
 */
import { AppError } from '../../model/error.ts';
import type { RunId } from '../../model/ids.ts';
import type { RunStatus } from '../../model/run-status.ts';
import { DISABLED, type LocalTime, type OccurrenceRow } from '../../model/schedule.ts';
import type {
  NewOccurrence,
  OccurrenceFilter,
  PlacedTime,
  RecordOutcome,
  ScheduleRecord,
  ScheduleStore,
  UnfinishedRun,
  UnplacedTime,
} from '../../model/schedule-store.ts';
import type { Page } from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import { noPlaceReason } from '../rules.ts';
import type { Connection } from './connection.ts';
import { deliver } from './inbox.ts';
import { insertPending } from './new-runs.ts';
import { nextColumns } from './schedules-next.ts';

type Part = Pick<
  ScheduleStore,
  | 'record'
  | 'recordAll'
  | 'occurrence'
  | 'occurrenceAt'
  | 'unplacedOccurrences'
  | 'placeOccurrences'
  | 'occurrenceOfRun'
  | 'occurrences'
  | 'schedulesWithQueued'
  | 'queuedOccurrences'
  | 'unfinishedRuns'
  | 'pruneOccurrences'
  | 'untoldScheduleNotices'
  | 'scheduleNoticeTold'
>;

/** The occurrences part of the store. */
export function createOccurrences(connection: Connection): Part {
  return {
    record: (record) => connection.write(() => write(connection, record)),
    recordAll: (records) =>
      connection.write(() => records.map((record) => write(connection, record))),
    occurrence: (scheduleId, dueAt) => readOccurrence(connection, scheduleId, dueAt),
    occurrenceAt(scheduleId, place) {
      const dueAt = dueAtOf(connection, scheduleId, place);
      return dueAt === null ? null : readOccurrence(connection, scheduleId, dueAt);
    },
    unplacedOccurrences: (limit) =>
      connection.all<UnplacedTime>(
        `SELECT schedule_id AS scheduleId, due_at AS dueAt, origin FROM occurrences
         WHERE local IS NULL ORDER BY schedule_id, due_at LIMIT ?`,
        limit,
      ),
    placeOccurrences: (places) => {
      connection.write(() => {
        for (const each of places) placeOccurrence(connection, each);
      });
    },
    occurrenceOfRun(runId) {
      const row = connection.one<Columns>(`${SELECT} WHERE o.run_id = ?`, runId);
      return row && toOccurrence(row);
    },
    occurrences: (filter) => listOccurrences(connection, filter),
    schedulesWithQueued: () =>
      connection
        .all<{ id: string }>(
          `SELECT DISTINCT schedule_id AS id FROM occurrences WHERE outcome = 'queued' ORDER BY id`,
        )
        .map(({ id }) => id),
    queuedOccurrences: (scheduleId, by, limit) =>
      connection
        .all<Columns>(
          `${SELECT} WHERE o.schedule_id = ? AND o.outcome = 'queued'
             AND (o.origin = 'backfill') = ? ORDER BY o.due_at LIMIT ?`,
          scheduleId,
          by === 'backfill' ? 1 : 0,
          limit,
        )
        .map(toOccurrence),
    unfinishedRuns: (scheduleId) =>
      connection.all<UnfinishedRun>(
        `SELECT h.id AS runId, h.status, o.origin, o.due_at AS dueAt
         FROM occurrences o JOIN run_head h ON h.id = o.run_id
         WHERE o.schedule_id = ? AND h.status IN ('pending', 'active', 'suspended')
         ORDER BY o.due_at`,
        scheduleId,
      ),
    pruneOccurrences: (scheduleId, keep) =>
      connection.write(() => prune(connection, scheduleId, keep), 'relaxed'),
    untoldScheduleNotices: (limit) =>
      connection
        .all<{ id: number; kind: 'schedule_missed' | 'schedule_paused'; payload: string }>(
          'SELECT id, kind, payload FROM schedule_notices ORDER BY id LIMIT ?',
          limit,
        )
        .map((row) => ({ ...row, payload: JSON.parse(row.payload) })),
    scheduleNoticeTold: (id) => {
      connection.write(() => connection.run('DELETE FROM schedule_notices WHERE id = ?', id));
    },
  };
}

interface Columns extends Omit<OccurrenceRow, 'run' | 'local'> {
  readonly zone: string | null;
  readonly local: string | null;
  readonly pass: number | null;
  readonly runId: RunId | null;
  readonly liveStatus: RunStatus | null;
  readonly status: RunStatus | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: string | null;
}

const SELECT = `SELECT o.schedule_id AS scheduleId, o.due_at AS dueAt, o.zone, o.local, o.pass, o.outcome, o.reason, o.origin,
    o.decided_at AS decidedAt, o.waits_for AS waitsFor, o.parallel, o.run_id AS runId,
    h.status AS liveStatus, coalesce(h.status, o.run_status) AS status,
    coalesce(h.created_at, o.run_created_at) AS startedAt,
    coalesce(h.ended_at, o.run_ended_at) AS endedAt,
    CASE WHEN h.status IS NULL THEN o.run_error ELSE h.error END AS error
  FROM occurrences o LEFT JOIN run_head h ON h.id = o.run_id`;

function toOccurrence(columns: Columns): OccurrenceRow {
  const { runId, liveStatus, status, startedAt, endedAt, error, zone, local, pass, ...rest } =
    columns;
  const isPlaced = zone !== null && local !== null && local !== '';
  const row = { ...rest, local: isPlaced ? { zone, local, pass: pass ?? 0 } : null };
  if (runId === null || status === null) return { ...row, run: null };
  const durationMs = endedAt === null || startedAt === null ? null : endedAt - startedAt;
  return {
    ...row,
    run: {
      runId,
      status,
      durationMs,
      error: error === null ? null : JSON.parse(error),
      removed: liveStatus === null,
    },
  };
}

function readOccurrence(
  connection: Connection,
  scheduleId: string,
  dueAt: number,
): OccurrenceRow | null {
  const row = connection.one<Columns>(
    `${SELECT} WHERE o.schedule_id = ? AND o.due_at = ?`,
    scheduleId,
    dueAt,
  );
  return row && toOccurrence(row);
}

function listOccurrences(connection: Connection, filter: OccurrenceFilter): Page<OccurrenceRow> {
  const terms = ['o.schedule_id = ?'];
  const bindings: (string | number)[] = [filter.scheduleId];
  const add = (term: string, value: string | number): void => {
    terms.push(term);
    bindings.push(value);
  };
  if (filter.since !== undefined) add('o.due_at >= ?', filter.since);
  if (filter.until !== undefined) add('o.due_at <= ?', filter.until);
  if (filter.outcomes !== undefined) {
    add('o.outcome IN (SELECT value FROM json_each(?))', JSON.stringify(filter.outcomes));
  }
  if (filter.cursor !== undefined) {
    add('o.due_at < ?', decodeRowCursor('occurrences', filter.cursor)[0]);
  }
  const rows = connection.all<Columns>(
    `${SELECT} WHERE ${terms.join(' AND ')} ORDER BY o.due_at DESC LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
  const items = rows.slice(0, filter.limit).map(toOccurrence);
  const last = items.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor('occurrences', [last.dueAt, 0]) : null };
}

function write(connection: Connection, record: ScheduleRecord): RecordOutcome {
  const { scheduleId, revision, next, pause } = record;
  const { changes } = connection.run(
    'UPDATE schedules SET revision = revision + 1 WHERE id = ? AND revision = ?',
    scheduleId,
    revision,
  );
  if (changes === 0) return { ok: false, reason: 'changed' };
  const taken: number[] = [];
  for (const occurrence of record.occurrences) {
    if (!put(connection, record, occurrence)) taken.push(occurrence.dueAt);
  }
  for (const message of record.sends) deliver(connection, message);
  if (next !== null) {
    const columns = nextColumns(next);
    connection.run(
      `UPDATE schedules SET ${columns.map(([column]) => `${column} = ?`).join(', ')} WHERE id = ?`,
      ...columns.map(([, value]) => value),
      scheduleId,
    );
  }
  if (pause !== null) {
    connection.run(
      'UPDATE schedules SET enabled = 0, paused_reason = ?, updated_at = ? WHERE id = ?',
      pause,
      record.at,
      scheduleId,
    );
    skipQueued(connection, scheduleId, record.at);
  }
  for (const { kind, payload } of record.notices) {
    connection.run(
      'INSERT INTO schedule_notices (kind, payload) VALUES (?, ?)',
      kind,
      JSON.stringify(payload),
    );
  }
  return { ok: true, revision: revision + 1, taken };
}

/** False when this time had been decided before. */
function put(connection: Connection, record: ScheduleRecord, occurrence: NewOccurrence): boolean {
  const { run, local } = occurrence;
  const dueAt = dueAtOf(connection, record.scheduleId, local) ?? occurrence.dueAt;
  const { changes } = connection.run(
    `INSERT INTO occurrences
       (schedule_id, due_at, outcome, reason, origin, decided_at, waits_for, parallel, run_id,
        zone, local, pass)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
       origin = excluded.origin, decided_at = excluded.decided_at, waits_for = excluded.waits_for,
       parallel = excluded.parallel, run_id = excluded.run_id,
       zone = CASE WHEN local <> '' THEN zone ELSE excluded.zone END,
       pass = CASE WHEN local <> '' THEN pass ELSE excluded.pass END,
       local = CASE WHEN local <> '' THEN local ELSE excluded.local END
     WHERE outcome IN (SELECT value FROM json_each(?))`,
    record.scheduleId,
    dueAt,
    occurrence.outcome,
    occurrence.reason,
    occurrence.origin,
    record.at,
    occurrence.waitsFor,
    occurrence.parallel,
    run?.runId ?? null,
    local?.zone ?? null,
    local?.local ?? '',
    local?.pass ?? null,
    JSON.stringify(occurrence.replaces),
  );
  if (changes === 0) return false;
  const inserted = run === null ? null : insertPending(connection, run);
  if (inserted === null || !('refused' in inserted)) return true;
  const { refused } = inserted;
  if (refused.ok || refused.reason !== 'no_place') {
    throw new AppError('INTERNAL', `run ${run?.runId} of a schedule is there already`);
  }
  connection.run(
    `UPDATE occurrences SET outcome = 'skipped', reason = ?, run_id = NULL
     WHERE schedule_id = ? AND due_at = ?`,
    noPlaceReason(refused.refusal),
    record.scheduleId,
    dueAt,
  );
  return true;
}

/** The instant under which the time at a place is recorded. */
function dueAtOf(
  connection: Connection,
  scheduleId: string,
  place: LocalTime | null,
): number | null {
  if (place === null) return null;
  const row = connection.one<{ dueAt: number }>(
    `SELECT due_at AS dueAt FROM occurrences
     WHERE schedule_id = ? AND zone = ? AND local = ? AND pass = ? AND local <> ''`,
    scheduleId,
    place.zone,
    place.local,
    place.pass,
  );
  return row?.dueAt ?? null;
}

/** Two times of before may claim one place, when the expression was another: it is the first one's. */
function placeOccurrence(connection: Connection, { scheduleId, dueAt, local }: PlacedTime): void {
  const place = dueAtOf(connection, scheduleId, local) === null ? local : null;
  connection.run(
    `UPDATE occurrences SET zone = ?, local = ?, pass = ?
     WHERE schedule_id = ? AND due_at = ? AND local IS NULL`,
    place?.zone ?? null,
    place?.local ?? '',
    place?.pass ?? null,
    scheduleId,
    dueAt,
  );
}

/** What waits for its turn will not get it any more. Inside a transaction. */
export function skipQueued(connection: Connection, scheduleId: string, at: number): void {
  connection.run(
    `UPDATE occurrences SET outcome = 'skipped', reason = ?, decided_at = ?
     WHERE schedule_id = ? AND outcome = 'queued'`,
    DISABLED,
    at,
    scheduleId,
  );
}

function prune(connection: Connection, scheduleId: string, keep: number): number {
  const oldest = connection.one<{ at: number }>(
    `SELECT due_at AS at FROM occurrences WHERE schedule_id = ?
     ORDER BY due_at DESC LIMIT 1 OFFSET ?`,
    scheduleId,
    keep,
  );
  if (oldest === null) return 0;
  return connection.run(
    `DELETE FROM occurrences WHERE schedule_id = ? AND due_at <= ? AND outcome <> 'queued'
       AND NOT EXISTS (SELECT 1 FROM run_head h WHERE h.id = run_id
         AND h.status IN ('pending', 'active', 'suspended'))`,
    scheduleId,
    oldest.at,
  ).changes;
}
