/** What people are told about schedules; each fact has a key, so that it is told once. */
import type { RunId } from '../model/ids.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { ToldFact } from '../model/notice.ts';
import type { OccurrenceRow, ScheduleNotice, ScheduleRow } from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import type { MissedTime } from './due.ts';

const noticeOf = (
  kind: ScheduleNotice['kind'],
  schedule: ScheduleRow,
  key: string,
  message: string,
  data: Readonly<Record<string, Json>>,
): ScheduleNotice => ({
  kind,
  payload: {
    key: `${kind}:${schedule.id}:${key}`,
    message,
    template: schedule.template,
    agent: schedule.agentId,
    name: schedule.name,
    data: { schedule: schedule.name, ...data },
  },
});

/** Times passed while nobody was there. */
export function missedNotice(schedule: ScheduleRow, missed: readonly MissedTime[]): ScheduleNotice {
  const first = toRfc3339(missed[0]?.due.at ?? 0);
  const last = toRfc3339(missed.at(-1)?.due.at ?? 0);
  const times = missed.length === 1 ? `its time ${first}` : `times from ${first} to ${last}`;
  const message = `Schedule "${schedule.name}" missed ${times}: no daemon was there.`;
  const data = { first_due_at: first, last_due_at: last, count: missed.length };
  return noticeOf('schedule_missed', schedule, first, message, data);
}

/** This process may not fire it: the rules of its time zone are others, or there are none. */
export function zoneNotice(schedule: ScheduleRow, reason: string): ScheduleNotice {
  const due = toRfc3339(schedule.nextAt ?? 0);
  const message = `Schedule "${schedule.name}" was not fired for ${due}: ${reason}.`;
  const key = `zone:${schedule.timezone}:${schedule.zoneRules?.release ?? ''}`;
  return noticeOf('schedule_missed', schedule, key, message, { due_at: due, reason });
}

/** A time did not start because the run before it waits for somebody. */
export function heldNotice(schedule: ScheduleRow, dueAt: number, runId: RunId): ScheduleNotice {
  const due = toRfc3339(dueAt);
  const message = `Schedule "${schedule.name}" is held back by a suspended run: ${runId} waits for somebody, so ${due} did not start.`;
  const data = { due_at: due, workflow_id: runId, held_back: true };
  return noticeOf('schedule_missed', schedule, `held:${runId}`, message, data);
}

/** Why a schedule is paused after these failures, newest first. */
export function pauseReason(failures: readonly OccurrenceRow[]): string {
  const [newest] = failures;
  const error = newest?.run?.error ?? null;
  const last = isJsonObject(error) ? `${error.code}: ${error.message}` : (newest?.reason ?? '');
  return `${failures.length} failures in a row, the last: ${last.slice(0, 300)}`;
}

/** A schedule was paused by itself. */
export function pausedNotice(
  schedule: ScheduleRow,
  failures: readonly OccurrenceRow[],
  reason: string,
): ScheduleNotice {
  const message = `Schedule "${schedule.name}" is paused: ${reason}`;
  const runs = failures.flatMap(({ run }) => (run === null ? [] : [run.runId]));
  const key = String(failures[0]?.dueAt ?? 0);
  return noticeOf('schedule_paused', schedule, key, message, { reason, workflow_ids: runs });
}

/** The fact that a kept notice tells. */
export const factOf = ({ kind, payload }: ScheduleNotice): ToldFact =>
  ({ kind, ...payload }) as unknown as ToldFact;
