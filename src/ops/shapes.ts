/**
 * Wire shapes that several operations share: values, sources, runs, steps, decisions, events, issues.
 *
 * Only schemas and the types inferred from them; how they are filled: `run-view.ts`, `rows.ts`.
 */

import * as v from 'valibot';
import type { Json, JsonObject } from '../model/json.ts';
import { NumberTooLarge, parseJson } from '../model/json-text.ts';
import { ENDINGS, RUN_STATUSES, STEP_STATUSES } from '../model/run-status.ts';
import { readVersion, VERSION_FORMS, type VersionRef } from '../model/version.ts';
import { nothingIsAbsent } from './read-input.ts';

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Any JSON value. */
export const json = v.custom<Json>((value) => value !== undefined, 'must be a JSON value');
/** A JSON object. */
export const jsonObject = v.custom<JsonObject>(isObject, 'must be an object');

/** An object, or a JSON text that holds one. */
export const objectOrText = v.custom<JsonObject | string>(
  (value) => typeof textObject(value) !== 'string',
  ({ input }) => String(textObject(input)),
);

/** An object in an argument; clients that send objects as JSON text are understood. */
export const jsonObjectInput = v.pipe(
  objectOrText,
  v.transform((value): JsonObject => textObject(value) as JsonObject),
);

const NO_OBJECT = 'must be an object';

/** The object that a value is or holds as text; else, as a text, what is wrong with it. */
function textObject(given: unknown): JsonObject | string {
  try {
    const value = typeof given === 'string' ? parseJson(given) : given;
    return isObject(value) ? (value as JsonObject) : NO_OBJECT;
  } catch (thrown) {
    // A text that is no JSON is no object either.
    return thrown instanceof NumberTooLarge ? thrown.message : NO_OBJECT;
  }
}

const name = v.pipe(v.string(), v.minLength(1, 'must not be empty'));

/** A run: its id, a unique prefix of it, or `@last`. */
export const workflowId = v.pipe(name, v.description('Run id, a unique prefix of it, or @last'));
/** A step: its path, or a last part that is unique in the run. */
export const stepId = v.pipe(name, v.description('Step path, or its unique last part'));
export const templateName = name;
/** A text without an empty value: an id, a name, a time, a cursor. */
export const word = name;

const VERSION_WORDS = `must be ${VERSION_FORMS}`;
/** Whatever a version is written as. */
export const versionInput = v.union([v.number(), v.string()], VERSION_WORDS);
export const version = v.pipe(
  versionInput,
  v.check((value) => readVersion(value) !== null, VERSION_WORDS),
  v.transform((value): VersionRef => readVersion(value) ?? 'latest'),
);
export const baseInput = v.union([v.number(), v.string()], VERSION_WORDS);
/** A version that is there already; the newest of some later moment would say nothing. */
export const baseVersion = v.pipe(
  baseInput,
  v.check((value) => typeof readVersion(value) === 'number', 'must be a version such as 3 or "v3"'),
  v.transform((value) => Number(readVersion(value))),
);
const MAX_AGENT_CHARS = 128;
export const agentId = v.pipe(
  name,
  v.maxLength(MAX_AGENT_CHARS, `must have at most ${MAX_AGENT_CHARS} characters`),
  v.regex(/^[^\p{Cc}]*$/u, 'must have no line breaks and other control characters'),
);

/** Texts whose JSON Schema has a pattern; what they mean is checked where they are read. */
export const durationString = v.string();
export const waitString = v.string();
export const ageString = v.string();
export const catchUpString = v.string();
export const expiryString = v.string();
export const instantString = v.string();
/** A time with its zone. */
export const instant = v.pipe(
  instantString,
  v.minLength(1, 'must not be empty'),
  v.description('RFC 3339 time'),
);
/** A duration. */
export const durationText = v.pipe(durationString, v.minLength(1, 'must not be empty'));
/** A duration, `0` or `forever`. */
const waitText = v.pipe(waitString, v.minLength(1, 'must not be empty'));

/** How long to wait: a duration (`30s`), `0` for not at all, `forever`. */
export const wait = v.pipe(
  v.union([waitText, v.literal(0)], 'must be a duration such as "30s", 0, or "forever"'),
  v.description('How long to wait: "30s", 0, "forever"'),
);

/** Text of a workflow file. `file` gives its format, its name in messages, and its folder. */
export const source = v.pipe(
  v.strictObject({
    text: v.string(),
    file: v.optional(name),
    format: v.optional(v.picklist(['json', 'jsonc', 'yaml'])),
  }),
  nothingIsAbsent(),
);
export type SourceInput = v.InferOutput<typeof source>;

/** A bare definition, a package, or either as a JSON text. */
export const definitionValue = v.union(
  [word, jsonObject],
  'must be a workflow definition (an object, or its JSON text)',
);
/** A definition as an argument that may be left out; an empty object says nothing. */
export const definitionArgument = v.pipe(definitionValue, nothingIsAbsent());

/** `-p` texts: `key=value` is typed by the input schema, `key:=json` is JSON. */
export const paramTexts = v.array(v.string());

export const issue = v.object({
  path: v.string(),
  code: v.string(),
  message: v.string(),
  hint: v.optional(v.string()),
  severity: v.picklist(['error', 'warning']),
  line: v.optional(v.number()),
  column: v.optional(v.number()),
});

export const failureView = v.object({
  code: v.string(),
  message: v.string(),
  step_id: v.optional(v.string()),
  attempts: v.optional(v.number()),
  details: v.optional(json),
});

