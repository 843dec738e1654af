/**
 * The part of the storage port for schedules, their occurrences and webhooks.
 *
 * `record` is the one way an occurrence comes to be: it checks that the schedule is still what the
 * caller decided about (`revision`), and writes occurrences, new pending runs, messages to other runs,
 * the next time and notices in one transaction. So an occurrence has exactly one run however many
 * processes decide about it, and wherever they are killed.
 */
import type { RunId } from './ids.ts';
import type { Json } from './json.ts';
import type { RunStatus } from './run-status.ts';
import type {
  LocalTime,
  NextTime,
  OccurrenceRow,
  Origin,
  Outcome,
  ScheduleNotice,
  ScheduleRow,
  WebhookRow,
} from './schedule.ts';
import type { InboxSend, NewRun, Page } from './store-rows.ts';

export interface NewOccurrence {
  readonly dueAt: number;
  /** Null: none, or as it is when the time is there already. */
  readonly local: LocalTime | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly origin: Origin;
  readonly waitsFor: RunId | null;
  readonly parallel: number | null;
  /** The run it starts: added pending, in the same transaction. */
  readonly run: NewRun | null;
  /** One that is there already is only overwritten when it has one of these outcomes. */
  readonly replaces: readonly Outcome[];
}

export interface ScheduleRecord {
  readonly scheduleId: string;
  readonly revision: number;
  readonly at: number;
  readonly occurrences: readonly NewOccurrence[];
  /** Messages to runs that stand in the way. */
  readonly sends: readonly InboxSend[];
  /** Null: as they are. */
  readonly next: NextTime | null;
  /** Not null: from now on it does not fire, for this reason; what is queued is skipped. */
  readonly pause: string | null;
  readonly notices: readonly ScheduleNotice[];
}

export type RecordOutcome =
  /** `taken`: times that had been decided before; nothing was written of these. */
  | { readonly ok: true; readonly revision: number; readonly taken: readonly number[] }
  | { readonly ok: false; readonly reason: 'changed' };

/** Fields that a change may set. `enabled: false` skips what is queued. */
export type ScheduleChange = Partial<
  Omit<ScheduleRow, 'id' | 'createdAt' | 'createdBy' | 'revision' | 'owner'>
> & {
  readonly updatedAt: number;
  /** The trigger entry, of a schedule that has an owner. */
  readonly entry?: Json;
};

export type ChangeOutcome =
  | { readonly ok: true; readonly schedule: ScheduleRow }
  | { readonly ok: false; readonly reason: 'changed' | 'name_taken' };

export interface ScheduleFilter {
  readonly template?: string;
  readonly owner?: string;
  readonly enabled?: boolean;
  readonly limit: number;
  /** By name. */
  readonly cursor?: string;
}

export interface OccurrenceFilter {
  readonly scheduleId: string;
  readonly outcomes?: readonly Outcome[];
  /** Bounds on the due time, inclusive. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  /** Newest first. */
  readonly cursor?: string;
}

export interface UnplacedTime {
  readonly scheduleId: string;
  readonly dueAt: number;
  readonly origin: Origin;
}

export interface PlacedTime {
  readonly scheduleId: string;
  readonly dueAt: number;
  /** Null: it has none. */
  readonly local: LocalTime | null;
}

export interface UnfinishedRun {
  readonly runId: RunId;
  readonly status: RunStatus;
  readonly origin: Origin;
  readonly dueAt: number;
}

/** What the triggers of a template become, all at once. */
export interface TriggerChange {
  readonly template: string;
  readonly at: number;
  readonly add: readonly ScheduleRow[];
  readonly change: readonly {
    readonly id: string;
    readonly to: ScheduleChange;
  }[];
  readonly remove: readonly string[];
  /** All webhooks of the template. */
  readonly webhooks: readonly WebhookRow[];
}

/** A signed request to a webhook, as it is remembered. */
export interface WebhookUse {
  /** Stands for the value of the secret: webhooks with the same value share what is remembered. */
  readonly secretDigest: string;
  readonly webhook: string;
  readonly signature: string;
  /** The sender's id of the delivery, or null. */
  readonly delivery: string | null;
  readonly at: number;
  /** When it may be forgotten. */
  readonly until: number;
  /** Whether this webhook may get the same signature under several delivery ids. */
  readonly repeatable: boolean;
}

