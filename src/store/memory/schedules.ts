/**
 * Schedules, occurrences, notices and webhooks in memory. A run that the store forgets is still held
 * by its occurrence, so its result stays.
 */
import { isRunEnded } from '../../model/run-status.ts';
import type { LocalTime, OccurrenceRow, ScheduleRow } from '../../model/schedule.ts';
import type {
  OccurrenceFilter,
  RecordOutcome,
  ScheduleFilter,
  ScheduleRecord,
  ScheduleStore,
} from '../../model/schedule-store.ts';
import type { Page } from '../../model/store.ts';
import { decodeNameCursor, decodeRowCursor, encodeCursor } from '../cursor.ts';
import { noPlaceReason } from '../rules.ts';
import { deliver } from './inbox.ts';
import { type Inserted, insertRun } from './new-runs.ts';
import {
  byName,
  changeRow,
  compareText,
  type Occurrence,
  type Schedules,
  skipQueued,
} from './schedules-state.ts';
import { type TriggerPart, triggerRows } from './schedules-triggers.ts';
import type { MemoryState } from './state.ts';

/** The schedules part of the store over shared state. */
export function createSchedules(state: MemoryState): ScheduleStore {
  const all: Schedules = {
    state,
    rows: new Map(),
    occurrences: new Map(),
    webhooks: new Map(),
    uses: new Map(),
    notices: [],
    noticeIds: 0,
  };
  return {
    ...scheduleRows(all),
    ...occurrenceRows(all),
    ...triggerRows(all),
    scheduleWrites: () => state.writes,
  };
}

type RowPart = Pick<
  ScheduleStore,
  | 'addSchedule'
  | 'changeSchedule'
  | 'removeSchedule'
  | 'schedule'
  | 'scheduleByName'
  | 'schedules'
  | 'nextFireAt'
  | 'dueSchedules'
  | 'unplacedSchedules'
  | 'suspendSchedules'
>;

function scheduleRows(all: Schedules): RowPart {
  const { state, rows } = all;
  return {
    addSchedule(schedule) {
      state.writes += 1;
      if (byName(all, schedule.name) !== null) return false;
      rows.set(schedule.id, schedule);
      return true;
    },
    changeSchedule: (id, revision, change) => changeRow(all, id, revision, change),
    removeSchedule(id) {
      state.writes += 1;
      all.occurrences.delete(id);
      return rows.delete(id);
    },
    schedule: (id) => rows.get(id) ?? null,
    scheduleByName: (name) => byName(all, name),
    schedules: (filter) => listSchedules(all, filter),
    nextFireAt: (except = []) => firing(all, except)[0]?.fireAt ?? null,
    // Nothing here was written by a program of before.
    unplacedSchedules: () => [],
    dueSchedules: (nowMs, limit, except = []) =>
      firing(all, except)
        .filter(({ fireAt }) => fireAt !== null && fireAt <= nowMs)
        .slice(0, limit),
    suspendSchedules(reason, at) {
      const enabled = [...rows.values()].filter((row) => row.enabled);
      const change = { enabled: false, pausedReason: reason, updatedAt: at };
      for (const { id } of enabled) changeRow(all, id, null, change);
      for (const id of all.occurrences.keys()) skipQueued(all, id, at);
      return enabled.length;
    },
  };
}

const firing = ({ rows }: Schedules, except: readonly string[]): ScheduleRow[] =>
  [...rows.values()]
    .filter((row) => row.enabled && row.fireAt !== null && !except.includes(row.id))
    .sort((a, b) => (a.fireAt ?? 0) - (b.fireAt ?? 0) || compareText(a.name, b.name));

function listSchedules(all: Schedules, filter: ScheduleFilter): Page<ScheduleRow> {
  const after = filter.cursor === undefined ? '' : decodeNameCursor('schedules', filter.cursor);
  const found = [...all.rows.values()]
    .filter((row) => filter.template === undefined || row.template === filter.template)
    .filter((row) => filter.owner === undefined || row.owner?.template === filter.owner)
    .filter((row) => filter.enabled === undefined || row.enabled === filter.enabled)
    .filter((row) => compareText(row.name, after) > 0)
    .sort((a, b) => compareText(a.name, b.name));
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor('schedules', [last.name]) : null };
}

function occurrenceRows(
  all: Schedules,
): Omit<ScheduleStore, keyof RowPart | keyof TriggerPart | 'scheduleWrites'> {
  return {
    record: (record) => write(all, record),
    recordAll: (records) => records.map((record) => write(all, record)),
    occurrence: (scheduleId, dueAt) => viewOf(all, all.occurrences.get(scheduleId)?.get(dueAt)),
    occurrenceAt: (scheduleId, place) => viewOf(all, standingAt(all, scheduleId, place)),
    unplacedOccurrences: () => [],
    placeOccurrences: () => undefined,
    occurrenceOfRun: (runId) =>
      viewOf(
        all,
        every(all).find(({ run }) => run?.created.runId === runId),
      ),
    occurrences: (filter) => listOccurrences(all, filter),
    schedulesWithQueued: () => {
      const queued = every(all).filter(({ row }) => row.outcome === 'queued');
      return [...new Set(queued.map(({ row }) => row.scheduleId))].sort(compareText);
    },
    queuedOccurrences: (scheduleId, by, limit) =>
      of(all, scheduleId)
        .reverse()
        .filter(({ row }) => row.outcome === 'queued')
        .filter(({ row }) => (row.origin === 'backfill') === (by === 'backfill'))
        .slice(0, limit)
        .flatMap((found) => viewOf(all, found) ?? []),
    unfinishedRuns: (scheduleId) =>
      of(all, scheduleId)
        .filter(({ run }) => run !== null && !isRunEnded(run.status))
        .reverse()
        .flatMap(({ row, run }) =>
          run === null
            ? []
            : [
                {
                  runId: run.created.runId,
                  status: run.status,
                  origin: row.origin,
                  dueAt: row.dueAt,
                },
              ],
        ),
    pruneOccurrences: (scheduleId, keep) => prune(all, scheduleId, keep),
    untoldScheduleNotices: (limit) => all.notices.slice(0, limit),
    scheduleNoticeTold(id) {
      all.state.writes += 1;
      all.notices = all.notices.filter((notice) => notice.id !== id);
    },
  };
}

