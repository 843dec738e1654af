/**
 * What a schedule is and what became of its times: the vocabulary that store, driver, operations and
 * surfaces share. Nothing is calculated here.
 *
 * An occurrence is one time of one schedule; it is decided once and starts at most one run. Times are
 * epoch milliseconds.
 */
import type { RunId } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { RunStatus } from './run-status.ts';
import type { InboxSend, NewRun } from './store-rows.ts';
import { replacesRules, type ZoneRules } from './zone-rules.ts';

/** What happens at a time while a run of the schedule is unfinished. */
export const OVERLAPS = ['skip', 'queue', 'cancel_running', 'allow'] as const;
export type Overlap = (typeof OVERLAPS)[number];

/**
 * `started`: it has a run. `queued`: its run starts when there is room. `skipped`: the policy said no.
 * `held`: skipped because the run before it waits for somebody. `missed`: nobody was there in time.
 * `failed`: no run could be made of it.
 */
export const OUTCOMES = ['started', 'queued', 'skipped', 'held', 'missed', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Who asked for it: the clock, a person now, a person for times that have passed. */
export type Origin = 'schedule' | 'manual' | 'backfill';

/** Where a time of a cron schedule stands on the clocks of its zone: by this it is known. */
export interface LocalTime {
  /** IANA name. */
  readonly zone: string;
  /** `2026-03-29T02:30`; for a time that the clocks skip the one that was asked for. */
  readonly local: string;
  /** 1 for the second pass of an hour that comes twice, else 0. */
  readonly pass: number;
}

/** A time of a schedule; `local` is null for `@every` and one time, which are known by the instant. */
export interface DueTime {
  readonly at: number;
  readonly local: LocalTime | null;
}

export interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly template: string;
  /** Null: the newest at each start. */
  readonly version: number | null;
  readonly params: JsonObject;
  readonly agentId: string | null;
  /** As `ScheduleCalculator.read` wrote it. */
  readonly expression: string;
  /** IANA name. */
  readonly timezone: string;
  readonly overlap: Overlap;
  /** How late a time may be made up for; null: however late, and every one of them. */
  readonly catchUpMs: number | null;
  readonly jitterMs: number;
  readonly enabled: boolean;
  /** Why it does not fire though nobody disabled it by hand. */
  readonly pausedReason: string | null;
  readonly pauseAfter: number | null;
  /** Failures before this time do not count for `pauseAfter`. */
  readonly countedFrom: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** It never fires before; `@every` then counts from here instead of from its creation. */
  readonly firstAt: number | null;
  /** The next time, and when it really fires (with jitter); null when there is none. */
  readonly nextAt: number | null;
  readonly fireAt: number | null;
  /** Where the next time stands on the clocks; null where none is known. */
  readonly nextLocal: LocalTime | null;
  /** The newest rules that any process had for its zone; null until one has looked, and for `@every`. */
  readonly zoneRules: ZoneRules | null;
  /** The template whose triggers made it, with the entry it was made from. */
  readonly owner: { readonly template: string; readonly entry: Json } | null;
  readonly createdBy: string | null;
  /** Rises with every change of the row and with every occurrence. */
  readonly revision: number;
}

/** How a run that an occurrence started stands; kept when the run itself has been removed. */
interface OccurrenceRun {
  readonly runId: RunId;
  readonly status: RunStatus;
  /** From creation to end, null while it is unfinished. */
  readonly durationMs: number | null;
  readonly error: Json;
  readonly removed: boolean;
}

export interface OccurrenceRow {
  readonly scheduleId: string;
  readonly dueAt: number;
  /** Null for `@every`, for one time and for what somebody started by hand. */
  readonly local: LocalTime | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly origin: Origin;
  /** When it was decided last. */
  readonly decidedAt: number;
  /** The unfinished run that it waits for or was held back by. */
  readonly waitsFor: RunId | null;
  /** Of a backfill: how many of its runs may be unfinished at once. */
  readonly parallel: number | null;
  readonly run: OccurrenceRun | null;
}

/** Why an occurrence that was queued never got its run. */
export const DISABLED = 'the schedule was disabled while it waited';

/**
 * What a webhook's requests are signed with. `opcode`: time, name and body. `forge`: the body alone, as
 * GitHub and its like send it. `legacy`: either of the forms of before, for webhooks from then.
 */
export const WEBHOOK_FORMS = ['opcode', 'forge', 'legacy'] as const;
export type WebhookForm = (typeof WEBHOOK_FORMS)[number];

/** An address under `/hooks/` and the template it starts. */
export interface WebhookRow {
  readonly name: string;
  readonly template: string;
  /** Name of the secret that signs requests. */
  readonly secret: string;
  readonly form: WebhookForm;
  /** Whether its sender may send equal bodies on purpose: then only delivery ids tell them apart. */
  readonly equalBodies: boolean;
  readonly createdAt: number;
}

