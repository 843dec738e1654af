/**
 * Places under `concurrency` as an executor sees them: who may be claimed, what a run that comes back
 * from its end gets, and what each append does about its run's place.
 */
import type { Advanced } from '../core/advance.ts';
import { askFor, type LimitSource, limitOf } from '../core/concurrency.ts';
import type { PlaceAnswer } from '../core/context.ts';
import { AppError, failure, type StepFailure } from '../model/error.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import { type AskedPlace, type PlaceChange, placeConflict, type Queue } from '../model/place.ts';
import { isRunEnded, type RunStatus } from '../model/run-status.ts';
import type { Store } from '../model/store.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';

export const sourceOf = ({
  store,
  config,
}: Pick<RuntimeDeps, 'store' | 'config'>): LimitSource & Pick<RuntimeDeps, 'store'> => ({
  store,
  groups: config.groupLimits,
});

/** True for a run that waits for its turn, unless it shall be cancelled. */
export function waitsForTurn(store: Pick<Store, 'place' | 'unsettled'>, runId: RunId): boolean {
  if (store.place(runId)?.holds !== false) return false;
  return !store.unsettled(runId).some(({ kind, body }) => kind === 'signal' && isCancel(body));
}

const isCancel = (body: Json): boolean =>
  isJsonObject(body) && body.type === 'cancel' && body.step_id === undefined;

/** The place that an ended run asks for when it goes on; null when none limits it. */
function askedAgain(
  deps: Pick<RuntimeDeps, 'store' | 'config'>,
  { runId, plan }: LiveRun,
): AskedPlace | null {
  if (plan.concurrency === null) return null;
  const queue = deps.store.queueOf(runId);
  return queue === null ? null : askFor(sourceOf(deps), queue, plan);
}

/** What an ended run gets that shall go on. */
export function placeAnswer(
  deps: Pick<RuntimeDeps, 'store' | 'config'>,
  run: LiveRun,
): PlaceAnswer | null {
  try {
    const asked = askedAgain(deps, run);
    if (asked === null) return null;
    const verdict = deps.store.judgePlace(asked, { runId: run.runId, parentId: null });
    if (verdict.kind === 'holds' || verdict.kind === 'waits') return { kind: verdict.kind };
    if (verdict.kind === 'within') return null;
    return { kind: 'refused', error: refusalOf(placeConflict(verdict)) };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return { kind: 'refused', error: refusalOf(thrown) };
  }
}

/** Why a child may not start now under its `concurrency`, null when it may start or wait. */
export function childRefusal(
  { store }: Pick<RuntimeDeps, 'store'>,
  { runId, childPlaces }: LiveRun,
  asked: AskedPlace,
  isAwaited: boolean,
): StepFailure | null {
  const queue = JSON.stringify([asked.group, asked.key]);
  const ahead = childPlaces.get(queue) ?? 0;
  const asker = { runId: NOT_MADE, parentId: isAwaited ? runId : null };
  const verdict = store.judgePlace(asked, asker, ahead);
  if (verdict.kind === 'holds') childPlaces.set(queue, ahead + 1);
  return verdict.kind === 'full' || verdict.kind === 'circle'
    ? refusalOf(placeConflict(verdict))
    : null;
}

const NOT_MADE = asRunId('');

const refusalOf = ({ code, message, hint, details }: AppError): StepFailure =>
  failure(code, hint === undefined ? message : `${message} (${hint})`, details);

/** What an append does about its run's place; undefined where nothing limits it. */
export function placeChange(
  deps: Pick<RuntimeDeps, 'store' | 'config'>,
  run: LiveRun,
  { restarted }: Pick<Advanced, 'restarted'>,
  status: RunStatus,
): PlaceChange | undefined {
  if (run.plan.concurrency === null) return undefined;
  const asked = restarted === null ? null : askedAgain(deps, run);
  const queue: Queue | null = isRunEnded(status) ? (asked ?? deps.store.place(run.runId)) : null;
  if (asked === null && queue === null) return undefined;
  return {
    ...(asked === null || restarted === null ? {} : { takes: { asked, expects: restarted } }),
    ...(queue === null ? {} : { leaves: { limit: limitOf(sourceOf(deps), queue.group) } }),
  };
}
