/** Reads of a decision's choice that fail when something else stood in for the decision. */
import type { Issue } from '../model/issue.ts';
import { warningAt } from './issues.ts';
import type { PlannedStep } from './plan-walk.ts';
import { textsOfStep } from './text-walk.ts';

/** What says what holds without the choice. */
const GUARDED = /\bhas\(|\?\?|\?\.|\/\/|\bget\(|\borValue\(/;

/** Warns where the choice of a decision is read as if it were always there. */
export function standInChoices(steps: readonly PlannedStep[]): Issue[] {
  const readers = steps.flatMap(({ def, path }) => textsOfStep(def, path));
  return steps.flatMap((step) => {
    const { def, plan } = step;
    if (plan.body.type !== 'reasoning' || !mayHaveNoChoice(step)) return [];
    const choice = new RegExp(`\\bsteps\\.${def.id}\\.(?:output\\.)?choice\\b`);
    const open = readers.find(({ text }) => choice.test(text) && !GUARDED.test(text));
    if (open === undefined) return [];
    const read = `steps.${def.id}.choice`;
    const instead = plan.ignoreErrors ? 'is ignored' : 'is replaced by a fallback';
    const message = `${read} is missing when "${def.id}" fails and ${instead}: the step then fails`;
    const hint = `ask first: has(${read}) && ${read} == '…'`;
    return [warningAt(open.path, 'STAND_IN_CHOICE', message, hint)];
  });
}

/** True when a failure of the decision, or of those that stand in for it, lets the run go on without a choice. */
function mayHaveNoChoice({ plan, list }: PlannedStep): boolean {
  let at = plan;
  // A chain of stand-ins names no step twice.
  for (let count = 0; count < list.steps.length; count++) {
    if (at.ignoreErrors) return true;
    const standIn = at.fallback === null ? undefined : list.steps[at.fallback];
    if (standIn === undefined) return false;
    if (standIn.body.type !== 'reasoning') return true;
    at = standIn;
  }
  return false;
}
