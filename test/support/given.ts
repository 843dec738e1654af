/**
 * The pure engine in sentences: `given(definition).when(input, {atMs}).then([events]).outstanding([commands])`.
 *
 * Real expressions and test actions, no store, no clock: time is what `atMs` says (milliseconds since
 * the run began). Events and commands are read as short sentences (`step_skipped b upstream_failed`);
 * an expected sentence may leave its end out. Every scenario proves by itself, after each `when`, that
 * folding the log gives the live state.
 */
import { expect } from 'bun:test';
import { type Advanced, advance, beginRun } from '../../src/core/advance.ts';
import {
  type Admission,
  DEFAULT_ENGINE_LIMITS,
  type DecideContext,
  type EngineLimits,
  type PlaceAnswer,
} from '../../src/core/context.ts';
import { fold } from '../../src/core/evolve.ts';
import { outputOf } from '../../src/core/outputs.ts';
import { outstanding } from '../../src/core/outstanding.ts';
import { newState } from '../../src/core/state.ts';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createEngineAction } from '../../src/expr/engine-action.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import type { InlineAction } from '../../src/model/action.ts';
import type { Command } from '../../src/model/command.ts';
import type { Definition } from '../../src/model/definition.ts';
import { AppError, type ErrorCode, failure, type StepFailure } from '../../src/model/error.ts';
import type { RunEvent } from '../../src/model/event.ts';
import type { ComputeAnswer, ComputeRequest } from '../../src/model/expression.ts';
import { asRunId } from '../../src/model/ids.ts';
import type { EngineInput, Signal, SignalVerdict, StartFacts } from '../../src/model/input.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { RunState, StepState } from '../../src/model/run-state.ts';
import { expectSameState, expectSnapshotsHold } from '../core/plain-state.ts';
import { createSink, testActions } from './test-actions.ts';
import { sha256, startFacts, testPlan } from './test-engine.ts';

/** When every scenario's run begins, epoch milliseconds. */
const START_MS = Date.parse('2026-01-01T00:00:00Z');
const RUN_ID = asRunId('run-1');

export interface GivenOptions {
  readonly inputs?: JsonObject;
  readonly facts?: Partial<StartFacts>;
  readonly limits?: Partial<EngineLimits>;
  readonly onInterrupt?: DecideContext['onInterrupt'];
  /** Whether an action may start; always, when not given. */
  readonly admit?: (path: string) => Admission;
  /** What an ended run gets that shall go on. */
  readonly place?: () => PlaceAnswer;
  readonly evaluationsInFlight?: () => boolean;
  readonly timeoutMs?: number;
  /** Version of the engine's rules; the newest, when not given. */
  readonly rules?: number;
}

/** An input, or one that names what is open now. */
type When = EngineInput | NamedInput;
type NamedInput = (state: RunState) => EngineInput;

export interface Scenario {
  readonly state: RunState;
  readonly plan: Plan;
  readonly log: readonly RunEvent[];
  readonly verdicts: readonly SignalVerdict[];
  readonly last: Advanced;
  when(input: When | readonly When[], options?: { atMs?: number }): Scenario;
  /** Exactly these events followed, in this order. */
  then(sentences: readonly string[]): Scenario;
  /** These events are among what followed, in this order. */
  including(sentences: readonly string[]): Scenario;
  outstanding(sentences: readonly string[]): Scenario;
  /** How steps stand: `{a: 'completed', b: 'skipped upstream_failed'}`. */
  stands(steps: Readonly<Record<string, string>>): Scenario;
  /** The run's status, with its error's code when it failed: `failed TIMEOUT_ERROR`. */
  is(status: string): Scenario;
  step(path: string): StepState;
  output(path: string): Json;
  /** Answers for compute requests of later evaluations. */
  answers(answer: (request: ComputeRequest) => ComputeAnswer | undefined): Scenario;
}

const compiler = createExpressionCompiler();
const evaluator = createExpressionEvaluator();
const engineAction = createEngineAction(compiler, evaluator);
const actions = testActions(createSink());

