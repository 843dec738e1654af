/** `schedule_next`: the times of a schedule, or of an expression that somebody tries out. */
import { AppError } from '../model/error.ts';
import type { ScheduleTiming } from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { readTiming } from './schedule-fields.ts';
import { scheduleNextInput, scheduleNextOutput } from './schedule-schemas.ts';
import { findSchedule, instantOf } from './schedule-view.ts';

export function createScheduleNext(
  parts: OpsParts,
): Operation<typeof scheduleNextInput, typeof scheduleNextOutput> {
  const { calculator, clock } = parts;
  return {
    name: 'schedule_next',
    summary: 'Show when a schedule or an expression fires next',
    input: scheduleNextInput,
    output: scheduleNextOutput,
    surfaces: NOT_MCP,
    access: 'read',
    async handle(_ctx, { name, expression, timezone, after, count }) {
      const now = clock.now();
      const timing = timingOf(parts, { name, expression, timezone }, now);
      const afterMs = after === undefined ? now : instantOf('after', after);
      const times = calculator.times(timing, { afterMs, limit: count });
      return {
        expression: timing.expression,
        timezone: timing.timezone,
        times: times.map((at) => ({
          at: toRfc3339(at),
          local: calculator.local(at, timing.timezone),
        })),
      };
    },
  };
}

function timingOf(
  parts: OpsParts,
  given: {
    readonly name: string | undefined;
    readonly expression: string | undefined;
    readonly timezone: string | undefined;
  },
  now: number,
): ScheduleTiming {
  const { name, expression, timezone } = given;
  if ((name === undefined) === (expression === undefined)) {
    throw new AppError('VALIDATION_ERROR', 'give the name of a schedule, or an expression');
  }
  if (expression !== undefined) {
    const written = { expression, timezone: timezone ?? null };
    return { ...readTiming(parts.calculator, written, now), createdAt: now, firstAt: null };
  }
  if (timezone === undefined) return findSchedule(parts, name ?? '');
  throw new AppError('VALIDATION_ERROR', 'timezone: a schedule has its own', {
    hint: 'give an expression to try it in another zone',
  });
}
