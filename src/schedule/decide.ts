/**
 * From a schedule whose time has come, or whose queued time may start, to one record for the store.
 *
 * Everything is decided over what was read at one revision; the store writes it only while the
 * schedule still has that revision, so two deciders never both start a time.
 */
import type { RunId } from '../model/ids.ts';
import { signalToBody } from '../model/input.ts';
import type {
  NextTime,
  OccurrenceRow,
  PreparedStart,
  ScheduleNotice,
  ScheduleRow,
  ScheduleStarter,
} from '../model/schedule.ts';
import { type RecordedTime, recordedTime } from '../model/schedule-places.ts';
import type {
  NewOccurrence,
  ScheduleRecord,
  ScheduleStore,
  UnfinishedRun,
} from '../model/schedule-store.ts';
import type { InboxSend } from '../model/store.ts';
import type { DuePlan } from './due.ts';
import { heldNotice, missedNotice } from './notices.ts';
import { heldReason, inTheWay, overlapVerdict, suspendedAmong, type Verdict } from './overlap.ts';

export interface DecideParts {
  readonly store: Pick<
    ScheduleStore,
    'occurrence' | 'occurrenceAt' | 'occurrences' | 'queuedOccurrences' | 'unfinishedRuns'
  >;
  readonly starter: Pick<ScheduleStarter, 'prepare'>;
}

/** A record, with the run that exists once it is written. */
export interface Decision {
  readonly record: ScheduleRecord;
  readonly run: { readonly runId: RunId; readonly dueAt: number } | null;
}

const occurrenceOf = (dueAt: number, change: Partial<NewOccurrence>): NewOccurrence => ({
  dueAt,
  local: null,
  outcome: 'started',
  reason: null,
  origin: 'schedule',
  waitsFor: null,
  parallel: null,
  run: null,
  replaces: [],
  ...change,
});

const recordOf = (
  { id, revision }: ScheduleRow,
  at: number,
  change: Partial<ScheduleRecord>,
): ScheduleRecord => ({
  scheduleId: id,
  revision,
  at,
  occurrences: [],
  sends: [],
  next: null,
  pause: null,
  notices: [],
  ...change,
});

/** What to record for times that have come. */
export async function decideDue(
  parts: DecideParts,
  schedule: ScheduleRow,
  plan: DuePlan,
  nowMs: number,
): Promise<Decision> {
  const { missed, due, next } = plan;
  const passed = missed.map(({ due: time, reason }) =>
    occurrenceOf(recordedTime(parts.store, schedule.id, time).dueAt, {
      outcome: 'missed',
      local: time.local,
      reason,
    }),
  );
  const notices: ScheduleNotice[] = plan.isLate ? [missedNotice(schedule, missed)] : [];
  const recorded = due === null ? null : recordedTime(parts.store, schedule.id, due);
  if (due === null || recorded === null || wasDecided(recorded)) {
    const record = recordOf(schedule, nowMs, { occurrences: passed, next, notices });
    return { record, run: null };
  }
  const { dueAt } = recorded;
  const running = inTheWay(parts.store.unfinishedRuns(schedule.id));
  const [waiting] = parts.store.queuedOccurrences(schedule.id, 'itself', 1);
  const verdict = overlapVerdict(schedule.overlap, running, waiting?.dueAt ?? null);
  const taken = await takeTime(parts, schedule, { dueAt, local: due.local }, verdict);
  const held = verdict.kind === 'start' ? null : verdict.heldBy;
  if (held !== null && !wasTold(parts, schedule, held)) {
    notices.push(heldNotice(schedule, dueAt, held));
  }
  const replaced = verdict.kind === 'wait' ? verdict.replaces : null;
  return {
    record: recordOf(schedule, nowMs, {
      occurrences: [...passed, ...replacedBy(replaced, dueAt), taken.occurrence],
      sends: [...taken.sends, ...cancelsOf(verdict, schedule, nowMs)],
      next,
      notices,
    }),
    run: taken.run,
  };
}

/** A time that was missed comes again when the clock was ahead for a while. */
function wasDecided({ before }: RecordedTime): boolean {
  return before !== null && before.outcome !== 'missed';
}

interface Taken {
  readonly occurrence: NewOccurrence;
  readonly sends: readonly InboxSend[];
  readonly run: Decision['run'];
}

async function takeTime(
  parts: DecideParts,
  schedule: ScheduleRow,
  { dueAt, local }: Pick<NewOccurrence, 'dueAt' | 'local'>,
  verdict: Verdict,
): Promise<Taken> {
  if (verdict.kind === 'start') {
    const prepared = await parts.starter.prepare(schedule, { dueAt, origin: 'schedule' });
    return startOf(prepared, dueAt, { local, replaces: ['missed'] });
  }
  const outcome = verdict.kind === 'wait' ? 'queued' : verdict.outcome;
  const { reason, heldBy: waitsFor } = verdict;
  const replaces = ['missed'] as const;
  return {
    occurrence: occurrenceOf(dueAt, { local, outcome, reason, waitsFor, replaces }),
    sends: [],
    run: null,
  };
}

