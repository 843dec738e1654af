/** `schedule_history`: what became of a schedule's times; and the list of schedules for `query`. */
import type * as v from 'valibot';
import type { ScheduleRow } from '../model/schedule.ts';
import { checkFields, pageOf, type QueryFilter, timesOf, valuesOf } from './filter.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { FILTER_STATUSES, type queryOutput } from './query-schemas.ts';
import { scheduleHistoryInput, scheduleHistoryOutput } from './schedule-schemas.ts';
import { findSchedule, instantOf, occurrenceOf, scheduleOf } from './schedule-view.ts';

export function createScheduleHistory(
  parts: OpsParts,
): Operation<typeof scheduleHistoryInput, typeof scheduleHistoryOutput> {
  return {
    name: 'schedule_history',
    summary: "Show what became of a schedule's times, newest first",
    input: scheduleHistoryInput,
    output: scheduleHistoryOutput,
    surfaces: NOT_MCP,
    access: 'read',
    async handle(_ctx, { name, outcome, since, until, limit, cursor }) {
      const { id } = findSchedule(parts, name);
      const page = parts.store.occurrences({
        scheduleId: id,
        limit,
        ...(outcome === undefined ? {} : { outcomes: outcome }),
        ...(since === undefined ? {} : { since: instantOf('since', since) }),
        ...(until === undefined ? {} : { until: instantOf('until', until) }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const occurrences = page.items.map(occurrenceOf);
      if (page.nextCursor === null) return { name, occurrences };
      return { name, occurrences, next_cursor: page.nextCursor };
    },
  };
}

const STATUSES = FILTER_STATUSES.schedules;

const statusOf = (row: ScheduleRow): (typeof STATUSES)[number] => {
  if (row.enabled) return 'enabled';
  return row.pausedReason === null ? 'disabled' : 'paused';
};

/** By name. A filter with the exact name of one gives that one with its history. */
export function listSchedules(
  parts: OpsParts,
  filter: QueryFilter,
): v.InferOutput<typeof queryOutput> {
  checkFields('schedules', filter);
  const { store } = parts;
  const { name, template_name: template, agent_id: agent } = filter;
  const statuses = valuesOf('status', filter.status ?? [...STATUSES], STATUSES);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = timesOf(filter);
  const isWanted = (row: ScheduleRow): boolean =>
    statuses.includes(statusOf(row)) &&
    (template === undefined || row.template === template) &&
    (agent === undefined || row.agentId === agent) &&
    row.createdAt >= since &&
    row.createdAt <= until;
  const exact = name === undefined ? null : store.scheduleByName(name);
  if (exact !== null) {
    return { schedules: isWanted(exact) ? [scheduleOf(parts, exact, true)] : [] };
  }
  const page = pageOf(
    (limit, cursor) => store.schedules({ limit, ...(cursor === undefined ? {} : { cursor }) }),
    filter,
    (row) => isWanted(row) && row.name.includes(name ?? ''),
  );
  const schedules = page.items.map((row) => scheduleOf(parts, row));
  return page.nextCursor === null ? { schedules } : { schedules, next_cursor: page.nextCursor };
}