/** A run of `definition` that has begun, or one whose log holds `events` and was just taken over. */
export function given(
  definition: Definition,
  options: GivenOptions = {},
  events: readonly RunEvent[] = [],
): Scenario {
  const plan = testPlan(definition, undefined, options.rules);
  const state = newState(RUN_ID, plan);
  const log: RunEvent[] = [];
  let now = START_MS;
  let answer: (request: ComputeRequest) => ComputeAnswer | undefined = () => undefined;
  let last: Advanced;

  const take = (advanced: Advanced): Advanced => {
    state.touched.clear();
    log.push(...advanced.events);
    expectSameState(state, fold(newState(RUN_ID, plan), log));
    expectSnapshotsHold(state, log);
    return advanced;
  };
  const context = (): DecideContext => contextAt(now, options, (request) => answer(request));

  if (events.length === 0) {
    const facts = { ...startFacts(options.inputs ?? {}), ...options.facts };
    const timeoutMs = options.timeoutMs ?? (plan.timeout?.kind === 'ms' ? plan.timeout.ms : null);
    last = take(beginRun(state, facts, timeoutMs, context()));
  } else {
    fold(state, events);
    log.push(...events);
    now = state.at;
    last = {
      events: [],
      verdicts: [],
      pending: [],
      orphans: [],
      restarted: null,
      unfinished: false,
      rest: [],
    };
  }

  const scenario: Scenario = {
    state,
    plan,
    log,
    get verdicts() {
      return last.verdicts;
    },
    get last() {
      return last;
    },
    when(input, { atMs } = {}) {
      if (atMs !== undefined) now = START_MS + atMs;
      const list = Array.isArray(input) ? (input as readonly When[]) : [input as When];
      const inputs = list.map((one) => (typeof one === 'function' ? one(state) : one));
      last = take(advance(state, inputs, context()));
      return scenario;
    },
    then(sentences) {
      expect(shorten(last.events.map(eventSentence), sentences)).toEqual([...sentences]);
      return scenario;
    },
    including(sentences) {
      expect(among(last.events.map(eventSentence), sentences)).toEqual([...sentences]);
      return scenario;
    },
    outstanding(sentences) {
      const actual = outstanding(state).map(commandSentence).sort();
      expect(shorten(actual, [...sentences].sort())).toEqual([...sentences].sort());
      return scenario;
    },
    stands(steps) {
      const actual = Object.fromEntries(
        Object.keys(steps).map((path) => [path, standing(state.steps.get(path))]),
      );
      expect(actual).toEqual(steps);
      return scenario;
    },
    is(status) {
      const code = state.error === null ? '' : ` ${state.error.code}`;
      const actual = `${state.status}${code}`;
      expect(status.includes(' ') ? actual : state.status).toBe(status);
      return scenario;
    },
    step(path) {
      const step = state.steps.get(path);
      if (step === undefined) throw new Error(`no step ${path}`);
      return step;
    },
    output: (path) => outputOf(scenario.step(path)),
    answers(next) {
      answer = next;
      return scenario;
    },
  };
  return scenario;
}

function contextAt(
  nowMs: number,
  options: GivenOptions,
  answer: (request: ComputeRequest) => ComputeAnswer | undefined,
): DecideContext {
  const memo = { get: answer };
  return {
    nowMs,
    limits: { ...DEFAULT_ENGINE_LIMITS, ...options.limits },
    onInterrupt: options.onInterrupt ?? 'ask',
    evaluate: (expression, scope) => evaluator.expression(expression, scope, memo),
    interpolate: (template, scope) => evaluator.template(template, scope, memo),
    engineAction: (action, params, compiled, scope) =>
      engineAction(action, params, compiled, scope, memo),
    checkParams: (_action, params) => ({ ok: true, params }),
    runInline(action, params, _refs, inline) {
      const def = actions.get(action);
      if (def?.inline !== true) throw new Error(`${action} is not inline`);
      try {
        const run: InlineAction['run'] = def.run;
        const result = run(params, { ...inline, randomUuid: () => 'uuid' });
        return { ok: true, ...result };
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        return { ok: false, error: failure(thrown.code, thrown.message) };
      }
    },
    admit: (path) => options.admit?.(path) ?? { kind: 'granted' },
    checkChild: () => null,
    askPlace: () => options.place?.() ?? null,
    idempotencyKey: (path, generation) => sha256(`${RUN_ID}${path}${generation}`).slice(0, 32),
    checkOutput: () => null,
    childId: (...parts) => `child-${parts.join('-')}`,
    settling: () => [],
    awaitSettling: () => undefined,
    unsettled: () => [],
    mayGoOn: () => true,
    evaluationsInFlight: options.evaluationsInFlight ?? (() => false),
  };
}

const openStep = (state: RunState, path: string): StepState => {
  const step = state.steps.get(path);
  if (step === undefined) throw new Error(`no step ${path}`);
  return step;
};

export const succeeded =
  (path: string, output: Json = null): NamedInput =>
  (state) => ({
    type: 'step_succeeded',
    path,
    seq: openStep(state, path).seq,
    output,
  });

export const failed =
  (
    path: string,
    code: ErrorCode = 'EXECUTION_ERROR',
    more: Partial<StepFailure> = {},
  ): NamedInput =>
  (state) => ({
    type: 'step_failed',
    path,
    seq: openStep(state, path).seq,
    error: { code, message: `${path} failed`, ...more },
  });

