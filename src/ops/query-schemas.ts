/**
 * Schemas of `query`: the resources that can be listed, the filter, and the shape of each list.
 */
import * as v from 'valibot';
import { agentView, auditView } from './access-schemas.ts';
import { scheduleView } from './schedule-schemas.ts';
import * as s from './shapes.ts';

const { optional } = v;
const text = v.string();
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));
const instant = v.pipe(s.word, v.description('RFC 3339 time'));

export const RESOURCES = [
  'workflows',
  'events',
  'templates',
  'decisions',
  'actions',
  'secrets',
  'reference',
  'agents',
  'audit',
  'schedules',
] as const;
export const queryFilter = v.strictObject({
  status: optional(v.union([s.word, v.array(s.word)])),
  agent_id: optional(s.word),
  template_name: optional(s.word),
  workflow_id: optional(s.workflowId),
  step_id: optional(s.word),
  event_type: optional(v.union([s.word, v.array(s.word)])),
  name: optional(s.word),
  /** `team=ops`, or `team` for any value; several must all hold. */
  label: optional(v.union([s.word, v.array(s.word)])),
  /** Every version of the template, newest first, instead of the newest of each. */
  versions: optional(v.boolean()),
  since: optional(instant),
  until: optional(instant),
  limit: optional(limit),
  cursor: optional(s.word),
});
export const queryInput = v.strictObject({
  resource: v.picklist(RESOURCES),
  filter: optional(queryFilter, {}),
});
const templateSummary = v.object({
  name: text,
  version: v.number(),
  description: v.nullable(text),
  category: v.nullable(text),
  agent_id: v.nullable(text),
  archived: v.boolean(),
  labels: optional(s.jsonObject),
  created_at: text,
});
const actionView = v.object({
  name: text,
  description: text,
  effect: text,
  params: v.record(text, s.json),
});
const secretView = v.object({ name: text, source: text });
/** A page of the manual with its sections, or a section with its text. */
const referenceView = v.object({
  name: text,
  title: text,
  sections: optional(v.array(text)),
  text: optional(text),
});
export const queryOutput = v.object({
  workflows: optional(v.array(s.runSummary)),
  events: optional(v.array(s.placedEvent)),
  templates: optional(v.array(templateSummary)),
  decisions: optional(v.array(s.decisionView)),
  actions: optional(v.array(actionView)),
  secrets: optional(v.array(secretView)),
  reference: optional(v.array(referenceView)),
  agents: optional(v.array(agentView)),
  audit: optional(v.array(auditView)),
  schedules: optional(v.array(scheduleView)),
  next_cursor: optional(text),
  /** For events: place in their stream that the list was read at. */
  as_of: optional(text),
});
