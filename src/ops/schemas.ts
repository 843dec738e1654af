/**
 * Input and output schemas of every operation, in one place, because every surface reads them:
 * argument parsing, tool lists, OpenAPI, forms. Handlers are in the files of their names.
 */
import * as v from 'valibot';
import { SIGNAL_TYPES } from '../model/event.ts';
import { RUN_STATUSES } from '../model/run-status.ts';
import { atLeastOne, exactlyOne, flag, neverBoth, onlyWith } from './input-forms.ts';
import { emptyIsNoAbsence, nothingIsAbsent } from './read-input.ts';
import * as s from './shapes.ts';

const optional = v.optional;
const text = v.string();
/** An empty one is no key: whoever sends it meant to send one. */
const idempotencyKey = v.pipe(text, v.nonEmpty(), emptyIsNoAbsence());
const limit = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));

// ---- run, rerun

const launch = {
  params: optional(s.jsonObjectInput),
  param_texts: optional(s.paramTexts),
  agent_id: optional(s.agentId),
  version: optional(s.version),
  context: optional(s.jsonObjectInput),
  idempotency_key: optional(idempotencyKey),
  wait: optional(s.wait, '25s'),
  include: optional(s.include),
};

export const runInput = v.pipe(
  v.strictObject({
    template_name: optional(s.templateName),
    definition: optional(s.definitionArgument),
    source: optional(s.source),
    rerun_of: optional(s.workflowId),
    ...launch,
    dry_run: optional(v.boolean(), false),
  }),
  atLeastOne('template_name', 'definition', 'source', 'rerun_of'),
  neverBoth(
    ['rerun_of', 'template_name'],
    ['rerun_of', flag('dry_run')],
    ['template_name', 'definition'],
    ['template_name', 'source'],
    ['definition', 'source'],
    ['version', 'definition'],
    ['version', 'source'],
  ),
);

const dryRunResult = v.object({
  dry_run: v.literal(true),
  name: v.nullable(text),
  template: v.nullable(text),
  version: v.nullable(v.number()),
  inputs: s.jsonObject,
  /** The resolved order, one line a step. */
  plan: v.array(text),
  warnings: v.array(s.issue),
  /** The workflow drawn as text. */
  diagram: text,
});
export const runOutput = v.union([s.runResult, dryRunResult]);
export type RunOutput = v.InferOutput<typeof runOutput>;

export const rerunInput = v.pipe(
  v.strictObject({
    workflow_id: s.workflowId,
    ...launch,
    /** For a run of a file: its text now; used when it differs from what ran. */
    source: optional(s.source),
    /** A corrected definition, in place of the one that ran. */
    definition: optional(s.definitionArgument),
    /** Keep what completed before this step and begin there: a path, its unique last part, or `@output`. */
    from_step: optional(s.word),
    /** Begin at the step that failed first. */
    failed: optional(v.boolean()),
  }),
  neverBoth(
    ['definition', 'source'],
    ['version', 'definition'],
    ['version', 'source'],
    ['from_step', flag('failed')],
  ),
);
export const rerunOutput = v.object({
  ...s.runResult.entries,
  rerun_of: text,
  kept: v.array(text),
  again: v.array(text),
  changed_definition: v.boolean(),
});

// ---- define, validate, schema

