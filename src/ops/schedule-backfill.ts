/**
 * `schedule_backfill`: runs for times that have passed. They are recorded as queued, all at once, and
 * the daemon starts them one by one or so many at a time; so a crash loses none and doubles none.
 */
import type * as v from 'valibot';
import { AppError } from '../model/error.ts';
import { type DueTime, OUTCOMES, type Outcome, type ScheduleRow } from '../model/schedule.ts';
import { placeRecorded, recordedTime } from '../model/schedule-places.ts';
import type { NewOccurrence } from '../model/schedule-store.ts';
import { toRfc3339 } from '../model/time.ts';
import { hasClaimer } from './executors.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { scheduleBackfillInput, scheduleBackfillOutput } from './schedule-schemas.ts';
import { findSchedule, instantOf } from './schedule-view.ts';

type Input = v.InferOutput<typeof scheduleBackfillInput>;
type Output = v.InferOutput<typeof scheduleBackfillOutput>;

export function createScheduleBackfill(
  parts: OpsParts,
): Operation<typeof scheduleBackfillInput, typeof scheduleBackfillOutput> {
  return {
    name: 'schedule_backfill',
    summary: 'Start a schedule for times that have passed',
    input: scheduleBackfillInput,
    output: scheduleBackfillOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    handle: async (_ctx, input) => backfill(parts, input),
  };
}

/** Times that had a run, or are about to have one, stay as they are. */
const DONE: readonly Outcome[] = ['started', 'queued'];
const OPEN = OUTCOMES.filter((outcome) => !DONE.includes(outcome));
const MAX_TRIES = 20;

function backfill(parts: OpsParts, input: Input): Output {
  placeRecorded(parts.store, parts.calculator);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const schedule = findSchedule(parts, input.name);
    const times = timesOf(parts, schedule, input);
    const open = times
      .map((due) => ({ due, ...recordedTime(parts.store, schedule.id, due) }))
      .filter(({ before }) => before === null || !DONE.includes(before.outcome));
    const first = times[0];
    const last = times.at(-1);
    const result = {
      name: schedule.name,
      dry_run: input.dry_run,
      times: times.length,
      queued: open.length,
      already: times.length - open.length,
      first: first === undefined ? null : toRfc3339(first.at),
      last: last === undefined ? null : toRfc3339(last.at),
      has_executor: hasClaimer(parts),
    };
    if (input.dry_run || open.length === 0) return result;
    const occurrences = open.map(({ dueAt, due }) => queued(dueAt, due.local, input.parallel));
    const outcome = parts.store.record({
      scheduleId: schedule.id,
      revision: schedule.revision,
      at: parts.clock.now(),
      occurrences,
      sends: [],
      next: null,
      pause: null,
      notices: [],
    });
    if (outcome.ok) return result;
  }
  throw new AppError('CONFLICT', `"${input.name}" is changed all the time by somebody else`, {
    hint: 'try again',
  });
}

const queued = (dueAt: number, local: NewOccurrence['local'], parallel: number): NewOccurrence => ({
  dueAt,
  local,
  outcome: 'queued',
  reason: null,
  origin: 'backfill',
  waitsFor: null,
  parallel,
  run: null,
  replaces: OPEN,
});

/** The times from start to end, both included. @throws VALIDATION_ERROR */
function timesOf(
  { calculator, clock }: OpsParts,
  schedule: ScheduleRow,
  { start, end, limit }: Input,
): readonly DueTime[] {
  const startMs = instantOf('start', start);
  const endMs = instantOf('end', end);
  if (startMs > endMs) {
    throw new AppError('VALIDATION_ERROR', 'start: it is later than end', {
      hint: 'swap them',
    });
  }
  if (endMs > clock.now()) {
    throw new AppError('VALIDATION_ERROR', 'end: it is still to come', {
      hint: 'a backfill is for times that have passed; the schedule itself starts the others',
    });
  }
  const range = { afterMs: startMs - 1, untilMs: endMs, limit: limit + 1 };
  const times = calculator.due(schedule, range);
  if (times.length <= limit) return times;
  throw new AppError('VALIDATION_ERROR', `there are more than ${limit} times in this range`, {
    hint: 'narrow start and end, or raise limit',
  });
}
