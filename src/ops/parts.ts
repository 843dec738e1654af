/**
 * What every operation is made with: the handed-in parts and what is built over them once.
 */
import type { OpsDeps } from './deps.ts';
import { createPlans, type Plans } from './plans.ts';
import { createRunReader, type RunReader } from './run-reader.ts';

export interface OpsParts extends OpsDeps {
  readonly plans: Plans;
  readonly reader: RunReader;
}

/** The parts with caches of plans and folded runs. */
export function createParts(deps: OpsDeps): OpsParts {
  const plans = createPlans(deps);
  return { ...deps, plans, reader: createRunReader(deps.store, plans) };
}
