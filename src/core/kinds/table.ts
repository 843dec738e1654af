/** One kind for each step type; the compiler demands the missing one. */
import type { StepType } from '../../model/definition.ts';
import type { StepState } from '../../model/run-state.ts';
import { action } from './action.ts';
import { condition } from './condition.ts';
import type { Kind } from './kind.ts';
import { loop } from './loop.ts';
import { parallel } from './parallel.ts';
import { reasoning } from './reasoning.ts';
import { wait } from './wait.ts';

const KINDS: { readonly [T in StepType]: Kind } = {
  action,
  condition,
  loop,
  parallel,
  wait,
  reasoning,
};

export const kindOf = (step: StepState): Kind => KINDS[step.plan.body.type];
