/**
 * The scheduler of a daemon: waits for the next time, decides, records, starts.
 *
 * It keeps nothing that the store does not have, so it may be killed anywhere and another may run
 * beside it. It sleeps until the earliest time, but never long: each look also sees what others have
 * changed and where the wall clock has gone.
 */
import { messageOf } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { nextOf, type ScheduleRow } from '../model/schedule.ts';
import { countOn } from './count-on.ts';
import {
  type Decision,
  decideBackfill,
  decideDue,
  decideQueued,
  moveNext,
  pauseRecord,
} from './decide.ts';
import { planDue } from './due.ts';
import { factOf, pausedNotice, pauseReason } from './notices.ts';
import { failuresInARow } from './overlap.ts';
import type { SchedulerDeps } from './scheduler-deps.ts';
import { createZoneGuard, type ZoneGuard } from './zone-guard.ts';

export interface Scheduler {
  /** Something was changed or has ended: look now. */
  wake(): void;
  /** A run has ended: its schedule may pause, and what waited for it may start. */
  runEnded(runId: RunId): void;
  /** How late the earliest time is now, milliseconds; 0 when none is. */
  lagMs(): number;
  /** Resolves when nothing is decided any more. */
  close(): Promise<void>;
}

/** The longest sleep: what others changed, and a clock that was set, are seen after it. */
const LOOK_MS = 1000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** The wall clock moved by itself when it and the monotonic one differ by more. */
const JUMP_MS = 1000;
/**
 * A clock set back by less only waits: these times were started already. After more, times are
 * calculated anew, so that a clock that was far ahead for a while does not silence a schedule.
 */
const REPLAN_MS = 48 * 3_600_000;
const PER_LOOK = 50;
const PAGE = 200;
const HISTORY_KEPT = 1000;
const PRUNE_EVERY = 100;
/** Occurrences that are looked at for each failure that is allowed. */
const LOOKED_AT_PER_FAILURE = 5;
const LOOKED_AT_MORE = 20;

/** Starts scheduling at once. */
export function createScheduler(deps: SchedulerDeps): Scheduler {
  const { clock, log } = deps;
  const look = createLook(deps);
  let cancel: (() => void) | null = null;
  let looking: Promise<void> | null = null;
  let isWoken = true;
  let isClosed = false;
  let retryMs = FIRST_RETRY_MS;

  const lookSafely = async (): Promise<void> => {
    const isAsked = isWoken;
    isWoken = false;
    let wait: number;
    try {
      wait = await look(isAsked);
      if (isWoken) wait = 0;
      retryMs = FIRST_RETRY_MS;
    } catch (thrown) {
      log.warn('schedules could not be looked at', { error: messageOf(thrown) });
      isWoken = true;
      wait = retryMs;
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
    looking = null;
    arm(wait);
  };
  const arm = (ms: number): void => {
    if (isClosed) return;
    cancel?.();
    cancel = clock.after(ms, () => {
      cancel = null;
      if (!isClosed) looking ??= lookSafely();
    });
  };
  const wake = (): void => {
    isWoken = true;
    if (looking === null) arm(0);
  };
  arm(0);

  return {
    wake,
    runEnded(runId) {
      try {
        const occurrence = deps.store.occurrenceOfRun(runId);
        if (occurrence === null) return;
        const schedule = deps.store.schedule(occurrence.scheduleId);
        if (schedule !== null) pauseIfFailing(deps, schedule);
        wake();
      } catch (thrown) {
        log.warn('the end of a scheduled run was not looked at', { error: messageOf(thrown) });
      }
    },
    lagMs() {
      const at = deps.store.nextFireAt();
      return at === null ? 0 : Math.max(0, clock.now() - at);
    },
    async close() {
      isClosed = true;
      cancel?.();
      await looking;
    },
  };
}

/** One look: does what is to be done now, and answers how long to sleep, milliseconds. */
function createLook(deps: SchedulerDeps): (isAsked: boolean) => Promise<number> {
  const { clock, store } = deps;
  const recorded = new Map<string, number>();
  const guard = createZoneGuard(deps);
  let drift = Number.NaN;
  let seen = '';
  /** When the earliest time fires, as of `seen`. */
  let nextAt: number | null = null;

  const version = (): string => `${store.dataVersion()} ${store.scheduleWrites()}`;
  const sleepMs = (): number =>
    nextAt === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(0, nextAt - clock.now()));
  return async (isAsked) => {
    const before = drift;
    drift = clock.now() - clock.monotonic();
    const setByMs = drift - before;
    if (!(setByMs > -JUMP_MS)) replan(deps, guard, Number.isNaN(setByMs) ? null : setByMs);
    const now = version();
    const isDue = nextAt !== null && nextAt <= clock.now();
    if (!isAsked && !isDue && seen === now) return sleepMs();
    guard.forget(now);
    guard.completeOthers();
    const isFull = await fireDue(deps, guard, recorded);
    const isMore = await startQueued(deps, recorded);
    tellAll(deps);
    nextAt = store.nextFireAt(guard.held());
    seen = isFull || isMore ? '' : now;
    return seen === '' ? 0 : sleepMs();
  };
}

