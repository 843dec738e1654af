/**
 * The shape of a step and of lists of steps: fields, ids, what belongs to which type, limits.
 *
 * A step that is broken keeps its place in its list, so that paths and references to others hold.
 */
import { nearestName } from '../core/graph-nearest.ts';
import {
  BACKOFFS,
  EFFECTS,
  ERROR_STRATEGIES,
  INTERRUPT_POLICIES,
  SHELL_NAMES,
  STEP_TYPES,
  type StepType,
  TRIGGER_RULES,
} from '../model/definition.ts';
import { ERROR_CODES } from '../model/error.ts';
import { MAX_STEP_ID_LENGTH, STEP_ID_PATTERN } from '../model/ids.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import {
  anyJson,
  described,
  duration,
  expression,
  type Field,
  type Fields,
  fail,
  given,
  listOf,
  name,
  nonEmpty,
  object,
  oneOf,
  type Reader,
  type Reading,
  readFields,
  shapeOf,
  text,
  timeLimit,
  whole,
  within,
} from './fields.ts';
import { errorAt } from './issues.ts';
import { CONFIG_FIELDS, readConfig } from './structure-config.ts';

const field = (read: Reader): Field => ({ read });
const required = (read: Reader, what: string): Field => ({ read, required: what });

const CODES = Object.keys(ERROR_CODES).filter((code) => code !== 'INTERNAL');

/** A code that a step can fail with; for a wrong one the hint names the nearest, or all. */
const errorCode: Reader = (reading, value, path) => {
  if (typeof value !== 'string') return text(reading, value, path);
  if (CODES.includes(value)) return value;
  const near = nearestCode(value);
  const hint = near === undefined ? `the codes are ${CODES.join(', ')}` : `did you mean "${near}"?`;
  return fail(reading, path, `${described(value)} is no error code`, hint);
};

/** The code that differs in a few letters, else the one that the text is the beginning of. */
function nearestCode(value: string): string | undefined {
  const wanted = value
    .trim()
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_');
  const isBeginning = (code: string): boolean => code.startsWith(`${wanted}_`);
  return nearestName(wanted, CODES) ?? (wanted === '' ? undefined : CODES.find(isBeginning));
}

const errorCodes = listOf(errorCode);

export const readRetry: Reader = shapeOf('retry', {
  max: required(whole(0), 'how often to try again'),
  backoff: field(oneOf(BACKOFFS)),
  delay: field(duration),
  max_delay: field(duration),
  jitter: field(within(0, 1)),
  on: field(errorCodes),
});

/** `on_error.on`: an empty list would turn the handler off without saying so. */
const handledCodes: Reader = (reading, value, path) => {
  if (isJsonArray(value) && value.length === 0) {
    return fail(reading, path, 'name at least one error code, or leave `on` out for all of them');
  }
  return errorCodes(reading, value, path);
};

const readOnError: Reader = (reading, value, path) => {
  const fields: Fields = {
    strategy: required(oneOf(ERROR_STRATEGIES), 'what a failure does'),
    fallback_step: field(name),
    on: field(handledCodes),
  };
  if (!isJsonObject(value)) return shapeOf('on_error', fields)(reading, value, path);
  const kept = readFields(reading, value, path, 'on_error', fields);
  const present = given(value, fields);
  const strategy = present.strategy;
  const hasStep = Object.hasOwn(present, 'fallback_step');
  if (strategy === 'fallback_step' && !hasStep) {
    fail(reading, [...path, 'fallback_step'], 'the strategy "fallback_step" needs `fallback_step`');
  }
  if (strategy !== 'fallback_step' && hasStep && typeof strategy === 'string') {
    const message = '`fallback_step` is only used by the strategy "fallback_step"';
    fail(reading, [...path, 'fallback_step'], message);
  }
  if (Object.hasOwn(present, 'on') && (strategy === 'fail_workflow' || strategy === 'retry')) {
    const message = `\`on\` limits "ignore" and "fallback_step"; with "${strategy}" every failure fails the step`;
    fail(reading, [...path, 'on'], message);
  }
  return kept.strategy === undefined ? undefined : kept;
};

const readId: Reader = nonEmpty((reading, value, path) => {
  if (typeof value !== 'string') return text(reading, value, path);
  if (value.length > MAX_STEP_ID_LENGTH) {
    fail(reading, path, `a step id has at most ${MAX_STEP_ID_LENGTH} characters`);
  } else if (!STEP_ID_PATTERN.test(value)) {
    const hint = 'a letter or _, then letters, digits, _ and -';
    fail(reading, path, `${JSON.stringify(value.slice(0, 60))} is no step id`, hint);
  }
  return value;
});

const COMMON: Fields = {
  id: field(readId),
  type: field(oneOf(STEP_TYPES)),
  depends_on: field(listOf(text)),
  condition: field(expression),
  trigger_rule: field(oneOf(TRIGGER_RULES)),
  timeout: field(timeLimit),
  retry: field(readRetry),
  on_error: field(readOnError),
  description: field(text),
};

/** `config` is read by type, below. */
const COMPOSITE: Fields = { ...COMMON, config: field(anyJson) };

const ACTION: Fields = {
  ...COMMON,
  action: field(name),
  params: field(object),
  run: field(name),
  shell: field(oneOf(SHELL_NAMES)),
  on_interrupt: field(oneOf(INTERRUPT_POLICIES)),
  effect: field(oneOf(EFFECTS)),
};