const every = ({ occurrences }: Schedules): Occurrence[] =>
  [...occurrences.values()].flatMap((byTime) => [...byTime.values()]);

const standingAt = (
  { occurrences }: Schedules,
  scheduleId: string,
  { zone, local, pass }: LocalTime,
): Occurrence | undefined =>
  [...(occurrences.get(scheduleId)?.values() ?? [])].find(
    ({ row }) => row.local?.zone === zone && row.local.local === local && row.local.pass === pass,
  );

/** Newest first. */
const of = ({ occurrences }: Schedules, scheduleId: string): Occurrence[] =>
  [...(occurrences.get(scheduleId)?.values() ?? [])].sort((a, b) => b.row.dueAt - a.row.dueAt);

function viewOf({ state }: Schedules, found: Occurrence | undefined): OccurrenceRow | null {
  if (found === undefined) return null;
  const { row, run } = found;
  if (run === null) return { ...row, run: null };
  const { runId, createdAt } = run.created;
  return {
    ...row,
    run: {
      runId,
      status: run.status,
      durationMs: run.endedAt === null ? null : run.endedAt - createdAt,
      error: run.error === null ? null : { ...run.error },
      removed: !state.runs.has(runId),
    },
  };
}

function listOccurrences(all: Schedules, filter: OccurrenceFilter): Page<OccurrenceRow> {
  const { since, until, outcomes, cursor, limit } = filter;
  const before = cursor === undefined ? Infinity : decodeRowCursor('occurrences', cursor)[0];
  const found = of(all, filter.scheduleId).filter(
    ({ row }) =>
      row.dueAt < before &&
      row.dueAt >= (since ?? row.dueAt) &&
      row.dueAt <= (until ?? row.dueAt) &&
      (outcomes?.includes(row.outcome) ?? true),
  );
  const items = found.slice(0, limit).flatMap((each) => viewOf(all, each) ?? []);
  const last = items.at(-1);
  const more = found.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor('occurrences', [last.dueAt, 0]) : null };
}

function write(all: Schedules, record: ScheduleRecord): RecordOutcome {
  const { scheduleId, at, pause, next } = record;
  const schedule = all.rows.get(scheduleId);
  if (schedule === undefined || schedule.revision !== record.revision) {
    return { ok: false, reason: 'changed' };
  }
  all.state.writes += 1;
  const revision = schedule.revision + 1;
  const byTime = all.occurrences.get(scheduleId) ?? new Map<number, Occurrence>();
  all.occurrences.set(scheduleId, byTime);
  const taken = putAll(all, record, byTime);
  for (const message of record.sends) deliver(all.state, message);
  const paused =
    pause === null ? {} : { enabled: false, pausedReason: pause, updatedAt: record.at };
  all.rows.set(scheduleId, { ...schedule, revision, ...next, ...paused });
  if (pause !== null) skipQueued(all, scheduleId, at);
  for (const notice of record.notices) {
    all.noticeIds += 1;
    all.notices.push({ ...notice, id: all.noticeIds });
  }
  return { ok: true, revision, taken };
}

/** Writes what was not decided before; answers the times that were. */
function putAll(
  all: Schedules,
  { scheduleId, at, occurrences }: ScheduleRecord,
  byTime: Map<number, Occurrence>,
): readonly number[] {
  const taken: number[] = [];
  for (const { run: created, replaces, ...occurrence } of occurrences) {
    const { local } = occurrence;
    const stands = local === null ? undefined : standingAt(all, scheduleId, local);
    const before = stands ?? byTime.get(occurrence.dueAt);
    if (before !== undefined && !replaces.includes(before.row.outcome)) {
      taken.push(occurrence.dueAt);
      continue;
    }
    const inserted = created === null ? null : insertRun(all.state, created);
    const run = created === null ? null : (all.state.runs.get(created.runId) ?? null);
    const dueAt = before?.row.dueAt ?? occurrence.dueAt;
    const place = { dueAt, local: before?.row.local ?? local };
    const row = { ...occurrence, ...skippedBy(inserted), ...place, scheduleId, decidedAt: at };
    byTime.set(dueAt, { row, run });
  }
  return taken;
}

/** A time whose run finds no place and may not wait for one starts nothing. */
function skippedBy(inserted: Inserted | null): Partial<Pick<OccurrenceRow, 'outcome' | 'reason'>> {
  if (inserted === null || !('refused' in inserted)) return {};
  const { refused } = inserted;
  if (refused.ok || refused.reason !== 'no_place') return {};
  return { outcome: 'skipped', reason: noPlaceReason(refused.refusal) };
}

function prune(all: Schedules, scheduleId: string, keep: number): number {
  all.state.writes += 1;
  let removed = 0;
  for (const { row, run } of of(all, scheduleId).slice(keep)) {
    if (row.outcome === 'queued' || (run !== null && !isRunEnded(run.status))) continue;
    all.occurrences.get(scheduleId)?.delete(row.dueAt);
    removed += 1;
  }
  return removed;
}