export const timer =
  (path: string | null, kind: Extract<Command, { kind: 'timer' }>['timer']): NamedInput =>
  (state) => ({
    type: 'timer_fired',
    path,
    seq: path === null ? state.activeSeq : openStep(state, path).seq,
    timer: kind,
  });

export const signal = (more: Partial<Signal> & Pick<Signal, 'type'>): EngineInput => ({
  type: 'signal',
  inboxId: 1,
  signal: { by: 'anna', role: 'operator', sender: 'person', payload: null, ...more },
});

/** `others`: active runs that the process executed besides this one. */
export const restarted = (epoch = 2, others?: number): EngineInput => ({
  type: 'process_restarted',
  epoch,
  node: 'gone',
  lastSeenMs: null,
  ...(others === undefined ? {} : { others }),
});

const standing = (step: StepState | undefined): string => {
  if (step === undefined) return 'gone';
  if (step.status === 'skipped') return `skipped ${step.skipReason}`;
  return step.status === 'failed' ? `failed ${step.error?.code}` : step.status;
};

/** Expected sentences may leave the end of the actual ones out. */
const shorten = (actual: readonly string[], expected: readonly string[]): string[] =>
  actual.map((sentence, at) => {
    const wanted = expected[at];
    return wanted !== undefined && matches(sentence, wanted) ? wanted : sentence;
  });

const matches = (sentence: string, wanted: string): boolean =>
  sentence === wanted || sentence.startsWith(`${wanted} `);

function among(actual: readonly string[], expected: readonly string[]): string[] {
  let at = 0;
  const found: string[] = [];
  for (const sentence of actual) {
    const wanted = expected[at];
    if (wanted === undefined || !matches(sentence, wanted)) continue;
    found.push(wanted);
    at += 1;
  }
  return found.length === expected.length ? found : [...actual];
}

/** `type path detail…`, the details a reader asks for first. */
export function eventSentence(event: RunEvent): string {
  const path = event.path === null ? [] : [event.path];
  return [event.type, ...path, ...details(event)].join(' ');
}

function details(event: RunEvent): (string | number)[] {
  switch (event.type) {
    case 'step_started':
      return event.payload.attempt > 1 ? [`#${event.payload.attempt}`] : [];
    case 'step_scheduled':
      return [event.payload.waiting_for];
    case 'step_completed':
      return event.payload.output === undefined ? [] : [JSON.stringify(event.payload.output)];
    case 'step_failed': {
      const { error, handled, outcome } = event.payload;
      return [
        error.code,
        ...(handled === undefined ? [] : [handled]),
        ...(outcome ? [outcome] : []),
      ];
    }
    case 'step_skipped': {
      const { reason, outcome } = event.payload;
      return [reason, ...(outcome === undefined ? [] : [outcome])];
    }
    case 'step_retry_attempt':
      return [`#${event.payload.attempt}`, `in ${event.payload.delay_ms}ms`];
    case 'step_interrupted':
      return [event.payload.policy, event.payload.count];
    case 'step_ignored': {
      const { error, outcome } = event.payload;
      return [error.code, ...(outcome ? [outcome] : [])];
    }
    case 'loop_iter_started':
    case 'loop_iter_completed':
      return [event.payload.index];
    case 'loop_completed':
      return [event.payload.iterations, ...(event.payload.truncated ? ['truncated'] : [])];
    case 'parallel_completed':
      return event.payload.winner === undefined ? [] : [`winner ${event.payload.winner}`];
    case 'condition_evaluated':
      return [event.payload.result, '→', event.payload.branch ?? 'nothing'];
    case 'decision_resolved': {
      const { choice, rejected, via, resolved_by: by } = event.payload;
      return [rejected === true ? 'rejected' : `${choice}`, `via ${via}`, `by ${by}`];
    }
    case 'decision_cancelled':
      return [event.payload.reason];
    case 'wait_completed':
      return event.payload.timed_out === true ? ['timed_out'] : [];
    case 'signal_received':
      return [event.payload.type];
    case 'workflow_failed':
      return [event.payload.error.code];
    case 'workflow_suspended':
    case 'workflow_resumed':
      return [event.payload.reason];
    case 'workflow_timed_out':
      return [event.payload.action];
    case 'hook_started':
    case 'hook_completed':
    case 'hook_failed':
      return [event.payload.hook];
    default:
      return [];
  }
}

/** `execute a`, `slot a`, `timer a retry @5000` (milliseconds since the run began), `timer run_timeout @…`. */
function commandSentence(command: Command): string {
  const path = command.path === null ? '' : `${command.path} `;
  if (command.kind !== 'timer') return `${command.kind} ${command.path}`;
  return `timer ${path}${command.timer} @${command.dueAt - START_MS}`;
}
