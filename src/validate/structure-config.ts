/**
 * The shape of each step type's `config`.
 */
import type { StepType } from '../model/definition.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { NewerCheckName } from '../model/newer-checks.ts';
import {
  anyJson,
  described,
  duration,
  expression,
  type Field,
  type Fields,
  fail,
  flag,
  given,
  listOf,
  mapOf,
  name,
  neverAbsent,
  nonEmpty,
  object,
  oneOf,
  type Reader,
  type Reading,
  readFields,
  shapeOf,
  text,
  timeLimit,
  warn,
  whole,
} from './fields.ts';

const field = (read: Reader): Field => ({ read });
const required = (read: Reader, what: string): Field => ({ read, required: what });

/** A list, an expression or a `${{ }}` text. */
const over: Reader = nonEmpty((reading, value, path) =>
  typeof value === 'string' || isJsonArray(value)
    ? value
    : fail(reading, path, `this must be a list or an expression, not ${described(value)}`),
);

/** A list that must not be empty; the empty one is kept, because the first rules took it. */
const filled =
  (read: Reader, message: string, check: NewerCheckName): Reader =>
  (reading, value, path) => {
    if (isJsonArray(value) && value.length === 0) fail(reading, path, message, { check });
    return read(reading, value, path);
  };

/** The question of a decision: any JSON that says something. */
const prompt: Reader = nonEmpty((reading, value, path) => {
  const isEmpty =
    (typeof value === 'string' && value.trim() === '') ||
    (isJsonArray(value) && value.length === 0) ||
    (isJsonObject(value) && Object.keys(value).length === 0);
  if (isEmpty) {
    fail(reading, path, 'a decision needs a question: this is empty', { check: 'NO_PROMPT' });
  }
  return value;
});

const option = shapeOf('an option', {
  id: required(name, 'what is chosen'),
  description: field(text),
  outcome: field(oneOf(['continue', 'stop'])),
});

const LOOP_MODES = ['for_each', 'while', 'until'] as const;
const PARALLEL_MODES = ['all', 'race'] as const;

function conditionFields(steps: Reader): Fields {
  return {
    expression: required(expression, 'its value chooses the branch'),
    branches: field(mapOf(steps)),
    default: field(steps),
  };
}

function loopFields(steps: Reader, config: JsonObject): Fields {
  const isTested = config.mode === 'while' || config.mode === 'until';
  const own: Record<string, Field> = isTested
    ? { condition: required(expression, 'it is tested for each iteration') }
    : { over: required(over, 'the list to go through'), max_concurrency: field(whole(1)) };
  return {
    mode: field(oneOf(LOOP_MODES)),
    ...own,
    body: required(
      filled(steps, 'a loop needs at least one step in its `body`', 'EMPTY_LOOP_BODY'),
      'the steps of each iteration',
    ),
    max_iter: field(whole(1)),
  };
}

function parallelFields(steps: Reader, config: JsonObject): Fields {
  const own: Record<string, Field> = config.mode === 'race' ? { settle: field(flag) } : {};
  const branch = filled(steps, 'a branch needs at least one step', 'EMPTY_PARALLEL_BRANCH');
  return {
    branches: required(
      filled(listOf(branch), 'a parallel step needs at least one branch', 'NO_PARALLEL_BRANCHES'),
      'a list of lists of steps',
    ),
    mode: field(oneOf(PARALLEL_MODES)),
    max_concurrency: field(whole(1)),
    ...own,
  };
}

function waitFields(config: JsonObject): Fields {
  const base = { duration: field(duration), until: field(nonEmpty(text)), signal: field(name) };
  if (!Object.hasOwn(config, 'signal')) return base;
  return { ...base, timeout: field(timeLimit), on_timeout: field(oneOf(['fail', 'continue'])) };
}

const REASONING: Fields = {
  prompt_context: { read: prompt, required: 'the question', check: 'NO_PROMPT' },
  options: field(listOf(option)),
  data_inject: field(object),
  timeout: field(timeLimit),
  fallback: field(name),
  target_agent: field(name),
  by: field(neverAbsent(oneOf(['any', 'person', 'agent']))),
};

