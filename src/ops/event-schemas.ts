/** Schemas of what is read behind a place: events and what shell steps printed. */
import * as v from 'valibot';
import { neverBoth } from './input-forms.ts';
import * as s from './shapes.ts';

const { optional } = v;
const text = v.string();
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));

export const eventsInput = v.pipe(
  v.strictObject({
    workflow_id: s.workflowId,
    /** Place to begin after. */
    after: optional(s.eventPlace),
    /** The same as a bare event id. */
    after_id: optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    limit: optional(limit, 100),
  }),
  neverBoth(['after', 'after_id']),
);
export const eventsOutput = v.object({
  workflow_id: text,
  events: v.array(s.placedEvent),
  /** Give it as `after` for the next page; null when this was the last. */
  next_after: v.nullable(text),
  /** The same as a bare event id, for `after_id`. */
  next_after_id: v.nullable(v.number()),
  /** Place behind everything that this page was read from: later events come after it. */
  as_of: text,
});
export const followEventsInput = v.pipe(
  v.strictObject({
    workflow_id: optional(s.workflowId),
    /** Place to begin after; left out: a run's beginning, or (all runs) only what is new. */
    after: optional(s.eventPlace),
    /** The same as a bare event id. */
    after_id: optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    /** For one run: go on after its end (it may be retried). */
    forever: optional(v.boolean(), false),
  }),
  neverBoth(['after', 'after_id']),
);

export const logsInput = v.strictObject({
  workflow_id: s.workflowId,
  step_id: optional(s.stepId),
  after_offset: optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  limit: optional(limit, 200),
});
export const logChunk = v.object({
  offset: v.number(),
  workflow_id: text,
  step_id: text,
  attempt: v.number(),
  stream: v.picklist(['stdout', 'stderr']),
  text,
  at: text,
});
export const logsOutput = v.object({
  workflow_id: text,
  chunks: v.array(logChunk),
  next_after_offset: v.nullable(v.number()),
});
export const followLogsInput = v.strictObject({
  workflow_id: s.workflowId,
  step_id: optional(s.stepId),
  after_offset: optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
});
