/**
 * Times of a cron pattern in a zone: croner as a calculator, nothing of its timers.
 *
 * When clocks change: a pattern with a fixed hour and minute (no `*` and no step in either) whose time
 * is skipped comes once at the end of the gap, and once, the first time, when its time comes twice. All
 * others (`*`, steps) come at whatever the clock shows: not in the gap, and in both passes of the fold.
 */
import { Cron } from 'croner';

/** The first time of the pattern after `afterMs`, or null when there is none. */
export type NextTime = (afterMs: number) => number | null;

/** `pattern` as `readPattern` wrote it, `zone` as `Zones` knows it. */
export function createCron(pattern: string, zone: string): NextTime {
  const cron = new Cron(pattern, {
    mode: '5-part',
    paused: true,
    timezone: zone,
    fixedTimeRule: 'no-wildcard',
  });
  return (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}
