/**
 * Which fields of which steps anything in a workflow reads.
 *
 * Steps are told apart by id alone, wherever they stand: two steps of the same name count as one, so
 * something is called unread only when it surely is.
 */
import type { Reference } from '../model/expression.ts';
import type { Plan } from '../model/plan.ts';
import { type PlannedStep, referencesOf } from './plan-walk.ts';

export interface Reads {
  /** True when the output's field, or the output as a whole, is read somewhere. */
  isRead(stepId: string, field: string): boolean;
}

/** Collects what all steps, the output and the hooks read. */
export function createReads(steps: readonly PlannedStep[], plan: Plan): Reads {
  const fields = new Map<string, Set<string>>();
  let everything = false;
  const note = ([root, step, first, second]: Reference): void => {
    if (root !== 'steps') return;
    if (step === undefined) {
      everything = true;
      return;
    }
    const id = step.slice(step.lastIndexOf('.') + 1);
    const field = first === 'output' ? second : first;
    const known = fields.get(id) ?? new Set();
    known.add(field ?? WHOLE);
    fields.set(id, known);
  };
  for (const step of steps) for (const reference of referencesOf(step.plan)) note(reference);
  for (const reference of plan.output?.references ?? []) note(reference);
  return {
    isRead(stepId, field) {
      const known = fields.get(stepId);
      return everything || known?.has(field) === true || known?.has(WHOLE) === true;
    },
  };
}

const WHOLE = '';