function fieldsOf(type: StepType, config: JsonObject, steps: Reader): Fields {
  switch (type) {
    case 'condition':
      return conditionFields(steps);
    case 'loop':
      return loopFields(steps, config);
    case 'parallel':
      return parallelFields(steps, config);
    case 'wait':
      return waitFields(config);
    case 'reasoning':
      return REASONING;
    case 'action':
      return {};
  }
}

/** Fields that belong to another mode of the same step type, with what to do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'loop.condition': '`condition` is the test of the modes "while" and "until"',
  'loop.over': '`over` is for the mode "for_each"',
  'loop.max_concurrency': 'only "for_each" runs several iterations at once',
  'parallel.settle': 'only the mode "race" stops branches, whose end can be waited for',
  'wait.timeout':
    'only a wait for a `signal` has a `timeout` here; a step has one outside `config`',
  'wait.on_timeout': 'only a wait for a `signal` has it',
  'loop.items': 'the list to go through is `over`',
  'loop.steps': 'the steps of each iteration are `body`',
  'condition.if': 'what is tested is `expression`',
  'condition.condition': 'what is tested is `expression`',
  'reasoning.prompt': 'the question is `prompt_context`',
};

/** The right part of a step's config. `steps` reads a list of steps one level deeper. */
export function readConfig(
  reading: Reading,
  type: StepType,
  config: JsonObject,
  path: IssuePath,
  steps: Reader,
): JsonObject {
  const present = given(config, fieldsOf(type, config, steps), CONFIG_FIELDS);
  const fields = fieldsOf(type, present, steps);
  const what = `a ${type} step's config`;
  const kept = readFields(reading, present, path, what, fields, {
    hint: (key) => ELSEWHERE[`${type}.${key}`] ?? null,
    elsewhere: CONFIG_FIELDS,
  });
  checkConfig(reading, type, present, path);
  return kept;
}

/** What one field alone cannot tell. */
function checkConfig(reading: Reading, type: StepType, config: JsonObject, path: IssuePath): void {
  if (type === 'wait') checkWait(reading, config, path);
  if (type !== 'condition') return;
  const branches = config.branches;
  if (branches === undefined && !Object.hasOwn(config, 'default')) {
    fail(reading, [...path, 'branches'], 'a condition needs `branches` or `default`');
  }
  if (Object.hasOwn(config, 'default') && hasKey(branches, 'default')) {
    const message = 'a branch named "default" cannot stand beside `default`: their paths are equal';
    fail(reading, [...path, 'branches', 'default'], message);
  }
  if (branches !== undefined && isJsonObject(branches)) warnEmpty(reading, branches, path);
}

function warnEmpty(reading: Reading, branches: JsonObject, path: IssuePath): void {
  const at = [...path, 'branches'];
  const entries = Object.entries(branches);
  if (entries.length === 0) {
    warn(reading, at, 'EMPTY_BRANCH', 'this condition has no branches: no value chooses anything');
  }
  for (const [key, steps] of entries) {
    if (!isJsonArray(steps) || steps.length > 0) continue;
    const message = `the branch ${JSON.stringify(key)} has no step: nothing happens in it`;
    warn(reading, [...at, key], 'EMPTY_BRANCH', message);
  }
}

const hasKey = (value: Json | undefined, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

const WAITS = ['duration', 'until', 'signal'] as const;

function checkWait(reading: Reading, config: JsonObject, path: IssuePath): void {
  const given = WAITS.filter((key) => Object.hasOwn(config, key));
  if (given.length === 1) return;
  const message = 'a wait has exactly one of `duration`, `until`, `signal`';
  const found = given.length === 0 ? 'none is given' : `given are ${given.join(' and ')}`;
  fail(reading, path, `${message}; ${found}`);
}

/** Every field that some step type's config has, for hints. */
export const CONFIG_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(conditionFields(anyJson)),
  ...Object.keys(loopFields(anyJson, {})),
  ...Object.keys(loopFields(anyJson, { mode: 'while' })),
  ...Object.keys(parallelFields(anyJson, { mode: 'race' })),
  ...Object.keys(waitFields({ signal: '' })),
  ...Object.keys(REASONING),
]);