function startOf(prepared: PreparedStart, dueAt: number, change: Partial<NewOccurrence>): Taken {
  if (!prepared.ok) {
    const { outcome, reason } = prepared;
    return {
      occurrence: occurrenceOf(dueAt, { ...change, outcome, reason }),
      sends: [],
      run: null,
    };
  }
  const { run, sends } = prepared;
  return {
    occurrence: occurrenceOf(dueAt, { ...change, run }),
    sends,
    run: { runId: run.runId, dueAt },
  };
}

const replacedBy = (replaced: number | null, dueAt: number): readonly NewOccurrence[] =>
  replaced === null
    ? []
    : [
        occurrenceOf(replaced, {
          outcome: 'skipped',
          reason: `a newer time (${new Date(dueAt).toISOString()}) took its place`,
          replaces: ['queued'],
        }),
      ];

/** One cancel a run and schedule, however often it is asked for. */
function cancelsOf(verdict: Verdict, schedule: ScheduleRow, nowMs: number): readonly InboxSend[] {
  if (verdict.kind !== 'wait') return [];
  const body = signalToBody({
    type: 'cancel',
    by: `schedule:${schedule.name}`,
    role: 'operator',
    sender: 'system',
    payload: null,
    reasoning: `the next time of schedule "${schedule.name}" has come (overlap cancel_running)`,
  });
  return verdict.cancel.map((runId) => ({
    runId,
    kind: 'signal',
    body,
    receivedAt: nowMs,
    idempotencyKey: `schedule ${schedule.id}`,
  }));
}

/** True when the last time that this run held back was told already. */
function wasTold({ store }: DecideParts, { id }: ScheduleRow, heldBy: RunId): boolean {
  const page = store.occurrences({ scheduleId: id, outcomes: ['held', 'queued'], limit: 1 });
  return page.items[0]?.waitsFor === heldBy;
}

/** What to record for the time that is queued, or null while it must go on waiting. */
export async function decideQueued(
  parts: DecideParts,
  schedule: ScheduleRow,
  nowMs: number,
): Promise<Decision | null> {
  const [queued] = parts.store.queuedOccurrences(schedule.id, 'itself', 1);
  if (queued === undefined) return null;
  const running = inTheWay(parts.store.unfinishedRuns(schedule.id));
  if (running.length > 0) return stillWaiting(schedule, queued, running, nowMs);
  const prepared = await parts.starter.prepare(schedule, queued);
  return decisionOf(schedule, nowMs, startOf(prepared, queued.dueAt, againOf(queued)));
}

/** Says once that the run it waits for waits itself. */
function stillWaiting(
  schedule: ScheduleRow,
  queued: OccurrenceRow,
  running: readonly UnfinishedRun[],
  nowMs: number,
): Decision | null {
  const heldBy = suspendedAmong(running);
  const isNew = heldBy !== null && queued.waitsFor !== heldBy;
  // A run that is being cancelled may be seen suspended for a moment.
  if (!isNew || schedule.overlap === 'cancel_running') return null;
  const occurrence = occurrenceOf(queued.dueAt, {
    ...againOf(queued),
    outcome: 'queued',
    reason: heldReason(heldBy),
    waitsFor: heldBy,
  });
  const notices = [heldNotice(schedule, queued.dueAt, heldBy)];
  const record = recordOf(schedule, nowMs, { occurrences: [occurrence], notices });
  return { record, run: null };
}

/** The next time of a backfill, or null when there is none or enough of its runs are unfinished. */
export async function decideBackfill(
  parts: DecideParts,
  schedule: ScheduleRow,
  nowMs: number,
): Promise<Decision | null> {
  const [queued] = parts.store.queuedOccurrences(schedule.id, 'backfill', 1);
  if (queued === undefined) return null;
  const running = parts.store.unfinishedRuns(schedule.id);
  const mine = running.filter((run) => run.origin === 'backfill');
  if (mine.length >= (queued.parallel ?? 1)) return null;
  const prepared = await parts.starter.prepare(schedule, queued);
  return decisionOf(schedule, nowMs, startOf(prepared, queued.dueAt, againOf(queued)));
}

const againOf = ({ origin, parallel }: OccurrenceRow): Partial<NewOccurrence> => ({
  origin,
  parallel,
  replaces: ['queued'],
});

const decisionOf = (schedule: ScheduleRow, nowMs: number, taken: Taken): Decision => ({
  record: recordOf(schedule, nowMs, { occurrences: [taken.occurrence], sends: taken.sends }),
  run: taken.run,
});

/** Only moves the next time. */
export const moveNext = (schedule: ScheduleRow, next: NextTime, nowMs: number): ScheduleRecord =>
  recordOf(schedule, nowMs, { next });

/** Pauses a schedule and says so. */
export const pauseRecord = (
  schedule: ScheduleRow,
  reason: string,
  notice: ScheduleNotice,
  nowMs: number,
): ScheduleRecord => recordOf(schedule, nowMs, { pause: reason, notices: [notice] });
