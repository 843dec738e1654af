/** Schedules and occurrences as they leave the product, and finding one by its name. */
import { suggestion } from '../core/graph-nearest.ts';
import { AppError } from '../model/error.ts';
import type { LocalTime, OccurrenceRow, ScheduleRow } from '../model/schedule.ts';
import { zoneProblem } from '../model/schedule-places.ts';
import { parseRfc3339, toRfc3339 } from '../model/time.ts';
import type { OpsParts } from './parts.ts';
import type { OccurrenceView, ScheduleView } from './schedule-schemas.ts';

const NEXT_TIMES = 5;
const HISTORY = 20;
/** Names that an unknown one is compared with, and those that are listed. */
const LOOKED_AT = 1000;
const SHOWN = 6;

/** @throws NOT_FOUND naming what there is */
export function findSchedule({ store }: OpsParts, name: string): ScheduleRow {
  const found = store.scheduleByName(name);
  if (found !== null) return found;
  const others = store.schedules({ limit: LOOKED_AT }).items.map((row) => row.name);
  const more = others.length > SHOWN ? ', …' : '';
  const known = `there are ${others.slice(0, SHOWN).join(', ')}${more}`;
  throw new AppError('NOT_FOUND', `there is no schedule "${name}"`, {
    hint: others.length === 0 ? 'there are none yet' : (suggestion(name, others) ?? known),
  });
}

/** A place on the clocks in one line. */
const localText = ({ local, zone, pass }: LocalTime): string =>
  `${local} ${zone}${pass === 0 ? '' : ' (second pass)'}`;

/** What became of one time. */
export const occurrenceOf = (row: OccurrenceRow): OccurrenceView => ({
  due_at: toRfc3339(row.dueAt),
  ...(row.local === null ? {} : { local: localText(row.local) }),
  outcome: row.outcome,
  ...(row.reason === null ? {} : { reason: row.reason }),
  origin: row.origin,
  decided_at: toRfc3339(row.decidedAt),
  ...(row.run === null
    ? {}
    : {
        run: {
          workflow_id: row.run.runId,
          status: row.run.status,
          duration_ms: row.run.durationMs,
          ...(row.run.error === null ? {} : { error: row.run.error }),
          removed: row.run.removed,
        },
      }),
});

/** A schedule with its next times and its last one; `withHistory`: with more of these. */
export function scheduleOf(parts: OpsParts, row: ScheduleRow, withHistory = false): ScheduleView {
  const { store, calculator } = parts;
  const limit = withHistory ? HISTORY : 1;
  const past = store.occurrences({ scheduleId: row.id, limit }).items.map(occurrenceOf);
  const [last] = past;
  const afterMs = (row.nextAt ?? Number.POSITIVE_INFINITY) - 1;
  const problem = row.enabled ? zoneProblem(calculator, row) : null;
  const next = row.enabled ? calculator.times(row, { afterMs, limit: NEXT_TIMES }) : [];
  return {
    name: row.name,
    template: row.template,
    version: row.version,
    params: row.params,
    agent_id: row.agentId,
    expression: row.expression,
    timezone: row.timezone,
    overlap: row.overlap,
    catch_up: row.catchUpMs === null ? 'all' : catchUpText(row.catchUpMs),
    jitter_ms: row.jitterMs,
    pause_after: row.pauseAfter,
    ...(row.firstAt === null ? {} : { first_at: toRfc3339(row.firstAt) }),
    enabled: row.enabled,
    ...(row.pausedReason === null ? {} : { paused_reason: row.pausedReason }),
    ...(problem === null ? {} : { zone_problem: problem }),
    ...(row.owner === null ? {} : { trigger_of: row.owner.template }),
    created_at: toRfc3339(row.createdAt),
    created_by: row.createdBy,
    next: next.map(toRfc3339),
    ...(last === undefined ? {} : { last }),
    ...(withHistory ? { history: past } : {}),
  };
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;

/** Exactly, so that it can be given back as it is. */
function catchUpText(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => ms % each === 0) ?? ([1, 'ms'] as const);
  return ms === 0 ? '0' : `${ms / size}${unit}`;
}

/** An instant of an argument, epoch milliseconds. @throws VALIDATION_ERROR naming the argument */
export function instantOf(field: string, text: string): number {
  const ms = parseRfc3339(text);
  if (ms !== null) return ms;
  throw new AppError('VALIDATION_ERROR', `${field}: "${text}" is no time`, {
    hint: 'RFC 3339 with a zone, such as 2026-01-31T12:00:00Z',
  });
}
