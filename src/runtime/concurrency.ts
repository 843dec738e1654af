/**
 * `concurrency`: how many runs of a template with the same key are unfinished at once.
 *
 * The rule is one look at the store, the same in every process: of the unfinished runs with this key,
 * in the order they were created, only the first `limit` may start. So a crash or two processes
 * starting at the same moment change nothing.
 */

import { createScope } from '../core/scope.ts';
import { newState } from '../core/state.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { StartFacts } from '../model/input.ts';
import type { Plan } from '../model/plan.ts';
import type { RuntimeDeps } from './deps.ts';

export interface ConcurrencyPlace {
  readonly template: string;
  readonly key: string;
  readonly limit: number;
  readonly whenFull: 'queue' | 'reject' | 'replace';
}

/** The key under which a run counts; null when its definition has no limit or it has no template. */
export function concurrencyPlace(
  deps: Pick<RuntimeDeps, 'evaluator' | 'clock'>,
  runId: RunId,
  plan: Plan,
  facts: StartFacts,
): ConcurrencyPlace | null {
  const { concurrency } = plan;
  if (concurrency === null || facts.template === null) return null;
  const state = newState(runId, plan);
  state.inputs = facts.inputs;
  state.context = { ...facts.context };
  state.facts = {
    ...state.facts,
    name: facts.name,
    template: facts.template,
    version: facts.version,
  };
  const scope = createScope(state, null, { nowMs: deps.clock.now() });
  const evaluated = deps.evaluator.template(concurrency.key, scope, { get: () => undefined });
  if (evaluated.kind !== 'value') {
    const why = evaluated.kind === 'failure' ? evaluated.error.message : 'it takes too long';
    throw new AppError('VALIDATION_ERROR', `concurrency.key: ${why}`);
  }
  const { value } = evaluated;
  const key = typeof value === 'string' ? value : JSON.stringify(value);
  const { limit, whenFull } = concurrency;
  return { template: facts.template, key, limit, whenFull };
}

/** Whether a run's turn has come. */
export function isItsTurn(
  deps: Pick<RuntimeDeps, 'store'>,
  runId: RunId,
  place: ConcurrencyPlace,
): boolean {
  const ids = deps.store.runsWithConcurrencyKey(place.template, place.key);
  return ids.indexOf(runId) < place.limit;
}

/** Unfinished runs that keep a new one from starting, oldest first; [] when there is room. */
export function runsInTheWay(
  deps: Pick<RuntimeDeps, 'store'>,
  place: ConcurrencyPlace,
): readonly RunId[] {
  const ids = deps.store.runsWithConcurrencyKey(place.template, place.key);
  return ids.length < place.limit ? [] : ids.slice(0, ids.length - place.limit + 1);
}