/** Names other tools use, and what they are here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  if: 'condition',
  when: 'condition',
  guard: 'condition',
  needs: 'depends_on',
  dependencies: 'depends_on',
  dependsOn: 'depends_on',
  after: 'depends_on',
  uses: 'action',
  with: 'params',
  args: 'params',
  parameters: 'params',
  inputs: 'params',
  command: 'run',
  name: 'id',
  retries: 'retry',
  on_failure: 'on_error',
  onError: 'on_error',
};

const ONLY_ACTIONS: ReadonlySet<string> = new Set([
  'action',
  'params',
  'run',
  'on_interrupt',
  'effect',
]);

function fieldHint(type: StepType): (key: string) => string | null {
  return (key) => {
    if (type !== 'action' && ONLY_ACTIONS.has(key)) {
      return `\`${key}\` is for action steps; this one has the type "${type}"`;
    }
    if (type === 'action' && key === 'config') {
      return 'an action takes `params`; write the `type` of any other step';
    }
    const meant = Object.hasOwn(SYNONYMS, key) ? SYNONYMS[key] : undefined;
    if (meant !== undefined) return `did you mean "${meant}"?`;
    if (!CONFIG_FIELDS.has(key)) return null;
    return type === 'action'
      ? 'it belongs into the `config` of a typed step'
      : 'it belongs into `config`';
  };
}

export interface StepPlace {
  /** How many composites are around the step. */
  readonly nesting: number;
  /** A hook is named by where it stands. */
  readonly isHook: boolean;
}

/** The right part of a step; always a step, if only one without an action. */
export function readStep(
  reading: Reading,
  value: Json,
  path: IssuePath,
  place: StepPlace,
): JsonObject {
  const spare = { id: `#${path.at(-1)}` };
  reading.steps += 1;
  if (reading.steps > reading.limits.maxSteps) {
    stop(reading, [], `the definition has more than ${reading.limits.maxSteps} steps`);
  }
  if (reading.stopped) return spare;
  if (!isJsonObject(value)) {
    fail(reading, path, `a step is an object, not ${described(value)}`);
    return spare;
  }
  const type = typeOf(value);
  const fields = type === 'action' ? ACTION : COMPOSITE;
  const present = given(value, fields, STEP_FIELDS);
  const kept = readFields(reading, present, path, 'a step', fields, { hint: fieldHint(type) });
  if (!Object.hasOwn(present, 'id') && !place.isHook) {
    fail(reading, [...path, 'id'], 'a step needs an `id`');
  }
  const step = Object.hasOwn(kept, 'id') ? kept : { ...spare, ...kept };
  if (type === 'action') {
    checkAction(reading, present, path);
    return step;
  }
  return { ...step, config: configOf(reading, type, present, path, place) };
}

const STEP_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(ACTION),
  ...Object.keys(COMPOSITE),
]);

function typeOf(value: JsonObject): StepType {
  const type = value.type;
  return STEP_TYPES.find((known) => known === type) ?? 'action';
}

function checkAction(reading: Reading, value: JsonObject, path: IssuePath): void {
  if (Object.hasOwn(value, 'type') && value.type !== 'action') return;
  const hasAction = Object.hasOwn(value, 'action');
  const hasRun = Object.hasOwn(value, 'run');
  if (hasAction && hasRun) {
    fail(reading, [...path, 'run'], 'a step has an `action` or `run`, not both');
  } else if (!hasAction && !hasRun) {
    const hint = 'or the `type` of a step that is no action';
    fail(reading, [...path, 'action'], 'a step needs an `action` or `run`', hint);
  }
  checkRun(reading, value, path, hasRun);
}

/** What may stand beside `run`, and only there. */
function checkRun(reading: Reading, value: JsonObject, path: IssuePath, hasRun: boolean): void {
  if (!hasRun) {
    if (!Object.hasOwn(value, 'shell')) return;
    const hint = 'with `action: shell.exec` it is `params.shell`';
    fail(reading, [...path, 'shell'], '`shell` says which shell reads `run`', hint);
    return;
  }
  const { params } = value;
  if (!isJsonObject(params)) return;
  for (const key of ['command', 'shell', 'args']) {
    if (!Object.hasOwn(params, key)) continue;
    const hint = key === 'shell' ? 'write `shell` beside `run`' : undefined;
    fail(reading, [...path, 'params', key], `\`run\` sets \`${key}\` itself`, hint);
  }
}

function configOf(
  reading: Reading,
  type: StepType,
  value: JsonObject,
  path: IssuePath,
  place: StepPlace,
): JsonObject {
  const config = value.config ?? {};
  const at = [...path, 'config'];
  if (!isJsonObject(config)) {
    fail(reading, at, `this must be an object, not ${described(config)}`);
    return {};
  }
  const nesting = place.nesting + 1;
  const steps: Reader = (inner, list, listPath) =>
    readSteps(inner, list, listPath, { nesting, isHook: false });
  return readConfig(reading, type, config, at, steps);
}

/** A list of steps; every element stays at its place. */
export function readSteps(
  reading: Reading,
  value: Json,
  path: IssuePath,
  place: StepPlace,
): Json | undefined {
  if (!isJsonArray(value)) {
    return fail(reading, path, `this must be a list of steps, not ${described(value)}`);
  }
  if (place.nesting > reading.limits.maxNesting) {
    stop(reading, path, `steps nest deeper than ${reading.limits.maxNesting} composites`);
    return [];
  }
  return value.map((item, i) => readStep(reading, item, [...path, i], place));
}

function stop(reading: Reading, path: IssuePath, message: string): void {
  if (reading.stopped) return;
  reading.stopped = true;
  const hint = 'move a part into a template of its own and call it with workflow.run';
  reading.issues.push(errorAt(path, message, { code: 'LIMIT_EXCEEDED', hint }));
}
