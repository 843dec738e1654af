/**
 * What is probably not meant around decisions: a handler that does not catch the no it stands around,
 * and a stand-in for a decision that lets what comes behind happen although nobody approved.
 */
import type { Issue } from '../model/issue.ts';
import type { Plan, StepPlan } from '../model/plan.ts';
import { warningAt } from './issues.ts';
import { listsBelow, type PlannedStep } from './plan-walk.ts';
import type { Reads } from './reads.ts';

/** The warnings about decisions; `effectBehind`: steps behind which something happens. */
export function decisionWarnings(
  steps: readonly PlannedStep[],
  plan: Plan,
  reads: Reads,
  effectBehind: ReadonlySet<StepPlan>,
): Issue[] {
  const stopping = plan.rules.catchesRefusals ? null : stoppingSteps(steps);
  const asking = askingSteps(steps);
  return steps.flatMap((step) => [
    ...(stopping?.has(step.plan) === true ? uncaughtRefusal(step) : []),
    ...unapprovedStandIn(step, asking, reads, effectBehind),
  ]);
}

/** Steps that a stopping option fails: decisions and what holds them. Linear: from the inside out. */
function stoppingSteps(steps: readonly PlannedStep[]): ReadonlySet<StepPlan> {
  const found = new Set<StepPlan>();
  for (const { plan } of steps.toReversed()) {
    const { body } = plan;
    const isStopping =
      body.type === 'reasoning'
        ? body.options.some((option) => option.outcome === 'stop')
        : listsBelow(body).some((list) =>
            list.steps.some((inner) => found.has(inner) && !isCaught(inner)),
          );
    if (isStopping) found.add(plan);
  }
  return found;
}

const hasHandler = (plan: StepPlan): boolean => plan.ignoreErrors || plan.fallback !== null;
const isCaught = (plan: StepPlan): boolean =>
  hasHandler(plan) && plan.handledCodes?.includes('REJECTED') === true;

/** `ignore` around a no, or the fallback of a composite around one. */
function uncaughtRefusal({ def, plan, path }: PlannedStep): Issue[] {
  if (plan.handledCodes !== null || !hasHandler(plan)) return [];
  const isDecision = plan.body.type === 'reasoning';
  // The fallback of a decision is for silence: that is how an escalation is written.
  if (isDecision && !plan.ignoreErrors) return [];
  const what = plan.ignoreErrors ? '`ignore`' : 'the fallback';
  const where = isDecision
    ? 'has an option that stops'
    : 'holds a decision with an option that stops';
  const message = `"${def.id}" ${where}, and ${what} does not catch that no: the run fails with REJECTED`;
  const hint =
    'name the codes it shall deal with in `on_error.on`; with REJECTED it catches the no';
  return [warningAt([...path, 'on_error'], 'UNCAUGHT_REFUSAL', message, hint)];
}

/** Decisions and composites that hold one. */
function askingSteps(steps: readonly PlannedStep[]): ReadonlySet<StepPlan> {
  const found = new Set<StepPlan>();
  for (const { plan } of steps.toReversed()) {
    const isAsking =
      plan.body.type === 'reasoning' ||
      listsBelow(plan.body).some((list) => list.steps.some((inner) => found.has(inner)));
    if (isAsking) found.add(plan);
  }
  return found;
}

function unapprovedStandIn(
  { def, plan, path, list }: PlannedStep,
  asking: ReadonlySet<StepPlan>,
  reads: Reads,
  effectBehind: ReadonlySet<StepPlan>,
): Issue[] {
  if (plan.body.type !== 'reasoning' || plan.fallback === null) return [];
  const standIn = list.steps[plan.fallback];
  if (standIn === undefined || asking.has(standIn) || mayRefuse(standIn)) return [];
  const first = firstOf(list.steps, plan);
  if (!effectBehind.has(first) || reads.isRead(first.id, 'choice')) return [];
  const message = `when "${def.id}" is not decided, "${standIn.id}" stands in for it, and what comes behind "${first.id}" happens although nobody approved`;
  // What stands in has no choice of its own, and a missing field is an error without `has`.
  const choice = `steps.${first.id}.choice`;
  const hint = `let a decision stand in, or fail in "${standIn.id}", or guard what follows: has(${choice}) && ${choice} == '…'`;
  return [warningAt([...path, 'on_error', 'fallback_step'], 'UNAPPROVED', message, hint)];
}

/** A stand-in that decides for itself: it fails, or another workflow does. */
const mayRefuse = ({ body }: StepPlan): boolean =>
  body.type === 'action' && (body.action === 'workflow.fail' || body.via === 'child');

/** The step at the top of a chain of fallbacks: the one that others depend on. */
function firstOf(steps: readonly StepPlan[], plan: StepPlan): StepPlan {
  let at = plan;
  for (let count = 0; at.fallbackOf !== null && count < steps.length; count++) {
    at = steps[at.fallbackOf] ?? at;
  }
  return at;
}
