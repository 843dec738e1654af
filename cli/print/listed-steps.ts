/** Steps of an answer with their paths: of a finished run an answer names them by its keys only. */
import type { StepView } from '../../src/ops/shapes.ts';

export interface ListedStep extends StepView {
  readonly step_id: string;
  readonly type: string;
}

/** Each step with its path and type, in the order of the answer. */
export const listedSteps = (steps: Readonly<Record<string, StepView>>): ListedStep[] =>
  Object.entries(steps).map(([path, step]) => ({
    ...step,
    step_id: step.step_id ?? path,
    type: step.type ?? 'step',
  }));
