/** The data of schedules in memory, and the changes that several parts of the store make to it. */
import {
  DISABLED,
  type OccurrenceRow,
  type ScheduleNotice,
  type ScheduleRow,
  type WebhookRow,
} from '../../model/schedule.ts';
import type { ChangeOutcome, ScheduleChange } from '../../model/schedule-store.ts';
import type { RememberedUse } from '../webhook-use.ts';
import type { MemoryRun, MemoryState } from './state.ts';

export interface Occurrence {
  readonly row: Omit<OccurrenceRow, 'run'>;
  readonly run: MemoryRun | null;
}

export interface Schedules {
  readonly state: MemoryState;
  readonly rows: Map<string, ScheduleRow>;
  /** By schedule, then by due time. */
  readonly occurrences: Map<string, Map<number, Occurrence>>;
  readonly webhooks: Map<string, WebhookRow>;
  /** Requests to webhooks by secret, kind and value. */
  readonly uses: Map<string, RememberedUse & { readonly until: number }>;
  notices: (ScheduleNotice & { readonly id: number })[];
  noticeIds: number;
}

export const byName = ({ rows }: Schedules, name: string): ScheduleRow | null =>
  [...rows.values()].find((row) => row.name === name) ?? null;

/** The order of SQLite's text. */
export const compareText = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Changes the row; `revision` null: whatever it is. */
export function changeRow(
  all: Schedules,
  id: string,
  revision: number | null,
  { entry, ...change }: ScheduleChange,
): ChangeOutcome {
  const before = all.rows.get(id);
  if (before === undefined || (revision !== null && before.revision !== revision)) {
    return { ok: false, reason: 'changed' };
  }
  if (change.name !== undefined && change.name !== before.name) {
    if (byName(all, change.name) !== null) return { ok: false, reason: 'name_taken' };
  }
  all.state.writes += 1;
  const given = Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  );
  const owner =
    entry === undefined || before.owner === null ? before.owner : { ...before.owner, entry };
  const place = change.nextAt === undefined ? {} : { nextLocal: change.nextLocal ?? null };
  const schedule: ScheduleRow = {
    ...before,
    ...given,
    ...place,
    owner,
    revision: before.revision + 1,
  };
  all.rows.set(id, schedule);
  if (change.enabled === false) skipQueued(all, id, change.updatedAt);
  return { ok: true, schedule };
}

/** What waits for its turn will not get it any more. */
export function skipQueued(all: Schedules, scheduleId: string, at: number): void {
  for (const [dueAt, { row, run }] of all.occurrences.get(scheduleId) ?? []) {
    if (row.outcome !== 'queued') continue;
    const skipped = { ...row, outcome: 'skipped' as const, reason: DISABLED, decidedAt: at };
    all.occurrences.get(scheduleId)?.set(dueAt, { row: skipped, run });
  }
}
