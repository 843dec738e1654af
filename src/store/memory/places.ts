/** Places under `concurrency` in memory; the rules are in `store/places.ts`, shared by every store. */

import type { RunId } from '../../model/ids.ts';
import { replacedMessage, turnMessage } from '../../model/input.ts';
import type { PlaceRow, Queue } from '../../model/place.ts';
import type { PlaceStore } from '../../model/store.ts';
import type { PlaceTable } from '../place-table.ts';
import { handOn, judge } from '../places.ts';
import { deliver } from './inbox.ts';
import type { MemoryState } from './state.ts';

/** The places part of the store over shared state. */
export function createPlaces(state: MemoryState): PlaceStore {
  const table = placeTable(state);
  return {
    place: table.place,
    queueOf(runId) {
      const asked = state.runs.get(runId)?.created.place ?? null;
      return asked === null ? null : { group: asked.group, key: asked.key };
    },
    judgePlace: (asked, asker, ahead) => judge(table, asked, asker, ahead),
    placeHolders: (queue, limit) => table.holders(queue).slice(0, limit),
    placesAhead: (place) =>
      rowsOf(state, place, false).filter(({ arrivedAt }) => arrivedAt < place.arrivedAt).length,
    waitingQueues(group) {
      const found = new Map<string, Queue>();
      for (const { group: of, key, holds } of state.places.values()) {
        if (holds || (group !== null && of !== group)) continue;
        found.set(JSON.stringify([of, key]), { group: of, key });
      }
      return [...found.values()].sort(
        (a, b) => compareText(a.group, b.group) || compareText(a.key, b.key),
      );
    },
    handOnPlaces(queue, limit, nowMs) {
      state.writes += 1;
      return handOn(table, queue, limit, nowMs);
    },
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function rowsOf(state: MemoryState, { group, key }: Queue, holds: boolean): PlaceRow[] {
  return [...state.places.values()]
    .filter((row) => row.group === group && row.key === key && row.holds === holds)
    .sort((a, b) => a.arrivedAt - b.arrivedAt || rowOf(state, a.runId) - rowOf(state, b.runId));
}

const rowOf = (state: MemoryState, runId: RunId): number => state.runs.get(runId)?.row ?? 0;

/** The rows that the rules work on. */
export function placeTable(state: MemoryState): PlaceTable {
  const { places, runs } = state;
  const parentOf = (runId: RunId): RunId | null =>
    (runs.get(runId)?.created.start.parent?.runId ?? null) as RunId | null;
  return {
    place: (runId) => places.get(runId) ?? null,
    holders: (queue) => rowsOf(state, queue, true),
    waiters: (queue, limit) => rowsOf(state, queue, false).slice(0, limit),
    lastArrival(queue) {
      const all = [...rowsOf(state, queue, true), ...rowsOf(state, queue, false)];
      return all.length === 0 ? null : Math.max(...all.map(({ arrivedAt }) => arrivedAt));
    },
    waitingChildren: () =>
      [...places.values()].filter(({ runId, holds }) => !holds && parentOf(runId) !== null),
    parentOf,
    put: (row) => void places.set(row.runId, row),
    remove: (runId) => void places.delete(runId),
    giveTurn(runId, atMs) {
      const row = places.get(runId);
      if (row !== undefined) places.set(runId, { ...row, holds: true });
      const run = runs.get(runId);
      const isHeldBack = run?.paused === true && run.events.length === 0;
      if (!isHeldBack) deliver(state, turnMessage(runId, atMs));
    },
    replace: (runId, atMs) => void deliver(state, replacedMessage(runId, atMs)),
  };
}
