/**
 * What the run's own events mean: start, end, suspension, time, signals.
 *
 * A `signal_received` records an intention (an answer, a rejection, a cancel, steps to reset); the
 * sweep carries it out, so a log cut right after it still comes to the same end.
 */

import type { EventOf, EventPayloads, RunEvent } from '../model/event.ts';
import { HOOK_COMPLETE, HOOK_ERROR } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { FIRST_RULES } from '../model/rules.ts';
import type { RunState } from '../model/run-state.ts';
import { parseRfc3339 } from '../model/time.ts';
import type { ApplyTable } from './apply-table.ts';
import { reopenAbove, resetSteps } from './resets.ts';
import { forgetList, makePending, newList, noteSecret, noteSecrets, setStatus } from './state.ts';

/** Active time up to `at`, milliseconds. */
export const activeTimeAt = (state: RunState, at: number): number =>
  state.activeMs + (state.activeSince === null ? 0 : Math.max(0, at - state.activeSince));

function beginActive(state: RunState, event: RunEvent): void {
  state.status = 'active';
  state.activeSince = event.at;
  state.activeSeq = event.seq;
}

function endActive(state: RunState, at: number): void {
  state.activeMs = activeTimeAt(state, at);
  state.activeSince = null;
}

function end(state: RunState, event: RunEvent, status: 'completed' | 'failed' | 'cancelled'): void {
  endActive(state, event.at);
  state.status = status;
  state.endedAt = event.at;
  state.cancelling = null;
  state.queued = false;
}

function started(
  state: RunState,
  payload: EventPayloads['workflow_started'],
  event: EventOf<'workflow_started'>,
): void {
  beginActive(state, event);
  state.startedAt = event.at;
  const parent = payload.parent;
  state.facts = {
    name: payload.name,
    template: payload.template,
    version: payload.version,
    agentId: payload.agent_id,
    parent:
      parent === undefined
        ? null
        : { runId: parent.workflow_id, path: parent.step_id, depth: parent.depth },
    trigger: payload.trigger ?? null,
    exec: payload.exec,
    rules: payload.rules ?? FIRST_RULES,
  };
  state.inputs = payload.inputs;
  state.inputSecrets = payload.secret_refs ?? [];
  noteSecrets(state, payload.secret_refs);
  for (const name of payload.masks ?? []) noteSecret(state, name);
  state.context = Object.assign(Object.create(null), payload.context) as Record<string, Json>;
  state.timeoutMs = payload.timeout_ms ?? null;
}

/** Drops what an earlier end of the run left behind: hooks, limit, output. */
function reactivate(state: RunState): void {
  for (const path of [HOOK_COMPLETE, HOOK_ERROR]) {
    const hook = state.steps.get(path);
    if (hook !== undefined) forgetList(state, hook.list);
  }
  state.hook = null;
  state.hooksDone.clear();
  state.output = undefined;
  state.error = null;
  state.endedAt = null;
  state.timedOut = null;
  state.limitBaseMs = state.activeMs;
}

function signalReceived(
  state: RunState,
  payload: EventPayloads['signal_received'],
  event: EventOf<'signal_received'>,
): void {
  const step = payload.step_id === undefined ? undefined : state.steps.get(payload.step_id);
  switch (payload.type) {
    case 'decision':
      if (step?.sub?.kind === 'decision') step.sub.answer = payload.answer ?? null;
      break;
    case 'data':
      receiveData(state, payload, event);
      break;
    case 'pause':
      state.paused = true;
      state.pauseReason = payload.cause ?? 'paused';
      for (const scheduled of state.open) state.touched.add(scheduled);
      break;
    case 'resume':
      resume(state, event.at);
      break;
    case 'cancel':
      if (step === undefined) {
        state.cancelling = { by: payload.by, reason: payload.reasoning ?? null };
      } else step.rejected = { by: payload.by, reasoning: payload.reasoning ?? null };
      break;
    case 'retry':
    case 'skip':
      restartFrom(state, payload, event);
      break;
  }
  if (step !== undefined) state.agenda.push(step);
}

