/**
 * What a crash means: a run that is taken over goes on, and steps found running are judged by what
 * repeating them would do.
 */

import type { InterruptPolicy } from '../model/definition.ts';
import type { EngineInput } from '../model/input.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { toRfc3339 } from '../model/time.ts';
import { type Batch, type EngineLimits, emit } from './context.ts';
import { crashesWith } from './crashes.ts';
import { sweep } from './settle.ts';

type Restarted = Extract<EngineInput, { type: 'process_restarted' }>;

/** Takes a run over: notes the interruption, handles steps in flight, looks at everything again. */
export function processRestarted(batch: Batch, input: Restarted): void {
  const { state, ctx } = batch;
  const inFlight = [...state.open].filter(wasExecuting);
  emit(batch, 'workflow_interrupted', null, {
    epoch: input.epoch,
    node: input.node,
    last_seen: input.lastSeenMs === null ? null : toRfc3339(input.lastSeenMs),
    in_flight: inFlight.length,
    ...(input.others === undefined ? {} : { others: input.others }),
  });
  const others = (input.others ?? 0) + inFlight.length - 1;
  const policies = inFlight.map((step) => interrupt(batch, step, others));
  // A step that fails for good now is progress of its kind.
  if (
    !policies.includes('fail') &&
    dieTooOften(state, inFlight, ctx.limits) &&
    !state.paused &&
    state.status === 'active'
  ) {
    emit(batch, 'workflow_suspended', null, { reason: 'quarantined', waiting_for: [] });
  }
  sweep(state);
}

/** True when the run, or a step that was in flight, was there at too many deaths of processes. */
const dieTooOften = (
  { takeovers, sharedTakeovers }: RunState,
  inFlight: readonly StepState[],
  limits: EngineLimits,
): boolean =>
  takeovers >= limits.takeovers ||
  sharedTakeovers >= limits.sharedCrashes ||
  inFlight.some(({ crashes }) => (crashes?.shared ?? 0) >= limits.sharedCrashes);

/** A run owned again after it was given up in good order: the time between does not count. */
export function takenUp(batch: Batch, input: Extract<EngineInput, { type: 'taken_up' }>): void {
  const { state } = batch;
  if (state.status === 'active' && state.timeoutMs !== null) {
    emit(batch, 'workflow_interrupted', null, {
      epoch: input.epoch,
      node: null,
      last_seen: toRfc3339(input.lastSeenMs),
    });
  }
  sweep(state);
}

/** True when steps are marked as executing: right after a fold that means their owner is gone. */
export const hasInterrupted = (state: RunState): boolean => [...state.open].some(wasExecuting);

/** An action whose process or request died with the earlier owner. Children and questions live on. */
function wasExecuting(step: StepState): boolean {
  return (
    step.status === 'running' &&
    step.plan.body.type === 'action' &&
    step.sub === null &&
    step.plan.body.via !== 'child'
  );
}

function interrupt(batch: Batch, step: StepState, others: number): InterruptPolicy {
  const policy = policyOf(batch, step, others);
  const count = step.interruptions + 1;
  emit(batch, 'step_interrupted', step.path, { policy, count, others });
  return policy;
}

function policyOf(batch: Batch, step: StepState, others: number): InterruptPolicy {
  const { alone } = crashesWith(batch.state, step, others, batch.state.seq + 1);
  if (others === 0 && alone >= batch.ctx.limits.interruptions) return 'fail';
  const body = step.plan.body;
  if (body.type !== 'action' || body.effect !== 'unsafe') return 'rerun';
  const wish = step.plan.onInterrupt;
  if (wish !== null) return wish;
  const { onInterrupt } = batch.ctx;
  // Nobody is asked about the notice that a run which is done sends: the hook fails.
  const mustEnd = onInterrupt === 'ask' && !batch.state.plan.rules.hooksAsk;
  return mustEnd && isInHook(batch.state, step) ? 'fail' : onInterrupt;
}

function isInHook({ hook }: RunState, step: StepState): boolean {
  let { list } = step;
  while (list.owner !== null) list = list.owner.list;
  return list === hook?.list;
}
