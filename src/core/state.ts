/**
 * Building and changing the state tree: new lists and steps, status changes, resolutions, resets.
 *
 * Used only by evolve. Invariants kept here: `list.open` counts steps whose resolution is open;
 * `activeLeaves`/`waitingLeaves` count open leaves by what they do; a dependent's counters equal the
 * resolutions of its dependencies.
 */
import type { SecretRef } from '../model/expression.ts';
import { type RunId, stepPath } from '../model/ids.ts';
import type { ListPlan, Plan } from '../model/plan.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';
import type { StepStatus } from '../model/run-status.ts';
import { listsBelow } from './lists-below.ts';
import { countsBefore } from './refusal.ts';

/** An empty state for a run before its first event. */
export function newState(runId: RunId, plan: Plan): RunState {
  const steps = new Map<string, StepState>();
  const state: RunState = {
    runId,
    plan,
    status: 'pending',
    seq: 0,
    at: 0,
    startedAt: 0,
    endedAt: null,
    facts: {
      name: null,
      template: null,
      version: null,
      agentId: null,
      parent: null,
      trigger: null,
      exec: { cwd: '/', env: {} },
      rules: plan.rules.version,
    },
    inputs: {},
    inputSecrets: [],
    usedSecrets: [],
    missingSecrets: [],
    hasChildren: false,
    context: {},
    paused: false,
    pauseReason: null,
    top: newList(steps, plan.top, '', null, 0),
    hook: null,
    hooksDone: new Set(),
    steps,
    open: new Set(),
    executing: 0,
    activeLeaves: 0,
    waitingLeaves: 0,
    activeMs: 0,
    activeSince: null,
    limitBaseMs: 0,
    activeSeq: 0,
    timeoutMs: null,
    timedOut: null,
    cancelling: null,
    buffered: [],
    stepExecutions: 0,
    queued: false,
    takeovers: 0,
    sharedTakeovers: 0,
    progressSeq: 0,
    output: undefined,
    error: null,
    agenda: [],
    touched: new Set(),
  };
  return state;
}

/** A list with all its steps pending, entered into `steps`. */
export function newList(
  steps: Map<string, StepState>,
  plan: ListPlan,
  prefix: string,
  owner: StepState | null,
  index: number,
): ListState {
  const list: ListState = {
    node: 'list',
    plan,
    prefix,
    owner,
    index,
    steps: [],
    open: plan.steps.length,
    failure: null,
    ran: false,
  };
  for (const stepPlan of plan.steps) {
    const path = stepPath(prefix, stepPlan.id);
    const step: StepState = {
      node: 'step',
      path,
      plan: stepPlan,
      list,
      status: 'pending',
      resolution: 'open',
      attempt: 1,
      seq: 0,
      startedAt: null,
      endedAt: null,
      dueAt: null,
      retryAt: null,
      limitMs: null,
      heldSince: null,
      guardPassed: false,
      params: null,
      secretRefs: [],
      output: undefined,
      error: null,
      handled: false,
      unknownOutcome: false,
      skipReason: null,
      needed: false,
      waitingFor: null,
      generation: 0,
      overrides: null,
      interruptions: 0,
      crashes: null,
      interrupted: null,
      rejected: null,
      skipping: false,
      sub: null,
      waits: stepPlan.deps.length,
      completedDeps: 0,
      failedDeps: 0,
      brokenDeps: 0,
    };
    list.steps.push(step);
    steps.set(path, step);
  }
  return list;
}

const isLeaf = (step: StepState): boolean => {
  const type = step.plan.body.type;
  return type === 'action' || type === 'wait' || type === 'reasoning';
};

type LeafClass = 'active' | 'waiting' | 'none';

function leafClass(step: StepState, status: StepStatus): LeafClass {
  if (status === 'scheduled' || status === 'retrying') return 'active';
  if (!isLeaf(step)) return 'none';
  if (status === 'running') return 'active';
  return status === 'suspended' ? 'waiting' : 'none';
}

const holdsSlot = (step: StepState, status: StepStatus): boolean =>
  status === 'running' && step.plan.body.type === 'action' && step.plan.body.via === 'effect';

/** Remembers the secrets that these references name. */
export function noteSecrets(state: RunState, refs: readonly SecretRef[] | undefined): void {
  if (refs === undefined) return;
  for (const { parts } of refs) {
    for (const part of parts) if (typeof part !== 'string') noteSecret(state, part.secret);
  }
}

/** Remembers a secret by name. */
export function noteSecret(state: RunState, name: string): void {
  if (!state.usedSecrets.includes(name)) state.usedSecrets = [...state.usedSecrets, name];
}

/** Changes a step's status and keeps the run's counters in step with it. */
export function setStatus(state: RunState, step: StepState, status: StepStatus): void {
  count(state, leafClass(step, step.status), -1);
  count(state, leafClass(step, status), 1);
  if (holdsSlot(step, step.status)) state.executing -= 1;
  if (holdsSlot(step, status)) state.executing += 1;
  step.status = status;
  const inFlight =
    status === 'scheduled' ||
    status === 'running' ||
    status === 'retrying' ||
    status === 'suspended';
  if (inFlight) state.open.add(step);
  else state.open.delete(step);
  state.touched.add(step);
}

