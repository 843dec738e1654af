/**
 * The names an expression may read at one place of a run. Lazy: only what is read is assembled.
 *
 * A bare id means the nearest enclosing list that has it; a full path names any step that has ended
 * and could not still be running beside the reader. Branches of a parallel and iterations that may
 * run at the same time do not see each other.
 */
import type { Scope, StepView } from '../model/expression.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { ListPlan } from '../model/plan.ts';
import type { ListState, LoopState, RunState, StepState } from '../model/run-state.ts';
import { isStepEnded } from '../model/run-status.ts';
import { toRfc3339 } from '../model/time.ts';
import { listOutput, outputOf } from './outputs.ts';

export interface ScopeOptions {
  readonly nowMs: number;
  /** Additional names (`data`, `args`, `error`, …). */
  readonly extra?: Readonly<Record<string, Json>>;
  /** For a loop's own test: the iteration that is about to start or has just finished. */
  readonly test?: {
    readonly index: number;
    readonly last: ListState | null;
    readonly body: ListPlan;
  };
  readonly idempotencyKey?: () => string;
}

/** The scope of a step, or of the whole run when `step` is null. */
export function createScope(state: RunState, step: StepState | null, options: ScopeOptions): Scope {
  const list = step?.list ?? state.top;
  const values = valueReaders(state, step, options);
  const find = (ref: string): StepState | undefined => findStep(state, list, ref, options);
  return {
    nowMs: options.nowMs,
    step(ref) {
      const found = find(ref);
      if (found === undefined || hiddenReason(state, step, found, options) !== null)
        return undefined;
      return stepView(found);
    },
    whyHidden(ref) {
      const found = find(ref);
      return found === undefined ? null : hiddenReason(state, step, found, options);
    },
    stepIds: () => visibleIds(state, list, options),
    value: (name) => (Object.hasOwn(values, name) ? values[name]?.() : undefined),
    names: () => Object.keys(values).filter((name) => values[name]?.() !== undefined),
    inputSecrets: () => state.inputSecrets,
  };
}

type Readers = Record<string, () => Json | undefined>;

function valueReaders(state: RunState, step: StepState | null, options: ScopeOptions): Readers {
  const readers: Readers = {
    inputs: () => state.inputs,
    context: () => state.context,
    workflow: () => workflowView(state, options.nowMs),
    loop: () => loopView(step, options),
    iter: () => loopView(step, options),
  };
  if (step !== null) {
    readers.step = () => ({
      id: step.plan.id,
      path: step.path,
      attempt: step.attempt,
      idempotency_key: options.idempotencyKey?.() ?? '',
    });
  }
  for (const [name, value] of Object.entries(options.extra ?? {})) readers[name] = () => value;
  return readers;
}

function workflowView(state: RunState, nowMs: number): JsonObject {
  const { facts } = state;
  return {
    run_id: state.runId,
    name: facts.name ?? state.plan.title,
    template_name: facts.template,
    template_version: facts.version,
    agent_id: facts.agentId,
    started_at: toRfc3339(state.startedAt),
    now: toRfc3339(nowMs),
    parent_id: facts.parent?.runId ?? null,
  };
}

/** The loop variables of the innermost loop around a place, with `parent` reaching out. */
function loopView(step: StepState | null, options: ScopeOptions): Json | undefined {
  if (step === null) return undefined;
  if (options.test !== undefined && step.sub?.kind === 'loop') {
    return loopObject(step, step.sub, options.test.index, step.list);
  }
  return enclosingLoop(step.list);
}

function enclosingLoop(from: ListState): Json | undefined {
  let list: ListState | null = from;
  while (list !== null && list.owner !== null) {
    const owner: StepState = list.owner;
    if (owner.sub?.kind === 'loop') return loopObject(owner, owner.sub, list.index, owner.list);
    list = owner.list;
  }
  return undefined;
}

function loopObject(
  owner: StepState,
  loop: LoopState,
  index: number,
  outer: ListState,
): JsonObject {
  const body = owner.plan.body;
  const concurrent = body.type === 'loop' && body.maxConcurrency > 1;
  const before = concurrent || index === 0 ? undefined : loop.iterations[index - 1];
  return {
    item: loop.items?.[index] ?? null,
    index,
    previous: before === undefined || before.open > 0 ? null : listOutput(before),
    parent: enclosingLoop(outer) ?? null,
  };
}

/** A step as expressions see it. */
function stepView(step: StepState): StepView {
  return { status: step.status, output: outputOf(step), error: step.error };
}

function findStep(
  state: RunState,
  list: ListState,
  ref: string,
  options: ScopeOptions,
): StepState | undefined {
  const inTest = options.test;
  const inBody = inTest?.body.indexById.get(ref);
  // Before the first iteration a body's id means nothing, also when a list around has it too.
  if (inTest !== undefined && inBody !== undefined) return inTest.last?.steps[inBody];
  let at: ListState | null = list;
  while (at !== null) {
    const index = at.plan.indexById.get(ref);
    if (index !== undefined) return at.steps[index];
    at = at.owner?.list ?? null;
  }
  if (list !== state.top) {
    // A hook stands outside the top list but reads it.
    const index = state.top.plan.indexById.get(ref);
    if (index !== undefined) return state.top.steps[index];
  }
  return state.steps.get(ref);
}

/** Why a step that exists cannot be read from a place, or null when it can. */
function hiddenReason(
  state: RunState,
  reader: StepState | null,
  target: StepState,
  options: ScopeOptions,
): string | null {
  if (reader !== null && standsInFor(reader, target)) return null;
  if (!isStepEnded(target.status) || target.resolution === 'open') {
    return `step "${target.path}" has not ended yet`;
  }
  if (reader === null || options.test?.last === target.list) return null;
  return isolation(state, reader, target);
}

/** A fallback, or a step inside one, reads the failure it stands in for. */
function standsInFor(reader: StepState, target: StepState): boolean {
  if (target.status !== 'failed') return false;
  for (let step: StepState | null = reader; step !== null; step = step.list.owner) {
    if (step.list === target.list) return step.plan.fallbackOf === target.plan.index;
  }
  return false;
}

function isolation(state: RunState, reader: StepState, target: StepState): string | null {
  const above = new Map<StepState, ListState>();
  for (let list = reader.list; list.owner !== null; list = list.owner.list) {
    above.set(list.owner, list);
  }
  for (let list = target.list; list.owner !== null; list = list.owner.list) {
    const mine = above.get(list.owner);
    if (mine === undefined) continue;
    if (mine === list) return null;
    const owner = list.owner;
    if (owner.sub?.kind === 'parallel') {
      return `step "${target.path}" is in another branch of "${owner.path}"`;
    }
    const body = owner.plan.body;
    if (body.type === 'loop' && body.maxConcurrency > 1) {
      return `step "${target.path}" is in another iteration of "${owner.path}", which runs several at once`;
    }
    return null;
  }
  return state.steps.get(target.path) === target ? null : `step "${target.path}" is gone`;
}

function visibleIds(state: RunState, list: ListState, options: ScopeOptions): string[] {
  const ids = new Set<string>();
  const last = options.test?.last ?? null;
  if (last !== null) for (const step of last.steps) ids.add(step.plan.id);
  for (let at: ListState | null = list; at !== null; at = at.owner?.list ?? null) {
    for (const step of at.steps) ids.add(step.plan.id);
  }
  if (list !== state.top) for (const step of state.top.steps) ids.add(step.plan.id);
  return [...ids];
}
