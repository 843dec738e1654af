/**
 * What of a run may still be at work although its step has ended, and who waits for it to be gone.
 *
 * Something that does not go in time is given up: it is named at the run's end and no longer waited
 * for. What is known here is of this process; after a crash it is found anew (processes in the log,
 * child runs in the store).
 */
import { endingOf } from '../core/settling.ts';
import type { Unsettled, WaitingFor } from '../model/event.ts';
import type { RunState } from '../model/run-state.ts';
import { isStepEnded } from '../model/run-status.ts';
import type { LiveRun, Settling } from './live-run.ts';

/** A process that was told to end gets 5 s, then KILL; 10 s after that it is given up. */
const PROCESS_GIVE_UP_MS = 15_000;
/** A request or call that was cancelled is given up after so long. */
const CALL_GIVE_UP_MS = 10_000;
/** Milliseconds after which something that was told to end is given up. */
export const giveUpMs = ({ what }: Settling): number =>
  'pid' in what ? PROCESS_GIVE_UP_MS : CALL_GIVE_UP_MS;

const isWaitedFor = ({ givenUp }: Settling): boolean => !givenUp;

/** Paths at which something is at work, each once for each thing. */
export function pathsAtWork(run: LiveRun): readonly string[] {
  const { unsettled, unsettledElsewhere } = run;
  if (unsettled.size === 0 && unsettledElsewhere.size === 0) return NOTHING;
  return [...unsettled, ...unsettledElsewhere.values()].filter(isWaitedFor).map(({ path }) => path);
}

const NOTHING: readonly string[] = [];

/** What was given up, as the run's end names it. */
export function unsettledOf({ unsettled, unsettledElsewhere }: LiveRun): Unsettled[] {
  return [...unsettled, ...unsettledElsewhere.values()]
    .filter(({ givenUp }) => givenUp)
    .map(({ path, what }) => ({ step_id: path, ...what }));
}

/** Takes who was held back as inputs that have them looked at again. */
export function takeHeldBack(run: LiveRun): { type: 'evaluated'; path: string | null }[] {
  const waiters = [...run.heldBack];
  run.heldBack.clear();
  return waiters.map((path) => ({ type: 'evaluated', path }));
}

/** What of the run waits until something else is over, for its row. */
export function settlingWaits(run: LiveRun, state: RunState): WaitingFor[] {
  if (run.heldBack.size === 0) return [];
  const waits = new Map<string, WaitingFor>();
  const ending = endingOf(state);
  if (run.heldBack.has(null) && ending !== null) {
    for (const step_id of pathsAtWork(run)) {
      waits.set(step_id, { step_id, kind: 'settling', name: ending });
    }
  }
  for (const step_id of run.heldBack) {
    const step = step_id === null ? undefined : state.steps.get(step_id);
    if (step_id === null || step === undefined || isStepEnded(step.status)) continue;
    waits.set(step_id, { step_id, kind: 'settling' });
  }
  return [...waits.values()];
}
