/**
 * Schedule rows: adding, changing, reading, and what fires next. Occurrences and triggers are in the
 * files of their names.
 */
import type { ScheduleRow } from '../../model/schedule.ts';
import type { ScheduleFilter, ScheduleStore } from '../../model/schedule-store.ts';
import type { Page } from '../../model/store.ts';
import { decodeNameCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';
import type { Value } from './schedules-next.ts';
import { createOccurrences, skipQueued } from './schedules-occurrences.ts';
import {
  type Columns,
  changeRow,
  insertSchedule,
  readOne,
  removeRow,
  SELECT,
  toSchedule,
} from './schedules-rows.ts';
import { createTriggers } from './schedules-triggers.ts';
import { createWebhookUses } from './webhook-uses.ts';

/** The schedules part of the store. */
export function createSchedules(opened: Connection): ScheduleStore {
  let writes = 0;
  const connection: Connection = {
    ...opened,
    write(work, durability) {
      writes += 1;
      return opened.write(work, durability);
    },
  };
  return {
    ...createOccurrences(connection),
    ...createTriggers(connection),
    ...createWebhookUses(opened),
    scheduleWrites: () => writes,
    addSchedule: (schedule) => connection.write(() => insertSchedule(connection, schedule)),
    changeSchedule: (id, revision, change) =>
      connection.write(() => changeRow(connection, id, revision, change)),
    removeSchedule: (id) => connection.write(() => removeRow(connection, id)),
    schedule: (id) => readOne(connection, 'id = ?', id),
    scheduleByName: (name) => readOne(connection, 'name = ?', name),
    schedules: (filter) => listSchedules(connection, filter),
    nextFireAt: (except = []) =>
      connection.one<{ at: number | null }>(
        `SELECT min(fire_at) AS at FROM schedules
         WHERE enabled = 1 AND fire_at IS NOT NULL${notThese(except)}`,
        ...theseIds(except),
      )?.at ?? null,
    unplacedSchedules: (limit, except = []) =>
      connection
        .all<Columns>(
          `${SELECT} WHERE enabled = 1 AND next_at IS NOT NULL AND next_at IS NOT next_local_at
             ${notThese(except)} ORDER BY id LIMIT ?`,
          ...theseIds(except),
          limit,
        )
        .map(toSchedule),
    dueSchedules: (nowMs, limit, except = []) =>
      connection
        .all<Columns>(
          `${SELECT} WHERE enabled = 1 AND fire_at IS NOT NULL AND fire_at <= ?
             ${notThese(except)} ORDER BY fire_at, name LIMIT ?`,
          nowMs,
          ...theseIds(except),
          limit,
        )
        .map(toSchedule),
    suspendSchedules: (reason, at) =>
      connection.write(() => {
        const ids = connection.all<{ id: string }>('SELECT id FROM schedules WHERE enabled = 1');
        for (const { id } of ids) {
          changeRow(connection, id, null, { enabled: false, pausedReason: reason, updatedAt: at });
        }
        const queued = connection.all<{ id: string }>(
          `SELECT DISTINCT schedule_id AS id FROM occurrences WHERE outcome = 'queued'`,
        );
        for (const { id } of queued) skipQueued(connection, id, at);
        return ids.length;
      }),
  };
}

/** A term that leaves ids out, for the binding of `theseIds`; nothing without any. */
const notThese = (ids: readonly string[]): string =>
  ids.length === 0 ? '' : ' AND id NOT IN (SELECT value FROM json_each(?))';
const theseIds = (ids: readonly string[]): readonly string[] =>
  ids.length === 0 ? [] : [JSON.stringify(ids)];

function listSchedules(connection: Connection, filter: ScheduleFilter): Page<ScheduleRow> {
  const terms = ['name > ?'];
  const after = filter.cursor === undefined ? '' : decodeNameCursor('schedules', filter.cursor);
  const bindings: Value[] = [after];
  const add = (term: string, value: Value): void => {
    terms.push(term);
    bindings.push(value);
  };
  if (filter.template !== undefined) add('template = ?', filter.template);
  if (filter.owner !== undefined) add('owner_template = ?', filter.owner);
  if (filter.enabled !== undefined) add('enabled = ?', filter.enabled ? 1 : 0);
  const rows = connection.all<Columns>(
    `${SELECT} WHERE ${terms.join(' AND ')} ORDER BY name LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
  const page = rows.slice(0, filter.limit).map(toSchedule);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return { items: page, nextCursor: more ? encodeCursor('schedules', [last.name]) : null };
}