export const defineInput = v.pipe(
  v.strictObject({
    name: optional(s.templateName),
    definition: optional(s.definitionArgument),
    source: optional(s.source),
    edits: optional(
      v.pipe(
        v.array(
          v.strictObject({
            path: text,
            value: optional(s.json),
            remove: optional(v.boolean()),
          }),
        ),
        nothingIsAbsent(),
      ),
    ),
    base: optional(s.baseVersion),
    agent_id: optional(s.agentId),
    description: optional(text),
    input_schema: optional(s.jsonObjectInput),
    output_schema: optional(s.jsonObjectInput),
    triggers: optional(s.jsonObjectInput),
    validate_only: optional(v.boolean(), false),
    archived: optional(v.boolean()),
    rules: optional(
      v.pipe(v.number(), v.description('The newest rules, for a text that is there')),
    ),
  }),
  atLeastOne('definition', 'source', 'edits', 'archived', 'rules'),
  neverBoth(['definition', 'source'], ['edits', 'definition'], ['edits', 'source']),
  onlyWith({ base: ['edits'], edits: ['name'] }),
);
export const defineOutput = v.object({
  name: text,
  /** Null when `validate_only` and the name is new. */
  version: v.nullable(v.number()),
  created: v.boolean(),
  archived: v.boolean(),
  previous_version: v.nullable(v.number()),
  warnings: v.array(s.issue),
  plan: v.array(text),
  /** Lines that begin with `+`, `-` or a space, against the version before; [] when identical. */
  diff: v.array(text),
  /** What its triggers made: left out where there are none. */
  triggers: optional(
    v.object({
      schedules: optional(v.array(v.object({ name: text, next_at: v.nullable(text) }))),
      webhooks: optional(v.array(v.object({ path: text, form: text }))),
    }),
  ),
});

export const validateInput = v.pipe(
  v.strictObject({
    definition: optional(s.definitionArgument),
    source: optional(s.source),
    template_name: optional(s.templateName),
    version: optional(s.version),
    /** Warnings count as errors. */
    strict: optional(v.boolean(), false),
  }),
  exactlyOne('template_name', 'definition', 'source'),
  onlyWith({ version: ['template_name'] }),
);
export const validateOutput = v.object({
  valid: v.boolean(),
  name: v.nullable(text),
  issues: v.array(s.issue),
  plan: v.array(text),
});

export const schemaInput = v.strictObject({});
export const schemaOutput = v.object({ schema: s.jsonObject });

// ---- status, overview, template, nodes, recover

export const statusInput = v.strictObject({
  workflow_id: s.workflowId,
  step_id: optional(s.stepId),
  include: optional(s.include),
  wait: optional(s.wait, 0),
  /** What waiting ends with: `ended`, or also when the run waits for somebody (`stopped`). */
  until: optional(v.picklist(['ended', 'stopped']), 'stopped'),
  /** Only events after this sequence; waiting ends with the first of them. */
  since_sequence: optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});
export const statusOutput = v.object({
  workflow_id: text,
  status: v.picklist(RUN_STATUSES),
  ending: s.ending,
  paused: v.boolean(),
  name: v.nullable(text),
  template: v.nullable(text),
  version: v.nullable(v.number()),
  definition_hash: text,
  agent_id: v.nullable(text),
  labels: optional(s.jsonObject),
  parent: optional(v.object({ workflow_id: text, step_id: text })),
  from: optional(v.object({ workflow_id: text, step_id: optional(text) })),
  trigger: optional(s.json),
  /** False when no living process executes it or will by itself. */
  has_executor: v.boolean(),
  input: s.jsonObject,
  output: optional(s.json),
  error: optional(s.failureView),
  created_at: text,
  started_at: text,
  completed_at: optional(text),
  duration_ms: v.number(),
  active_ms: v.number(),
  steps: s.stepsView,
  step_counts: optional(s.stepCounts),
  pending_decisions: v.array(s.decisionView),
  context: s.jsonObject,
  /** The last 20, or those after `since_sequence`; of a finished run only when asked for. */
  events: v.array(s.eventView),
  last_sequence: v.number(),
  waiting_for: v.array(s.waitingForView),
  /** Secrets that it has used and that cannot be masked any more, because nobody has their value. */
  masking_incomplete: optional(v.array(text)),
  next: optional(s.next),
});
export type StatusOutput = v.InferOutput<typeof statusOutput>;

