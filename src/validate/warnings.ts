/**
 * What is allowed and probably not meant: choices nobody acts on, exit codes nobody looks at, waits
 * without a way out, secrets that are not there, repeats that may do something twice.
 */
import { EAGER_RETRIES, LATE_RETRY_DELAY_MS } from '../core/retry.ts';
import type { Definition, WorkflowPackage } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, ownValue } from '../model/json.ts';
import type { ActionPlan, Plan, StepPlan } from '../model/plan.ts';
import { decisionWarnings } from './decision-warnings.ts';
import { findEffectsBehind } from './effects-behind.ts';
import { zeroExitCodes } from './exit-codes.ts';
import { declaredInputs, inputWarnings, openReads } from './input-warnings.ts';
import { warningAt } from './issues.ts';
import { type KnownNames, plainTemplates } from './plain-templates.ts';
import { type PlannedStep, plannedSteps } from './plan-walk.ts';
import { createReads, type Reads } from './reads.ts';
import { standInChoices } from './stand-in-choice.ts';
import { textsBeside } from './text-walk.ts';
import { wrappedResults } from './wrapped-result.ts';

/** Every warning of a workflow that compiles; `knownSecrets` null when that cannot be told. */
export function findWarnings(
  pack: Pick<WorkflowPackage, 'definition' | 'inputSchema' | 'triggers'>,
  plan: Plan,
  knownSecrets: readonly string[] | null,
): Issue[] {
  const { definition } = pack;
  const steps = [...plannedSteps(definition, plan)];
  const reads = createReads(steps, plan);
  const effectBehind = findEffectsBehind(steps);
  const secrets = knownSecrets === null ? null : new Set(knownSecrets);
  return [
    ...steps.flatMap((step) => [
      ...idleChoice(step, reads, effectBehind),
      ...unseenExitCode(step, reads),
      ...decisionWithoutFallback(step),
      ...decisionCutShort(step),
      ...numberAsText(step),
      ...endlessLoop(step),
      ...blindRepeat(step),
      ...eagerRetry(step),
      ...(secrets === null ? [] : actionSecrets(step, secrets)),
    ]),
    ...decisionWarnings(steps, plan, reads, effectBehind),
    ...standInChoices(steps),
    ...zeroExitCodes(steps),
    ...wrappedResults(definition, steps),
    ...eagerDefault(definition, steps),
    ...plainTemplates(steps, textsBeside(definition), namesOf(pack, steps)),
    ...inputWarnings(pack, openReads(pack, plan, steps)),
    ...(secrets === null ? [] : sharedSecrets(definition, secrets)),
  ];
}

const namesOf = (
  pack: Pick<WorkflowPackage, 'definition' | 'inputSchema'>,
  steps: readonly PlannedStep[],
): KnownNames => {
  const { names, sure } = declaredInputs(pack);
  return { inputs: names ?? sure, steps: new Set(steps.map(({ def }) => def.id)) };
};

function idleChoice(
  { def, plan, path }: PlannedStep,
  reads: Reads,
  effectBehind: ReadonlySet<StepPlan>,
): Issue[] {
  if (plan.body.type !== 'reasoning' || !effectBehind.has(plan)) return [];
  const stops = plan.body.options.some((option) => option.outcome === 'stop');
  if (stops || reads.isRead(def.id, 'choice')) return [];
  const message = `nothing reads the choice of "${def.id}" and none of its options stops: what comes behind it happens whatever is chosen`;
  const hint = 'give the refusing option `outcome: "stop"`, or read `steps.<id>.choice` in a guard';
  return [warningAt(path, 'UNREAD_CHOICE', message, hint)];
}

const SHELL = 'shell.exec';

function unseenExitCode({ def, plan, path }: PlannedStep, reads: Reads): Issue[] {
  if (plan.body.type !== 'action' || plan.body.action !== SHELL) return [];
  const strict = paramOf(plan.body, 'fail_on_error');
  const decided = strict !== undefined && strict !== false;
  if (decided || reads.isRead(def.id, 'exit_code')) return [];
  const message = `nobody looks at the exit code of "${def.id}": the step completes when its command fails`;
  return [warningAt(path, 'UNREAD_EXIT_CODE', message, 'set `fail_on_error: true`, or use `run`')];
}

function paramOf(body: ActionPlan, name: string): Json | undefined {
  return isJsonObject(body.params.raw) ? ownValue(body.params.raw, name) : undefined;
}

function decisionWithoutFallback({ def, plan, path }: PlannedStep): Issue[] {
  const { body, timeout } = plan;
  if (body.type !== 'reasoning' || body.fallback !== null) return [];
  if (body.timeout === null && timeout === null) return [];
  if (handlesTimeout(plan)) return [];
  const message = `"${def.id}" has a timeout and no fallback: it fails when nobody decides in time`;
  return [warningAt(path, 'NO_FALLBACK', message, 'set `config.fallback` to one of its options')];
}

/** True when `on_error` deals with a decision that nobody made in time. */
const handlesTimeout = ({ ignoreErrors, fallback, handledCodes }: StepPlan): boolean =>
  (ignoreErrors || fallback !== null) &&
  (handledCodes === null || handledCodes.includes('TIMEOUT_ERROR'));

/** A decision that its own step ends before its timeout can choose the fallback. */
function decisionCutShort({ def, plan, path }: PlannedStep): Issue[] {
  const { body, timeout } = plan;
  if (body.type !== 'reasoning' || body.timeout?.kind !== 'ms' || timeout?.kind !== 'ms') return [];
  if (body.timeout.ms <= timeout.ms) return [];
  const message = `the timeout of the step "${def.id}" comes before that of its decision: the fallback is never chosen`;
  const hint = 'leave the timeout of the step out, or make it the longer one';
  return [warningAt([...path, 'config', 'timeout'], 'DECISION_TIMEOUT', message, hint)];
}

