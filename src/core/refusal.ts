/**
 * A decision's no: a stopping option, a reject, or the cancel of a step that asks.
 *
 * Its error carries `details.decision {run, step, by}` wherever it surfaces: at composites, and at the
 * parent's `workflow.run`. That mark tells it from every other failure, never the code. Where the rules
 * do not catch refusals, it outranks other failures beside it: no time-out or error in another branch
 * may hide that somebody said no.
 */
import type { StepFailure } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { StepPlan } from '../model/plan.ts';
import type { Rules } from '../model/rules.ts';
import type { ListState, StepState } from '../model/run-state.ts';
import { listsBelow } from './lists-below.ts';

/** Returns the mark of a refusal that stands in an error's details, else null. */
export function refusalMark(error: StepFailure): JsonObject | null {
  const details: Json = error.details ?? null;
  const mark = isJsonObject(details) ? ownValue(details, 'decision') : undefined;
  if (error.code !== 'REJECTED' || mark === undefined || !isJsonObject(mark)) return null;
  return typeof mark.run === 'string' && typeof mark.step === 'string' ? mark : null;
}

/** True for a failure that only a handler which names REJECTED may deal with. */
const isRefusal = (rules: Rules, error: StepFailure): boolean =>
  !rules.catchesRefusals && refusalMark(error) !== null;

/** True when the step's `on_error` may deal with this failure. */
export function mayHandle({ handledCodes }: StepPlan, rules: Rules, error: StepFailure): boolean {
  return handledCodes === null ? !isRefusal(rules, error) : handledCodes.includes(error.code);
}

type ListFailure = NonNullable<ListState['failure']>;

/** True when a failure counts before another one: a refusal first, then the earlier one. */
export function countsBefore(rules: Rules, one: ListFailure, other: ListFailure | null): boolean {
  if (other === null) return true;
  const isNo = isRefusal(rules, one.error);
  if (isNo !== isRefusal(rules, other.error)) return isNo;
  return one.seq < other.seq;
}

/** Returns the failure that counts among lists that stand side by side. */
export function firstFailure(rules: Rules, lists: Iterable<ListState>): ListFailure | null {
  let first: ListFailure | null = null;
  for (const { failure } of lists) {
    if (failure !== null && countsBefore(rules, failure, first)) first = failure;
  }
  return first;
}

/** Returns a refusal below a composite that nothing in it deals with, else null. */
export function refusalBelow(rules: Rules, step: StepState): StepFailure | null {
  if (rules.catchesRefusals) return null;
  for (const list of listsBelow(step)) {
    const found = refusalIn(rules, list);
    if (found !== null) return found;
  }
  return null;
}

/** Returns a refusal in a list, or in what is still open in it, that nothing deals with, else null. */
export function refusalIn(rules: Rules, list: ListState): StepFailure | null {
  const { failure } = list;
  if (failure !== null && isRefusal(rules, failure.error)) return failure.error;
  for (const step of list.steps) {
    if (step.resolution !== 'open' || step.sub === null) continue;
    const found = refusalBelow(rules, step);
    if (found !== null && !handles(step.plan, found)) return found;
  }
  return null;
}

const handles = ({ handledCodes, ignoreErrors, fallback }: StepPlan, error: StepFailure): boolean =>
  (ignoreErrors || fallback !== null) && handledCodes?.includes(error.code) === true;
