/**
 * Schemas of `query`: the resources that can be listed, the filter, and the shape of each list.
 */
import * as v from 'valibot';
import { RUN_STATUSES } from '../model/run-status.ts';
import { AUDIT_OUTCOMES, agentView, auditView } from './access-schemas.ts';
import { byValue } from './input-forms.ts';
import { scheduleView } from './schedule-schemas.ts';
import * as s from './shapes.ts';

const { optional } = v;
const text = v.string();
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));
const { instant } = s;

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
type Resource = (typeof RESOURCES)[number];
type FilterField = Exclude<keyof v.InferOutput<typeof queryFilter>, 'limit' | 'cursor'>;

/** What each resource can be filtered by; every one also takes `limit` and `cursor`. */
export const FILTER_FIELDS: Readonly<Record<Resource, readonly FilterField[]>> = {
  workflows: [
    'status',
    'agent_id',
    'template_name',
    'workflow_id',
    'name',
    'label',
    'since',
    'until',
  ],
  events: ['workflow_id', 'step_id', 'event_type', 'agent_id', 'template_name', 'since', 'until'],
  templates: ['status', 'template_name', 'name', 'agent_id', 'label', 'versions', 'since', 'until'],
  decisions: ['status', 'workflow_id', 'step_id', 'agent_id', 'template_name', 'since', 'until'],
  actions: ['name'],
  secrets: ['name'],
  reference: ['name'],
  agents: ['agent_id', 'name', 'since', 'until'],
  audit: ['agent_id', 'workflow_id', 'template_name', 'name', 'status', 'since', 'until'],
  schedules: ['status', 'template_name', 'name', 'agent_id', 'since', 'until'],
};

/** Values of `status`, one or several; what has none is not filtered by it. */
export const FILTER_STATUSES = {
  workflows: RUN_STATUSES,
  decisions: ['pending', 'resolved', 'cancelled'],
  templates: ['active', 'archived'],
  audit: AUDIT_OUTCOMES,
  schedules: ['enabled', 'disabled', 'paused'],
} as const satisfies Partial<Record<Resource, readonly string[]>>;

const isStatusOf = (resource: Resource): resource is keyof typeof FILTER_STATUSES =>
  Object.hasOwn(FILTER_STATUSES, resource);

/** The schema of a filter of one resource: which fields it has, and which values `status`. */
function filterOf(resource: Resource): object {
  const propertyNames = { enum: [...FILTER_FIELDS[resource], 'limit', 'cursor'] };
  if (!isStatusOf(resource)) return { propertyNames };
  const words = FILTER_STATUSES[resource];
  const one = `\\s*(${words.join('|')})\\s*`;
  const status = {
    anyOf: [
      { type: 'string', pattern: `^${one}(,${one})*$` },
      { type: 'array', items: { enum: words } },
    ],
  };
  return { propertyNames, properties: { status } };
}

export const queryInput = v.pipe(
  v.strictObject({
    resource: v.picklist(RESOURCES),
    filter: optional(queryFilter, {}),
  }),
  byValue(
    'resource',
    Object.fromEntries(RESOURCES.map((each) => [each, { filter: filterOf(each) }])),
  ),
);
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
  /** The shape of its output, in words. */
  output: optional(text),
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