function count(state: RunState, kind: LeafClass, by: number): void {
  if (kind === 'active') state.activeLeaves += by;
  else if (kind === 'waiting') state.waitingLeaves += by;
}

/** Works out a step's resolution once it has ended, and tells everyone who waits for it. */
export function resolve(state: RunState, step: StepState): void {
  const resolution = resolutionOf(step);
  const { list, plan } = step;
  state.agenda.push(step);
  if (plan.fallback !== null) state.agenda.push(at(list, plan.fallback));
  if (resolution === 'open' || step.resolution !== 'open') return;
  step.resolution = resolution;
  list.open -= 1;
  if (resolution === 'failed') noteFailure(state, list, step);
  // First the list: with `fail_fast` nothing behind the failure may start.
  if (list.open === 0 || list.failure !== null) state.agenda.push(list);
  for (const index of plan.dependents) {
    const dependent = at(list, index);
    countDependency(dependent, step);
    state.agenda.push(dependent);
  }
  if (plan.fallbackOf !== null) {
    const owner = at(list, plan.fallbackOf);
    if (owner.status === 'failed' && owner.handled) resolve(state, owner);
  }
  noteEnded(list);
  if (list.owner !== null) state.agenda.push(list.owner);
}

/** A loop looks only at iterations that may have ended, not at all that run. */
function noteEnded(list: ListState): void {
  if (list.owner?.sub?.kind !== 'loop') return;
  if (list.open === 0) list.owner.sub.ended.add(list.index);
  else list.owner.sub.ended.delete(list.index);
}

function noteFailure(state: RunState, list: ListState, step: StepState): void {
  if (step.error === null || step.handled) return;
  const failure = { seq: step.seq, error: step.error };
  if (countsBefore(state.plan.rules, failure, list.failure)) list.failure = failure;
}

function countDependency(dependent: StepState, dep: StepState): void {
  dependent.waits -= 1;
  if (dep.resolution === 'completed') dependent.completedDeps += 1;
  else if (dep.resolution === 'failed') dependent.failedDeps += 1;
  else if (isBroken(dep)) dependent.brokenDeps += 1;
}

/** Skipped because something before it failed: for a chain behind it that is a failure too. */
const isBroken = (step: StepState): boolean =>
  step.skipReason === 'upstream_failed' || step.skipReason === 'fail_fast';

function resolutionOf(step: StepState): StepState['resolution'] {
  if (step.status === 'completed') return 'completed';
  if (step.status === 'skipped') return 'skipped';
  if (step.status !== 'failed') return 'open';
  if (!step.handled || step.plan.fallback === null) return 'failed';
  const fallback = at(step.list, step.plan.fallback).resolution;
  // A fallback that was itself skipped by its guard has handled the failure: nothing was to be done.
  return fallback === 'skipped' ? 'completed' : fallback;
}

/** The step at an index of a list's plan. */
function at(list: ListState, index: number): StepState {
  const step = list.steps[index];
  if (step === undefined) throw new Error(`no step ${index} in list "${list.prefix}"`);
  return step;
}

/** Takes a step and everything below it back to pending, as if it had never been looked at. */
export function forgetStep(state: RunState, step: StepState): void {
  for (const list of listsBelow(step)) forgetList(state, list);
  makePending(state, step);
  step.sub = null;
  step.attempt = 1;
  step.interruptions = 0;
  step.crashes = null;
}

/** Removes a list's steps from the state for good. */
export function forgetList(state: RunState, list: ListState): void {
  for (const step of list.steps) {
    for (const below of listsBelow(step)) forgetList(state, below);
    setStatus(state, step, 'pending');
    state.steps.delete(step.path);
  }
}

/** Back to pending with what is below kept (a composite whose completed parts stay). */
export function makePending(state: RunState, step: StepState): void {
  setStatus(state, step, 'pending');
  step.resolution = 'open';
  step.startedAt = null;
  step.endedAt = null;
  step.dueAt = null;
  step.heldSince = null;
  step.retryAt = null;
  step.interrupted = null;
  step.rejected = null;
  step.skipping = false;
  step.guardPassed = false;
  step.params = null;
  step.secretRefs = [];
  step.output = undefined;
  step.error = null;
  step.handled = false;
  step.unknownOutcome = false;
  step.skipReason = null;
  step.needed = false;
  step.waitingFor = null;
}

/** Counts a list's dependencies, open steps and failure anew after some of its steps were reset. */
export function recount(state: RunState, list: ListState): void {
  list.open = 0;
  list.failure = null;
  for (const step of list.steps) {
    step.waits = step.plan.deps.length;
    step.completedDeps = 0;
    step.failedDeps = 0;
    step.brokenDeps = 0;
    step.resolution = 'open';
  }
  // A fallback may be written before or after its owner: resolve until nothing changes.
  while (resolveRound(list));
  for (const step of list.steps) {
    state.agenda.push(step);
    if (step.resolution === 'open') {
      list.open += 1;
      continue;
    }
    for (const index of step.plan.dependents) countDependency(at(list, index), step);
    if (step.resolution === 'failed') noteFailure(state, list, step);
  }
  noteEnded(list);
}

function resolveRound(list: ListState): boolean {
  let changed = false;
  for (const step of list.steps) {
    if (step.resolution !== 'open') continue;
    step.resolution = resolutionOf(step);
    changed ||= step.resolution !== 'open';
  }
  return changed;
}
