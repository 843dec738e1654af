/** What about an expression is legal and may mean something else to who wrote it. */
import type { Issue } from '../model/issue.ts';
import type { ScheduleCalculator } from '../model/schedule.ts';

/** Times that a warning shows. */
const SHOWN_TIMES = 5;
/** Characters of a time without seconds and zone. */
const MINUTES = 16;

/** Warns when either of two day fields counts though one begins with `*`, and shows what that gives. */
export function expressionDoubts(
  calculator: ScheduleCalculator,
  written: { readonly expression: string; readonly timezone: string | null },
  nowMs: number,
  path: string,
): readonly Issue[] {
  const read = calculator.read(written, nowMs);
  if (!read.ok || read.eitherDay === undefined) return [];
  const { expression, timezone, eitherDay } = read;
  const timing = { expression, timezone, createdAt: nowMs, firstAt: null };
  const times = calculator.times(timing, { afterMs: nowMs, limit: SHOWN_TIMES });
  const next = times.map((at) => calculator.local(at, timezone).slice(0, MINUTES)).join(', ');
  return [
    {
      path,
      code: 'EITHER_DAY',
      message: `it fires when the day of the month or the weekday fits, also beside ${eitherDay}; next in ${timezone}: ${next}`,
      hint: 'where both must fit write * in one of the fields and let a guard look at the other',
      severity: 'warning',
    },
  ];
}