/** Fields of outputs that are numbers in every run. */
const NUMBERS = /\.(?:status_code|exit_code|duration_ms|iterations|waited|size)\s*\}\}\s*$/;

/** A comparison of a number with the text of one, which is never equal. */
function numberAsText({ def, plan, path }: PlannedStep): Issue[] {
  if (plan.body.type !== 'action' || !/^assert\.equals?$/.test(plan.body.action)) return [];
  const { expected, actual } = def.params ?? {};
  if (typeof expected !== 'string' || typeof actual !== 'string') return [];
  if (!/^-?\d+$/.test(expected) || !NUMBERS.test(actual)) return [];
  const message = `the text "${expected}" never equals a number`;
  return [
    warningAt(
      [...path, 'params', 'expected'],
      'TYPE_MISMATCH',
      message,
      `write \`expected: ${expected}\``,
    ),
  ];
}

function endlessLoop({ def, plan, path }: PlannedStep): Issue[] {
  const { body } = plan;
  if (body.type !== 'loop' || body.mode === 'for_each' || body.maxIter !== null) return [];
  const message = `the ${body.mode} loop "${def.id}" has no \`max_iter\`: it fails after 1,000 iterations`;
  return [warningAt([...path, 'config'], 'NO_MAX_ITER', message)];
}

/** An unsafe step that is repeated although nobody knows what the first try did. */
function blindRepeat({ def, plan, path }: PlannedStep): Issue[] {
  const { body, retry } = plan;
  if (body.type !== 'action' || body.effect !== 'unsafe' || body.via === 'child') return [];
  if (retry === null || retry.max === 0) return [];
  const repeatsTimeouts = retry.on === null || retry.on.includes('TIMEOUT_ERROR');
  if (!repeatsTimeouts || hasIdempotencyKey(body)) return [];
  const message = `"${def.id}" is tried again after a timeout, and its action may then have happened already`;
  const hint =
    'pass `${{step.idempotency_key}}` on, limit `retry.on`, or state the `effect` it really has';
  return [warningAt([...path, 'retry'], 'UNSAFE_RETRY', message, hint)];
}

/** Many tries that follow each other without a pause. */
function eagerRetry({ def, plan, path }: PlannedStep): Issue[] {
  if (def.retry === undefined || !isEager(plan)) return [];
  return [eagerWarning([...path, 'retry'], `"${def.id}"`, plan)];
}

function eagerDefault({ defaults }: Definition, steps: readonly PlannedStep[]): Issue[] {
  const first = steps.find(({ def, plan }) => def.retry === undefined && isEager(plan));
  if (defaults?.retry === undefined || first === undefined) return [];
  return [eagerWarning(['defaults', 'retry'], 'every step', first.plan)];
}

function isEager({ retry }: StepPlan): boolean {
  if (retry === null || retry.max <= EAGER_RETRIES) return false;
  return retry.backoff === 'none' || (retry.delay.kind === 'ms' && retry.delay.ms === 0);
}

function eagerWarning(path: IssuePath, who: string, { retry }: StepPlan): Issue {
  const message = `${who} is tried ${retry?.max} times again without a delay: after ${EAGER_RETRIES} each try waits ${LATE_RETRY_DELAY_MS}ms all the same`;
  return warningAt(path, 'EAGER_RETRY', message, 'give `delay` and `backoff: "exponential"`');
}

/** HTTP requests carry a key by themselves unless that is turned off. */
function hasIdempotencyKey(body: ActionPlan): boolean {
  if (body.action.startsWith('http.')) return paramOf(body, 'idempotency_key') !== false;
  if (body.params.references.some(([root, key]) => root === 'step' && key === 'idempotency_key')) {
    return true;
  }
  return JSON.stringify(body.params.raw).includes('OPCODE_IDEMPOTENCY_KEY');
}

function actionSecrets({ def, plan, path }: PlannedStep, known: ReadonlySet<string>): Issue[] {
  if (plan.body.type !== 'action') return [];
  if (plan.body.params.secrets.every((name) => known.has(name))) return [];
  return missingSecrets(def.params ?? {}, [...path, 'params'], known);
}

function sharedSecrets({ inputs, defaults }: Definition, known: ReadonlySet<string>): Issue[] {
  return [
    ...missingSecrets(inputs ?? {}, ['inputs'], known),
    ...missingSecrets(defaults?.params ?? {}, ['defaults', 'params'], known),
  ];
}

/** `secrets.NAME` inside a template's braces. */
const SECRET = /\bsecrets(?:\.([\p{L}\p{N}_$@-]+)|\[\s*(['"])(.*?)\2\s*\])/gu;

function missingSecrets(value: Json, path: IssuePath, known: ReadonlySet<string>): Issue[] {
  if (isJsonArray(value))
    return value.flatMap((item, i) => missingSecrets(item, [...path, i], known));
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, item]) =>
      missingSecrets(item, [...path, key], known),
    );
  }
  if (typeof value !== 'string' || !value.includes('${{')) return [];
  const names = [...value.matchAll(SECRET)].map((match) => match[1] ?? match[3] ?? '');
  return [...new Set(names)]
    .filter((name) => !known.has(name))
    .map((name) =>
      warningAt(
        path,
        'MISSING_SECRET',
        `there is no secret "${name}" yet`,
        `set OPCODE_SECRET_${name} where it runs: without it the step fails with VAULT_ERROR`,
      ),
    );
}
