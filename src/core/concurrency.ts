/**
 * `concurrency`: how many runs of a template with the same key are unfinished at once.
 *
 * The rule is one look at the store, the same in every process: of the unfinished runs with this key,
 * in the order they were created, only the first `limit` may start. So a crash or two processes
 * starting at the same moment change nothing.
 */
import { AppError } from '../model/error.ts';
import type { ExpressionEvaluator } from '../model/expression.ts';
import type { RunId } from '../model/ids.ts';
import type { StartFacts } from '../model/input.ts';
import type { Plan } from '../model/plan.ts';
import { createScope } from './scope.ts';
import { newState } from './state.ts';

export interface ConcurrencyPlace {
  readonly template: string;
  readonly key: string;
  readonly limit: number;
  readonly whenFull: 'queue' | 'reject' | 'replace';
}

type KeyedRuns = (template: string, key: string) => readonly RunId[];

/** What a run's key may read. */
export type ConcurrencyFacts = Pick<
  StartFacts,
  'inputs' | 'context' | 'name' | 'template' | 'version'
>;

/**
 * The key under which a run counts; null when its definition has no limit or it has no template.
 * @throws VALIDATION_ERROR when the key cannot be evaluated
 */
export function concurrencyPlace(
  evaluator: ExpressionEvaluator,
  nowMs: number,
  runId: RunId,
  plan: Plan,
  facts: ConcurrencyFacts,
): ConcurrencyPlace | null {
  const { concurrency } = plan;
  if (concurrency === null || facts.template === null) return null;
  const state = newState(runId, plan);
  const { inputs, context, name, template, version } = facts;
  state.inputs = inputs;
  state.context = { ...context };
  state.facts = { ...state.facts, name, template, version };
  const scope = createScope(state, null, { nowMs });
  const evaluated = evaluator.template(concurrency.key, scope, { get: () => undefined });
  if (evaluated.kind !== 'value') {
    const why = evaluated.kind === 'failure' ? evaluated.error.message : 'it takes too long';
    throw new AppError('VALIDATION_ERROR', `concurrency.key: ${why}`);
  }
  const { value } = evaluated;
  const key = typeof value === 'string' ? value : JSON.stringify(value);
  const { limit, whenFull } = concurrency;
  return { template, key, limit, whenFull };
}

/** The runs whose turn has come. */
export function firstInTurn(keyed: KeyedRuns, place: ConcurrencyPlace): ReadonlySet<RunId> {
  return new Set(keyed(place.template, place.key).slice(0, place.limit));
}

/**
 * Unfinished runs that keep a new one from starting, oldest first; [] when there is room.
 * @throws CONFLICT when the definition says to reject then
 */
export function runsInTheWay(keyed: KeyedRuns, place: ConcurrencyPlace): readonly RunId[] {
  const ids = keyed(place.template, place.key);
  if (ids.length < place.limit) return [];
  const inTheWay = ids.slice(0, ids.length - place.limit + 1);
  if (place.whenFull !== 'reject') return inTheWay;
  throw new AppError('CONFLICT', `${place.limit} runs with the key "${place.key}" are unfinished`, {
    details: { running: inTheWay },
    hint: 'wait until one has ended, or cancel it',
  });
}