export const overviewInput = v.strictObject({
  limit: optional(limit, 20),
  /** How far back "failed lately" reaches. */
  failed_within: optional(s.durationText, '24h'),
});
export const overviewOutput = v.object({
  counts: v.object({
    pending: v.number(),
    active: v.number(),
    suspended: v.number(),
    completed: v.number(),
    failed: v.number(),
    cancelled: v.number(),
  }),
  running: v.array(s.runSummary),
  waiting: v.array(s.runSummary),
  failed: v.array(s.runSummary),
  pending_decisions: v.array(s.decisionView),
  /** Unfinished runs that no living process executes. */
  without_executor: v.number(),
  /** Templates whose newest version checks that are newer than it would refuse. */
  outdated: v.array(v.object({ template: text, version: v.number(), issues: v.array(s.issue) })),
  /** Channels that do not take what they are told. */
  undelivered: v.array(
    v.object({
      channel: text,
      waiting: v.number(),
      gave_up: v.number(),
      last_error: v.nullable(text),
    }),
  ),
});

export const templateInput = v.strictObject({
  template_name: s.templateName,
  version: optional(s.version),
});
export const templateView = v.object({
  name: text,
  version: v.number(),
  latest_version: v.number(),
  description: v.nullable(text),
  category: v.nullable(text),
  agent_id: v.nullable(text),
  working_dir: v.nullable(text),
  archived: v.boolean(),
  created_at: text,
  definition_hash: text,
  input_schema: v.nullable(s.json),
  output_schema: v.nullable(s.json),
  triggers: v.nullable(s.json),
  definition: s.jsonObject,
  plan: v.array(text),
});

export const nodesInput = v.strictObject({});
export const nodesOutput = v.object({
  nodes: v.array(
    v.object({
      node_id: text,
      role: text,
      pid: v.number(),
      host: text,
      uid: v.number(),
      version: text,
      started_at: text,
      lease_until: text,
      /** Null when it cannot be told from here. */
      alive: v.nullable(v.boolean()),
    }),
  ),
  without_executor: v.number(),
});

export const recoverInput = v.strictObject({ workflow_id: optional(s.workflowId) });
export const recoverOutput = v.object({ claimed: v.number(), without_executor: v.number() });

// ---- signal

export const signalInput = v.strictObject({
  workflow_id: s.workflowId,
  signal_type: v.picklist(SIGNAL_TYPES),
  payload: optional(s.json),
  step_id: optional(s.stepId),
  name: optional(s.word),
  agent_id: optional(s.agentId),
  reasoning: optional(text),
  idempotency_key: optional(idempotencyKey),
  /** After the signal is applied: how long to wait for the run to end or to wait again. */
  wait: optional(s.wait, 0),
});
export const signalOutput = v.object({
  ok: v.boolean(),
  workflow_id: text,
  signal_type: text,
  /** What the signal did, e.g. `{"choice": "yes", "step_id": "approve"}`. */
  result: s.jsonObject,
  /** True when the run moved on because of it. */
  resumed: v.boolean(),
  status: v.picklist(RUN_STATUSES),
  ending: s.ending,
  output: optional(s.json),
  error: optional(s.failureView),
  /** True when it is durable but not applied yet. */
  pending: optional(v.boolean()),
  waiting_for: v.array(s.waitingForView),
  next: optional(s.next),
});

// ---- diagram

const DIAGRAM_FORMATS = ['ascii', 'mermaid', 'dot', 'svg', 'image'] as const;
export const diagramInput = v.pipe(
  v.strictObject({
    template_name: optional(s.templateName),
    version: optional(s.version),
    workflow_id: optional(s.workflowId),
    definition: optional(s.definitionArgument),
    source: optional(s.source),
    format: v.picklist(DIAGRAM_FORMATS),
    include_status: optional(v.boolean(), true),
    /** For ascii. */
    width: optional(v.pipe(v.number(), v.integer(), v.minValue(20), v.maxValue(1000))),
    color: optional(v.boolean(), false),
    unicode: optional(v.boolean(), true),
  }),
  exactlyOne('template_name', 'workflow_id', 'definition', 'source'),
  onlyWith({ version: ['template_name'] }),
);
export const diagramOutput = v.object({
  format: v.picklist(DIAGRAM_FORMATS),
  media_type: text,
  /** Everything but `image`. */
  text: optional(text),
  /** PNG bytes, for `image`. */
  data_base64: optional(text),
});
