/**
 * What a rerun takes over from the run before: everything that completed and is neither the step it
 * begins at, nor behind it, nor around it.
 */
import { fold } from '../core/evolve.ts';
import { changedIn, firstFailed, missingIn, planRerun } from '../core/rerun.ts';
import { incompleteIn } from '../core/resets.ts';
import { newState } from '../core/state.ts';
import { AppError } from '../model/error.ts';
import type { CarriedEvents } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Prepared } from './definitions.ts';
import type { OpsParts } from './parts.ts';
import { resolveStep } from './run-ref.ts';

export interface Reused {
  readonly reuse: CarriedEvents;
  readonly kept: readonly string[];
  /** Paths that run again; null when everything does. */
  readonly again: readonly string[] | null;
  /** Kept steps whose definition is another one now. */
  readonly changed: readonly string[];
  /** The context as it was when the step began, or null when nothing is kept. */
  readonly context: JsonObject | null;
}

export interface ReuseRequest {
  readonly from_step?: string | undefined;
  readonly failed?: boolean | undefined;
}

/** Names the run's own output as the place to begin at: everything that completed is kept. */
export const OUTPUT_STEP = '@output';

const PAGE = 5000;

/** @throws NOT_FOUND, CONFLICT, VALIDATION_ERROR when the new version lacks a kept step */
export function reusedFrom(
  parts: OpsParts,
  runId: RunId,
  prepared: Prepared,
  request: ReuseRequest,
): Reused {
  const { state } = parts.reader.read(runId);
  const from = startingStep(state, request);
  if (from === null) {
    return {
      reuse: { from: { workflow_id: runId }, events: [] },
      kept: [],
      again: null,
      changed: [],
      context: null,
    };
  }
  if (!isRunEnded(state.status) && state.status !== 'suspended') {
    throw new AppError(
      'CONFLICT',
      `run ${runId} is ${state.status}: a rerun from a step needs it to have ended`,
      {
        hint: 'wait for its end, or cancel it',
      },
    );
  }
  const isOutput = from === OUTPUT_STEP;
  const { events, kept, again } = planRerun(state, isOutput ? 'nothing' : from);
  const missing = missingIn(prepared.plan, state, kept);
  if (missing.length > 0) {
    throw new AppError(
      'VALIDATION_ERROR',
      `the new version has no such steps to keep: ${missing.join(', ')}`,
      {
        details: { missing },
        hint: 'begin at an earlier step, or rerun the whole run',
      },
    );
  }
  const step_id = isOutput ? OUTPUT_STEP : from.path;
  const reuse = { from: { workflow_id: runId, step_id }, events };
  const context = isOutput ? { ...state.context } : contextBefore(parts, state, from.path);
  return { reuse, kept, again, changed: changedIn(prepared.plan, state, kept), context };
}

function startingStep(
  state: RunState,
  { from_step: ref, failed }: ReuseRequest,
): StepState | typeof OUTPUT_STEP | null {
  if (ref !== undefined && failed === true) {
    throw new AppError('VALIDATION_ERROR', 'from_step and failed both say where to begin', {
      hint: 'give one of them',
    });
  }
  if (ref === OUTPUT_STEP) return OUTPUT_STEP;
  if (ref !== undefined) return resolveStep(state, ref);
  if (failed !== true) return null;
  const step = firstFailed(state);
  if (step !== null) return step;
  if (state.status === 'failed' && incompleteIn(state.top).length === 0) return OUTPUT_STEP;
  throw new AppError('CONFLICT', `run ${state.runId} is ${state.status}: no step of it failed`, {
    hint: 'rerun it whole, or name a step to begin at',
  });
}

/** The context when a step first started; the last one when it never did. */
function contextBefore({ store }: OpsParts, old: RunState, path: string): JsonObject {
  const state = newState(old.runId, old.plan);
  for (;;) {
    const page = store.events(old.runId, state.seq, PAGE);
    const at = page.findIndex((event) => event.type === 'step_started' && event.path === path);
    fold(state, at < 0 ? page : page.slice(0, at));
    if (at >= 0 || page.length < PAGE) return { ...state.context };
  }
}
