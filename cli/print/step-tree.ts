/**
 * The steps of a run in reading order: each behind the step it lies in, with its depth and the part of
 * its path that is its own.
 */
import type { StepView } from '../../src/ops/shapes.ts';
import { type ListedStep, listedSteps } from './listed-steps.ts';
import { oneLine } from './text.ts';

export interface StepItem {
  readonly step: ListedStep;
  readonly depth: number;
  readonly label: string;
}

/** Every step that `isShown`; below one that is not `isOpen` nothing is shown. */
export function stepTree(
  steps: Readonly<Record<string, StepView>>,
  isShown: (step: StepView) => boolean = () => true,
  isOpen: (step: StepView) => boolean = () => true,
): StepItem[] {
  const children = Map.groupBy(listedSteps(steps), (step) => parentOf(step.step_id, steps));
  const items: StepItem[] = [];
  const add = (step: ListedStep, depth: number, parent: string | null): void => {
    const label = parent === null ? step.step_id : step.step_id.slice(parent.length + 1);
    items.push({ step, depth, label: oneLine(label) });
    if (!isOpen(step)) return;
    for (const child of children.get(step.step_id) ?? []) {
      if (isShown(child)) add(child, depth + 1, step.step_id);
    }
  };
  for (const step of children.get(null) ?? []) add(step, 0, null);
  return items;
}

/** The nearest step whose path this one lies under. */
function parentOf(path: string, steps: Readonly<Record<string, StepView>>): string | null {
  for (let at = path.lastIndexOf('.'); at > 0; at = path.lastIndexOf('.', at - 1)) {
    const above = path.slice(0, at);
    if (Object.hasOwn(steps, above)) return above;
  }
  return null;
}