function resume(state: RunState, at: number): void {
  if (state.pauseReason === 'timeout') state.limitBaseMs = activeTimeAt(state, at);
  state.timedOut = null;
  state.paused = false;
  state.pauseReason = null;
  state.takeovers = 0;
  state.sharedTakeovers = 0;
  for (const step of state.steps.values()) {
    if (step.crashes !== null) step.crashes = { ...step.crashes, shared: 0 };
    if (step.status === 'pending' || step.status === 'scheduled') state.agenda.push(step);
    state.touched.add(step);
  }
}

function receiveData(
  state: RunState,
  payload: EventPayloads['signal_received'],
  event: EventOf<'signal_received'>,
): void {
  if (payload.name === undefined) return;
  const stepPath = payload.step_id ?? null;
  state.buffered.push({ seq: event.seq, name: payload.name, stepPath, payload: payload.payload });
  for (const step of state.open) {
    if (step.sub?.kind === 'wait' && step.sub.signal === payload.name) state.agenda.push(step);
  }
}

function restartFrom(
  state: RunState,
  payload: EventPayloads['signal_received'],
  event: EventOf<'signal_received'>,
): void {
  if (state.status === 'failed') {
    reactivate(state);
    beginActive(state, event);
  }
  resetSteps(state, payload.resets ?? [], null, event);
  const step = payload.step_id === undefined ? undefined : state.steps.get(payload.step_id);
  if (step === undefined) return;
  if (payload.type === 'skip' && step.status !== 'failed') step.skipping = true;
  else if (payload.type === 'skip') {
    makePending(state, step);
    step.seq = event.seq;
    step.endedAt = event.at;
    step.skipReason = 'skipped_by_signal';
    setStatus(state, step, 'skipped');
    reopenAbove(state, step.list, event);
    state.agenda.push(step.list);
  } else if (payload.inputs !== undefined) {
    step.overrides = payload.inputs as JsonObject;
    step.generation += 1;
  }
}

export const RUN_EVENTS: ApplyTable = {
  workflow_started: started,
  masking_incomplete: (state, { names }) => {
    state.missingSecrets = [...new Set([...state.missingSecrets, ...names])];
  },
  workflow_completed: (state, payload, event) => {
    state.output = payload.output;
    end(state, event, 'completed');
  },
  workflow_failed: (state, payload, event) => {
    state.error = payload.error;
    end(state, event, 'failed');
  },
  workflow_cancelled: (state, _payload, event) => end(state, event, 'cancelled'),
  workflow_suspended: (state, payload, event) => {
    endActive(state, event.at);
    state.status = 'suspended';
    if (payload.reason === 'quarantined' || payload.reason === 'restored') {
      state.paused = true;
      state.pauseReason = payload.reason;
    }
  },
  workflow_queued: (state, _payload, event) => {
    endActive(state, event.at);
    state.status = 'pending';
    state.queued = true;
  },
  workflow_resumed: (state, payload, event) => {
    if (payload.reason === 'turn') state.queued = false;
    beginActive(state, event);
  },
  workflow_timed_out: (state, payload, event) => {
    state.timedOut = payload.action;
    if (payload.action !== 'suspend') return;
    state.paused = true;
    state.pauseReason = 'timeout';
    state.limitBaseMs = activeTimeAt(state, event.at);
  },
  workflow_interrupted: (state, payload, event) => {
    // Without a node it was given up in good order, which is no crash.
    if (payload.node !== null && payload.in_flight !== 0) {
      if ((payload.others ?? 0) > 0) state.sharedTakeovers += 1;
      else state.takeovers += 1;
    }
    if (state.activeSince === null) return;
    const seen = payload.last_seen === null ? null : parseRfc3339(payload.last_seen);
    endActive(state, Math.min(event.at, Math.max(state.activeSince, seen ?? state.activeSince)));
    state.activeSince = event.at;
    state.activeSeq = event.seq;
  },
  signal_received: signalReceived,
  hook_started: (state, payload) => {
    const plan = payload.hook === 'on_complete' ? state.plan.onComplete : state.plan.onError;
    if (plan === null) return;
    const list = newList(state.steps, plan, '', null, 0);
    state.hook = {
      kind: payload.hook,
      list,
      output: payload.output,
      error: payload.error ?? null,
    };
    state.agenda.push(...list.steps);
  },
  hook_completed: (state, payload) => {
    state.hooksDone.add(payload.hook);
  },
  hook_failed: (state, payload) => {
    state.hooksDone.add(payload.hook);
  },
};
