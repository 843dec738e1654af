/**
 * What an append does to places, the same for every store: first whether they still are as the append
 * was decided on, then the changes, all in the append's own transaction.
 */
import { asRunId } from '../model/ids.ts';
import type { Asker, WokenRun } from '../model/place.ts';
import type { NewRun, RunAppend } from '../model/store.ts';
import type { PlaceTable } from './place-table.ts';
import { enter, judge, leave } from './places.ts';

type Append = Pick<RunAppend, 'runId' | 'children' | 'place' | 'patch'>;

/** A new run as one that asks for a place. */
export const askerOf = ({ runId, start }: NewRun): Asker => ({
  runId,
  parentId: start.parent === null ? null : asRunId(start.parent.runId),
});

/** False when a place is no longer to be had that a start or a return in this append counts on. */
export function placesFit(table: PlaceTable, { runId, children, place }: Append): boolean {
  const takes = place?.takes;
  if (takes !== undefined) {
    const { kind } = judge(table, takes.asked, { runId, parentId: null });
    if (kind !== takes.expects) return false;
  }
  const ahead = new Map<string, number>();
  for (const child of children) {
    if (child.place === null) continue;
    const queue = JSON.stringify([child.place.group, child.place.key]);
    const before = ahead.get(queue) ?? 0;
    const { kind } = judge(table, child.place, askerOf(child), before);
    if (kind === 'full' || kind === 'circle') return false;
    if (kind === 'holds') ahead.set(queue, before + 1);
  }
  return true;
}

/** Carries out what an append says about its run's place; answers the runs that it has woken. */
export function changePlace(
  table: PlaceTable,
  { runId, place, patch }: Append,
): readonly WokenRun[] {
  if (place === undefined) return [];
  const { takes, leaves } = place;
  const at = patch.updatedAt;
  const woken: WokenRun[] = [];
  if (takes !== undefined) {
    const verdict = judge(table, takes.asked, { runId, parentId: null });
    // `placesFit` has seen the same in this transaction.
    if (verdict.kind !== 'full' && verdict.kind !== 'circle') {
      woken.push(...enter(table, runId, takes.asked, verdict, at));
    }
  }
  if (leaves !== undefined) woken.push(...leave(table, runId, leaves.limit, at));
  return woken.filter((each) => each.runId !== runId);
}