/** Decides what is due, written together because many are due at the same moment; true when there may be more. */
async function fireDue(
  deps: SchedulerDeps,
  guard: ZoneGuard,
  recorded: Map<string, number>,
): Promise<boolean> {
  const due = deps.store.dueSchedules(deps.clock.now(), PER_LOOK, guard.held());
  const decided: { readonly schedule: ScheduleRow; readonly decision: Decision }[] = [];
  for (const schedule of due) {
    if (pauseIfFailing(deps, schedule) || !guard.admits(schedule)) continue;
    if (pauseIfUnreadable(deps, schedule) || guard.follow(schedule)) continue;
    const nowMs = deps.clock.now();
    const plan = planDue(deps.calculator, schedule, nowMs);
    decided.push({ schedule, decision: await decideDue(deps, schedule, plan, nowMs) });
  }
  if (decided.length === 0) return due.length > 0;
  const outcomes = deps.store.recordAll(decided.map(({ decision }) => decision.record));
  for (const [index, { schedule, decision }] of decided.entries()) {
    const outcome = outcomes[index];
    if (outcome?.ok === true) follow(deps, schedule, decision, outcome.taken, recorded);
  }
  return true;
}

/** Starts what waits and may start now; true when there may be more. */
async function startQueued(deps: SchedulerDeps, recorded: Map<string, number>): Promise<boolean> {
  let isMore = false;
  for (const id of deps.store.schedulesWithQueued()) {
    for (const decide of [decideQueued, decideBackfill]) {
      const schedule = deps.store.schedule(id);
      if (schedule === null) break;
      const decision = await decide(deps, schedule, deps.clock.now());
      if (decision === null) continue;
      isMore = true;
      // What was changed meanwhile is decided again at the next look.
      const outcome = deps.store.record(decision.record);
      if (outcome.ok) follow(deps, schedule, decision, outcome.taken, recorded);
    }
  }
  return isMore;
}

/** Says what was written, and starts the run. */
function follow(
  deps: SchedulerDeps,
  schedule: ScheduleRow,
  { record, run }: Decision,
  taken: readonly number[],
  recorded: Map<string, number>,
): void {
  const { name } = schedule;
  for (const { dueAt, outcome: what, reason } of record.occurrences) {
    if (taken.includes(dueAt)) continue;
    const level = what === 'failed' ? 'warn' : 'info';
    const due = new Date(dueAt).toISOString();
    const fields = { schedule: name, due_at: due, outcome: what, reason: reason ?? undefined };
    deps.log[level]('schedule', {
      ...fields,
      workflow_id: run?.dueAt === dueAt ? run.runId : undefined,
    });
  }
  if (run !== null && !taken.includes(run.dueAt)) execute(deps, run.runId);
  const count = (recorded.get(schedule.id) ?? 0) + record.occurrences.length;
  recorded.set(schedule.id, count >= PRUNE_EVERY ? 0 : count);
  if (count >= PRUNE_EVERY) deps.store.pruneOccurrences(schedule.id, HISTORY_KEPT);
}

/** The run is on disk: if it cannot be begun now, it is found by whoever looks for unfinished ones. */
function execute({ starter, log }: SchedulerDeps, runId: RunId): void {
  starter.execute(runId).catch((thrown: unknown) => {
    const error = messageOf(thrown);
    log.warn('a scheduled run was not begun at once', { workflow_id: runId, error });
  });
}

/** Pauses a schedule whose last runs have all failed; true when it was. */
function pauseIfFailing({ store, clock }: SchedulerDeps, schedule: ScheduleRow): boolean {
  const { id, enabled, pauseAfter, countedFrom } = schedule;
  if (!enabled || pauseAfter === null) return false;
  const limit = pauseAfter * LOOKED_AT_PER_FAILURE + LOOKED_AT_MORE;
  const { items } = store.occurrences({ scheduleId: id, limit });
  const failures = failuresInARow(items, countedFrom);
  if (failures.length < pauseAfter) return false;
  const reason = pauseReason(failures);
  const notice = pausedNotice(schedule, failures, reason);
  return store.record(pauseRecord(schedule, reason, notice, clock.now())).ok;
}

/** A schedule from elsewhere may be written as nothing that this program reads; true when it was paused. */
function pauseIfUnreadable(
  { store, calculator, clock }: SchedulerDeps,
  schedule: ScheduleRow,
): boolean {
  const read = calculator.read(schedule, 0);
  if (read.ok) return false;
  const reason = `${read.field}: ${read.message}`;
  const notice = pausedNotice(schedule, [], reason);
  return store.record(pauseRecord(schedule, reason, notice, clock.now())).ok;
}

/** Brings next times to the rules of zones here, and those back that stand far behind what the clock says now, when it was set back by so much. */
function replan(deps: SchedulerDeps, guard: ZoneGuard, setByMs: number | null): void {
  const { store, calculator, clock } = deps;
  const nowMs = clock.now();
  let cursor: string | undefined;
  do {
    const page = store.schedules({
      enabled: true,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const schedule of page.items) {
      if (!guard.admits(schedule) || guard.follow(schedule)) continue;
      const counted = countOn(calculator, schedule, setByMs, nowMs);
      if (counted === null) replanOne(deps, schedule, nowMs);
      else {
        const change = { ...counted, updatedAt: schedule.updatedAt };
        // One that was changed meanwhile was calculated anew by that.
        store.changeSchedule(schedule.id, schedule.revision, change);
      }
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

function replanOne(
  { store, calculator }: SchedulerDeps,
  schedule: ScheduleRow,
  nowMs: number,
): void {
  const next = nextOf(calculator, schedule, nowMs);
  if (next.nextAt === null || schedule.nextAt === null) return;
  if (schedule.nextAt - next.nextAt <= REPLAN_MS) return;
  store.record(moveNext(schedule, next, nowMs));
}

/** Hands over what has to be told; it is forgotten only afterwards. */
function tellAll({ store, tell }: SchedulerDeps): void {
  for (const notice of store.untoldScheduleNotices(PAGE)) {
    tell(factOf(notice));
    store.scheduleNoticeTold(notice.id);
  }
}