/** The call that takes a run on; without a tool somebody else has to do something first. */
export const next = v.object({
  tool: v.optional(v.string()),
  arguments: v.optional(jsonObject),
  /** What may be chosen, where one of several has to be added to the arguments. */
  options: v.optional(v.array(v.string())),
  why: v.string(),
});

/** How a run will end that is active only until nothing of it is at work any more. */
export const ending = v.optional(v.picklist(ENDINGS));

export const waitingForView = v.object({
  /** The run it is in, when that is one that the run awaits. */
  workflow_id: v.optional(v.string()),
  step_id: v.string(),
  kind: v.string(),
  name: v.optional(v.string()),
  /** When it ends by itself. */
  due_at: v.optional(v.string()),
  /** How the awaited run stands; `ended` when its end is on its way. */
  status: v.optional(v.string()),
  /** One sentence for a person. */
  text: v.string(),
});
export type WaitingForView = v.InferOutput<typeof waitingForView>;

/** A step; of a finished run only its status and duration, unless its steps are asked for. */
const stepView = v.object({
  step_id: v.optional(v.string()),
  type: v.optional(v.string()),
  action: v.optional(v.string()),
  status: v.picklist(STEP_STATUSES),
  attempts: v.optional(v.number()),
  started_at: v.optional(v.string()),
  completed_at: v.optional(v.string()),
  duration_ms: v.optional(v.number()),
  /** Resolved params; secrets are never in them. */
  input: v.optional(json),
  output: v.optional(json),
  error: v.optional(failureView),
  /** True when `on_error` dealt with the failure. */
  handled: v.optional(v.boolean()),
  skip_reason: v.optional(v.string()),
  outcome: v.optional(v.string()),
  waiting_for: v.optional(v.string()),
  due_at: v.optional(v.string()),
  retry_at: v.optional(v.string()),
  child_id: v.optional(v.string()),
});
export type StepView = v.InferOutput<typeof stepView>;
export const stepsView = v.record(v.string(), stepView);
/** Steps by status, where there are too many to list. */
export const stepCounts = v.record(v.string(), v.number());

/** Parts of an answer about a run. */
export const RUN_PARTS = ['steps', 'decisions', 'output', 'context', 'events'] as const;
export type RunPart = (typeof RUN_PARTS)[number];
export const include = v.pipe(
  v.array(v.picklist(RUN_PARTS)),
  v.description('Only these parts; steps: with inputs and outputs, also of a finished run'),
);

/** The wire name of what waits behind a decision (not a promise's method: a schema has no `then`). */
const BEHIND = 'then';

export const decisionView = v.object({
  id: v.string(),
  workflow_id: v.string(),
  step_id: v.string(),
  kind: v.string(),
  prompt: json,
  data: json,
  options: v.array(
    v.object({
      id: v.string(),
      description: v.optional(v.string()),
      outcome: v.optional(v.string()),
    }),
  ),
  by: v.string(),
  target_agent: v.optional(v.string()),
  fallback: v.optional(v.string()),
  timeout_at: v.optional(v.string()),
  created_at: v.string(),
  status: v.picklist(['pending', 'resolved', 'cancelled']),
  [BEHIND]: json,
  context: json,
  resolution: v.optional(jsonObject),
});
export type DecisionView = v.InferOutput<typeof decisionView>;

export const eventView = v.object({
  id: v.number(),
  workflow_id: v.string(),
  sequence: v.number(),
  step_id: v.optional(v.string()),
  event_type: v.string(),
  payload: v.optional(json),
  agent_id: v.optional(v.string()),
  timestamp: v.string(),
});
export type EventView = v.InferOutput<typeof eventView>;

/** An event where one can go on behind it: `cursor` is that place, and means nothing else. */
export const placedEvent = v.object({ ...eventView.entries, cursor: v.string() });
export type PlacedEvent = v.InferOutput<typeof placedEvent>;

/** A place in the stream of events: a cursor, or the bare id of an event. */
export const eventPlace = v.union(
  [word, v.pipe(v.number(), v.integer(), v.minValue(0))],
  'must be a cursor that an answer gave, or the id of an event',
);

/** One line of a list of runs. */
export const runSummary = v.object({
  workflow_id: v.string(),
  status: v.picklist(RUN_STATUSES),
  ending,
  paused: v.optional(v.boolean()),
  name: v.nullable(v.string()),
  template: v.nullable(v.string()),
  version: v.nullable(v.number()),
  agent_id: v.nullable(v.string()),
  parent_id: v.optional(v.string()),
  labels: v.optional(jsonObject),
  created_at: v.string(),
  updated_at: v.string(),
  completed_at: v.optional(v.string()),
  duration_ms: v.number(),
  error: v.optional(failureView),
  waiting_for: v.array(waitingForView),
});
export type RunSummary = v.InferOutput<typeof runSummary>;

/** The answer about a run that was just started, continued or waited for. */
export const runResult = v.object({
  workflow_id: v.string(),
  status: v.picklist(RUN_STATUSES),
  ending,
  /** False when an idempotency key answered with the run it had already started. */
  created: v.optional(v.boolean()),
  output: v.optional(json),
  error: v.optional(failureView),
  started_at: v.string(),
  completed_at: v.optional(v.string()),
  duration_ms: v.number(),
  steps: stepsView,
  step_counts: v.optional(stepCounts),
  pending_decisions: v.array(decisionView),
  /** When asked for. */
  context: v.optional(jsonObject),
  events: v.optional(v.array(eventView)),
  waiting_for: v.array(waitingForView),
  warnings: v.optional(v.array(issue)),
  next: v.optional(next),
});
export type RunResult = v.InferOutput<typeof runResult>;
