/**
 * Whose turn it is under `concurrency`, for runs that are pending until then.
 *
 * A look at all that is claimable meets every run that waits. It reads each queue once, not once for
 * each of its runs, and does not read again a run that it knows to wait.
 */
import { type ConcurrencyPlace, firstInTurn } from '../core/concurrency.ts';
import type { RunId } from '../model/ids.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import type { Store } from '../model/store.ts';

/** Whose turn it is, as it was when each queue was first asked about. A turn that has come stays. */
export type Turns = (place: ConcurrencyPlace) => ReadonlySet<RunId>;

/** Turns as they are from now on; for one look. */
export function createTurns({
  runsWithConcurrencyKey,
}: Pick<Store, 'runsWithConcurrencyKey'>): Turns {
  const known = new Map<string, ReadonlySet<RunId>>();
  return (place) => {
    const queue = JSON.stringify([place.template, place.key, place.limit]);
    const first = known.get(queue) ?? firstInTurn(runsWithConcurrencyKey, place);
    known.set(queue, first);
    return first;
  };
}

/** True for a run that waits for its turn, unless it shall be cancelled. */
export function waitsForTurn(
  store: Pick<Store, 'unsettled'>,
  runId: RunId,
  place: ConcurrencyPlace,
  turns: Turns,
): boolean {
  if (turns(place).has(runId)) return false;
  return !store.unsettled(runId).some(({ kind, body }) => kind === 'signal' && isCancel(body));
}

const isCancel = (body: Json): boolean =>
  isJsonObject(body) && body.type === 'cancel' && body.step_id === undefined;
