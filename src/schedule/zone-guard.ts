/**
 * Keeps schedules to the rules of their time zones: brings next times to the rules of this process where
 * these are the newest, and leaves alone what a process with other, newer rules has to fire.
 */
import type { ScheduleRow } from '../model/schedule.ts';
import { followedNext, placeRecorded, zoneProblem } from '../model/schedule-places.ts';
import { moveNext } from './decide.ts';
import { factOf, zoneNotice } from './notices.ts';
import type { SchedulerDeps } from './scheduler-deps.ts';

export interface ZoneGuard {
  /** Ids of the schedules that this process leaves alone. */
  held(): readonly string[];
  /** True when this process may fire the schedule; says once why it may not. */
  admits(schedule: ScheduleRow): boolean;
  /** Writes the next time by the rules of this process; false when the row holds it already. */
  follow(schedule: ScheduleRow): boolean;
  /** Completes what programs have written that know no places on clocks. */
  completeOthers(): void;
  /** Asks again of every schedule when anything has been written; the same `version`: nothing has. */
  forget(version: string): void;
}

const PER_LOOK = 50;

/** Makes the guard of one process. */
export function createZoneGuard(deps: SchedulerDeps): ZoneGuard {
  const { store, calculator, clock, log, tell } = deps;
  const held = new Set<string>();
  const said = new Set<string>();
  let seen = '';

  const hold = (schedule: ScheduleRow, reason: string): void => {
    held.add(schedule.id);
    const logged = `${schedule.id} ${reason}`;
    if (!said.has(logged)) {
      said.add(logged);
      log.warn('a schedule is not fired here', { schedule: schedule.name, reason });
    }
    if (schedule.nextAt === null || schedule.nextAt > clock.now() || said.has(`told ${logged}`)) {
      return;
    }
    said.add(`told ${logged}`);
    tell(factOf(zoneNotice(schedule, reason)));
  };
  const admits = (schedule: ScheduleRow): boolean => {
    const problem = zoneProblem(calculator, schedule);
    if (problem !== null) hold(schedule, problem);
    return problem === null;
  };

  return {
    held: () => [...held],
    admits,
    follow(schedule) {
      const next = followedNext(calculator, schedule, clock.now());
      if (next === null) return false;
      // One that was changed meanwhile is looked at again.
      store.record(moveNext(schedule, next, clock.now()));
      return true;
    },
    completeOthers() {
      placeRecorded(store, calculator);
      for (const schedule of store.unplacedSchedules(PER_LOOK, [...held])) {
        if (!admits(schedule)) continue;
        const { nextAt, fireAt, nextLocal, zoneRules } = schedule;
        const next = followedNext(calculator, schedule, clock.now());
        const same = { nextAt, fireAt, nextLocal, zoneRules };
        store.record(moveNext(schedule, next ?? same, clock.now()));
      }
    },
    forget(version) {
      if (version === seen) return;
      seen = version;
      held.clear();
    },
  };
}