/** Something to tell people about a schedule. */
type ScheduleNoticeKind = 'schedule_missed' | 'schedule_paused';

export interface ScheduleNotice {
  readonly kind: ScheduleNoticeKind;
  readonly payload: JsonObject;
}

/** The run an occurrence would start, or why it starts none. */
export type PreparedStart =
  | { readonly ok: true; readonly run: NewRun; readonly sends: readonly InboxSend[] }
  | { readonly ok: false; readonly outcome: 'skipped' | 'failed'; readonly reason: string };

/** Makes occurrences into runs. */
export interface ScheduleStarter {
  /** Everything about the run but putting it on disk. @throws STORE_ERROR */
  prepare(
    schedule: ScheduleRow,
    occurrence: { readonly dueAt: number; readonly origin: Origin },
  ): Promise<PreparedStart>;
  /** Begins to execute a run that is on disk, here if this process executes. */
  execute(runId: RunId): Promise<void>;
}

/** What times are calculated from. */
export type ScheduleTiming = Pick<ScheduleRow, 'expression' | 'timezone' | 'createdAt' | 'firstAt'>;

interface WrittenTiming {
  readonly expression: string;
  readonly timezone: string | null;
}

export type ReadTiming =
  | {
      readonly ok: true;
      readonly expression: string;
      readonly timezone: string;
      /** The day field with a `*` and a step beside another one that is given: elsewhere both must fit. */
      readonly eitherDay?: string;
    }
  | {
      readonly ok: false;
      readonly field: 'expression' | 'timezone';
      readonly message: string;
      readonly hint: string;
    };

export interface TimeRange {
  /** Exclusive. */
  readonly afterMs: number;
  /** Inclusive; for ever when left out. */
  readonly untilMs?: number;
  readonly limit: number;
}

/** Expressions, zones and times, as a pure calculation. */
export interface ScheduleCalculator {
  /** Checks what somebody wrote; one that never fires after `nowMs` is refused. */
  read(written: WrittenTiming, nowMs: number): ReadTiming;
  /** Times in the range, earliest first. */
  times(timing: ScheduleTiming, range: TimeRange): readonly number[];
  /** The same with where they stand on the clocks of the zone. */
  due(timing: ScheduleTiming, range: TimeRange): readonly DueTime[];
  /** The first time that is not before this place on the clocks. */
  dueFrom(timing: ScheduleTiming, place: LocalTime): DueTime | null;
  /** Where a time stands that was recorded without its place, by a program with other rules maybe. */
  locate(timing: ScheduleTiming, at: number): LocalTime | null;
  /** The rules that times are calculated by; null for `@every`, and for a zone that there is not. */
  zoneRules(timing: ScheduleTiming, fromYear: number): ZoneRules | null;
  /** What a clock of a zone shows at an instant: `2026-03-29 03:00:00 GMT+02:00`. */
  local(atMs: number, timezone: string): string;
  /** How much later than its time an occurrence fires: 0 to `jitterMs`, always the same. */
  jitter(scheduleId: string, dueAt: number, jitterMs: number): number;
}

/** What a row holds of its next time. */
export type NextTime = Pick<ScheduleRow, 'nextAt' | 'fireAt' | 'nextLocal' | 'zoneRules'>;

/** What times of a row are calculated from. */
export type Timed = ScheduleTiming & Pick<ScheduleRow, 'id' | 'jitterMs' | 'zoneRules'>;

/** The earliest time after `afterMs` with the moment it fires, or nulls; with the rules it goes by. */
export function nextOf(calculator: ScheduleCalculator, schedule: Timed, afterMs: number): NextTime {
  const [due = null] = calculator.due(schedule, { afterMs, limit: 1 });
  return nextAs(calculator, schedule, due, afterMs);
}

/** A time as what a row holds of its next one. */
export function nextAs(
  calculator: ScheduleCalculator,
  schedule: Timed,
  due: DueTime | null,
  nowMs: number,
): NextTime {
  const zoneRules = newestRules(calculator, schedule, nowMs);
  if (due === null) return { nextAt: null, fireAt: null, nextLocal: null, zoneRules };
  const fireAt = due.at + calculator.jitter(schedule.id, due.at, schedule.jitterMs);
  return { nextAt: due.at, fireAt, nextLocal: due.local, zoneRules };
}

/** The rules of this process when they are newer than those that the row holds, else these. */
function newestRules(
  calculator: ScheduleCalculator,
  schedule: Timed,
  nowMs: number,
): ZoneRules | null {
  const own = calculator.zoneRules(schedule, new Date(nowMs).getUTCFullYear());
  return own !== null && replacesRules(own, schedule.zoneRules) ? own : schedule.zoneRules;
}