/** `repeat`: the same delivery came before, to `webhook`, and started `runId` unless that failed. */
export type WebhookUseOutcome =
  | { readonly kind: 'first' }
  | { readonly kind: 'repeat'; readonly webhook: string; readonly runId: RunId | null }
  | { readonly kind: 'replayed' };

export interface ScheduleStore {
  /** Changes with every write to schedules through this store object; costs nothing. */
  scheduleWrites(): number;
  /** False when the name is taken. */
  addSchedule(schedule: ScheduleRow): boolean;
  /** Changes the row if it still has this revision. */
  changeSchedule(id: string, revision: number, change: ScheduleChange): ChangeOutcome;
  /** Removes it with its occurrences; runs stay. */
  removeSchedule(id: string): boolean;
  schedule(id: string): ScheduleRow | null;
  scheduleByName(name: string): ScheduleRow | null;
  schedules(filter: ScheduleFilter): Page<ScheduleRow>;
  /** When the next enabled schedule fires, but for some ids; null when none does. */
  nextFireAt(except?: readonly string[]): number | null;
  /** Enabled ones that fire now or should have, but for some ids; earliest first. */
  dueSchedules(nowMs: number, limit: number, except?: readonly string[]): readonly ScheduleRow[];
  /** Enabled ones, but for some ids, whose next time a program wrote that knows no places on clocks. */
  unplacedSchedules(limit: number, except?: readonly string[]): readonly ScheduleRow[];
  /** Times that such a program recorded. */
  unplacedOccurrences(limit: number): readonly UnplacedTime[];
  /** Notes where recorded times stand; a place that another time of the schedule has is not given twice. */
  placeOccurrences(places: readonly PlacedTime[]): void;
  record(record: ScheduleRecord): RecordOutcome;
  /** The same for several in one transaction, each for itself; outcomes in the order given. */
  recordAll(records: readonly ScheduleRecord[]): readonly RecordOutcome[];
  occurrence(scheduleId: string, dueAt: number): OccurrenceRow | null;
  /** The time at this place on the clocks, whichever instant that was by the rules of its day. */
  occurrenceAt(scheduleId: string, place: LocalTime): OccurrenceRow | null;
  occurrenceOfRun(runId: RunId): OccurrenceRow | null;
  occurrences(filter: OccurrenceFilter): Page<OccurrenceRow>;
  /** Ids of schedules of which something is queued. */
  schedulesWithQueued(): readonly string[];
  /** What is queued of a schedule, by backfills or by its own times, oldest first. */
  queuedOccurrences(
    scheduleId: string,
    by: 'backfill' | 'itself',
    limit: number,
  ): readonly OccurrenceRow[];
  /** Runs that this schedule started and that have not ended, oldest first. */
  unfinishedRuns(scheduleId: string): readonly UnfinishedRun[];
  /** Forgets all but the newest; what is queued or unfinished stays. Answers how many went. */
  pruneOccurrences(scheduleId: string, keep: number): number;
  untoldScheduleNotices(limit: number): readonly (ScheduleNotice & { readonly id: number })[];
  scheduleNoticeTold(id: number): void;
  /** Pauses every enabled schedule for this reason, and skips all that is queued; answers how many. */
  suspendSchedules(reason: string, at: number): number;
  /** All or nothing; `taken` names a schedule or webhook that belongs to somebody else. */
  applyTriggers(
    change: TriggerChange,
  ): { readonly ok: true } | { readonly ok: false; readonly taken: string };
  webhook(name: string): WebhookRow | null;
  webhooksOf(template: string): readonly WebhookRow[];
  /** Every webhook, by name. */
  webhooks(): readonly WebhookRow[];
  /** Remembers a signed request, unless it came before. Forgets some whose time is over. */
  useWebhook(use: WebhookUse): WebhookUseOutcome;
  /** Notes the run that a remembered request started. */
  noteWebhookRun(use: WebhookUse, runId: RunId): void;
  /** Names of the secrets that webhooks are signed with, each once. */
  webhookSecrets(): readonly string[];
}
