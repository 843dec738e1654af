/** Schemas of what concerns schedules: their fields, their times, and what became of them. */
import * as v from 'valibot';
import { RUN_STATUSES } from '../model/run-status.ts';
import { OUTCOMES, OVERLAPS } from '../model/schedule.ts';
import { exactlyOne, flag, neverBoth } from './input-forms.ts';
import * as s from './shapes.ts';

const { optional } = v;
const text = v.string();
const nullableText = v.nullable(text);
const { instant } = s;
const whole = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const name = v.pipe(
  text,
  v.regex(/^[\p{L}\p{N}_][\p{L}\p{N}_ .:+/-]{0,239}$/u, 'letters, digits, spaces and _ . : + - /'),
  v.description('Name of the schedule'),
);

/** Longest list of times that is answered, and of a backfill. */
const MAX_TIMES = 100;
const MAX_BACKFILL = 10_000;

const fields = {
  /** Null: the newest at each start. */
  version: optional(v.nullable(s.version)),
  params: optional(s.jsonObjectInput),
  param_texts: optional(s.paramTexts),
  agent_id: optional(v.nullable(s.agentId)),
  timezone: optional(v.pipe(s.word, v.description('IANA name; UTC when nothing says one'))),
  overlap: optional(v.picklist(OVERLAPS)),
  catch_up: optional(
    v.pipe(
      v.union([v.pipe(s.catchUpString, v.minLength(1, 'must not be empty')), v.literal(0)]),
      v.description('How late a time may be made up for: a duration, 0, or "all"'),
    ),
  ),
  jitter: optional(v.pipe(s.durationText, v.description('A duration'))),
  /** Pause after so many failures in a row; null: never. */
  pause_after: optional(v.nullable(whole(1, 100))),
  /** It never fires before; null: no such time. */
  first_at: optional(v.nullable(instant)),
  enabled: optional(v.boolean()),
};

const expression = v.pipe(
  s.word,
  v.description('Five-field cron, @daily…, "@every 5m", or one RFC 3339 time'),
);

export const scheduleAddInput = v.strictObject({
  name,
  template_name: s.templateName,
  expression,
  ...fields,
});
export const scheduleUpdateInput = v.strictObject({
  name,
  new_name: optional(name),
  template_name: optional(s.templateName),
  expression: optional(expression),
  ...v.omit(v.strictObject(fields), ['enabled']).entries,
});
export const scheduleNameInput = v.strictObject({ name });
export const scheduleEnableInput = v.pipe(
  v.strictObject({
    name: optional(name),
    /** Everything that was paused by itself or by a restore; not what was disabled by hand. */
    all: optional(v.boolean(), false),
  }),
  exactlyOne('name', flag('all')),
);

const occurrenceRun = v.object({
  workflow_id: text,
  status: v.picklist(RUN_STATUSES),
  duration_ms: v.nullable(v.number()),
  error: optional(s.json),
  /** True when the run itself is gone. */
  removed: v.boolean(),
});
const occurrenceView = v.object({
  due_at: text,
  /** What the clocks of its time zone show; of a cron schedule. */
  local: optional(text),
  outcome: v.picklist(OUTCOMES),
  reason: optional(text),
  origin: v.picklist(['schedule', 'manual', 'backfill']),
  decided_at: text,
  run: optional(occurrenceRun),
});
export type OccurrenceView = v.InferOutput<typeof occurrenceView>;

export const scheduleView = v.object({
  name: text,
  template: text,
  version: v.nullable(v.number()),
  params: s.jsonObject,
  agent_id: nullableText,
  expression: text,
  timezone: text,
  overlap: v.picklist(OVERLAPS),
  catch_up: text,
  jitter_ms: v.number(),
  pause_after: v.nullable(v.number()),
  first_at: optional(text),
  enabled: v.boolean(),
  /** Why it does not fire though nobody disabled it. */
  paused_reason: optional(text),
  /** Why this process may not fire it: its time zone has other rules here, or is not known. */
  zone_problem: optional(text),
  /** The template whose triggers made it. */
  trigger_of: optional(text),
  created_at: text,
  created_by: nullableText,
  /** The next five times; [] while it is disabled or when there are none left. */
  next: v.array(text),
  last: optional(occurrenceView),
  /** When it was asked for by name: the newest first. */
  history: optional(v.array(occurrenceView)),
});
export type ScheduleView = v.InferOutput<typeof scheduleView>;

export const scheduleOutput = v.object({
  schedule: scheduleView,
  /** What is legal and may mean something else. */
  warnings: optional(v.array(s.issue)),
});
export type ScheduleOutput = v.InferOutput<typeof scheduleOutput>;
export const schedulesOutput = v.object({ schedules: v.array(scheduleView) });
export const scheduleRemoveOutput = v.object({ name: text, removed: v.boolean() });

export const scheduleNextInput = v.pipe(
  v.strictObject({
    name: optional(name),
    /** Instead of a schedule: an expression to try. */
    expression: optional(expression),
    timezone: optional(s.word),
    after: optional(instant),
    count: optional(whole(1, MAX_TIMES), 5),
  }),
  exactlyOne('name', 'expression'),
  neverBoth(['name', 'timezone']),
);
export const scheduleNextOutput = v.object({
  expression: text,
  timezone: text,
  /** `local`: what a clock in the time zone shows. */
  times: v.array(v.object({ at: text, local: text })),
});

export const scheduleRunInput = v.strictObject({
  name,
  wait: optional(s.wait, 0),
});
export const scheduleRunOutput = v.object({ ...s.runResult.entries, due_at: text });

export const scheduleBackfillInput = v.strictObject({
  name,
  start: instant,
  end: instant,
  /** How many of its runs may be unfinished at once. */
  parallel: optional(whole(1, 100), 1),
  /** A range with more times is refused. */
  limit: optional(whole(1, MAX_BACKFILL), 1000),
  dry_run: optional(v.boolean(), false),
});
export const scheduleBackfillOutput = v.object({
  name: text,
  dry_run: v.boolean(),
  /** Times in the range. */
  times: v.number(),
  /** Of these: what is (or would be) started. */
  queued: v.number(),
  /** Of these: what had its run already, or waits for it. */
  already: v.number(),
  first: nullableText,
  last: nullableText,
  /** False when no daemon lives: the runs start when one does. */
  has_executor: v.boolean(),
});

export const scheduleHistoryInput = v.strictObject({
  name,
  outcome: optional(v.array(v.picklist(OUTCOMES))),
  since: optional(instant),
  until: optional(instant),
  limit: optional(whole(1, 1000), 20),
  cursor: optional(s.word),
});
export const scheduleHistoryOutput = v.object({
  name: text,
  occurrences: v.array(occurrenceView),
  next_cursor: optional(text),
});
