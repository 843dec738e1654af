/**
 * What a run waits for as its row tells, for lists and for runs that have not begun.
 */
import type { RunId } from '../model/ids.ts';
import { queueText } from '../model/place.ts';
import type { DecisionRow, PlaceStore, RunRow } from '../model/store.ts';
import type { WaitingForView } from './shapes.ts';
import { waitingTexts } from './waiting-text.ts';

type Places = Pick<PlaceStore, 'place' | 'placeHolders' | 'placesAhead'>;

/** What a row says its run waits for; `decisions` give their questions. */
export const rowWaits = (
  store: Places,
  row: RunRow,
  decisions: readonly DecisionRow[],
): WaitingForView[] =>
  row.status === 'pending' ? pendingWaits(store, row) : waitingTexts(row.waitingFor, decisions);

/** Why a run has not begun, or not begun again: held back, its turn, or nobody who executes it. */
export function pendingWaits(
  store: Places,
  { runId, paused }: Pick<RunRow, 'runId' | 'paused'>,
): WaitingForView[] {
  if (paused) return [HELD_BACK];
  const turn = turnOf(store, runId);
  return turn.length === 0 ? [NOT_BEGUN] : turn;
}

const HELD_BACK: WaitingForView = {
  step_id: '',
  kind: 'paused',
  name: 'restored',
  text: 'it is held back (restored) until "resume"',
};

const NOT_BEGUN: WaitingForView = {
  step_id: '',
  kind: 'executor',
  text: 'it has not begun: it waits for a process that executes it',
};

/** Who holds the places that a run waits for, and how many came before it; [] for who does not wait. */
export function turnOf(store: Places, runId: RunId): WaitingForView[] {
  const place = store.place(runId);
  if (place === null || place.holds) return [];
  const holders = store.placeHolders(place, HOLDERS_NAMED + 1);
  const named = holders.slice(0, HOLDERS_NAMED).map((holder) => `run ${holder.runId}`);
  const more = holders.length > HOLDERS_NAMED ? ' and others' : '';
  const who = named.length === 0 ? 'nobody has handed on yet' : `${named.join(', ')}${more} holds`;
  const ahead = store.placesAhead(place);
  const before = ahead === 0 ? 'it is next' : `${ahead} waiting before it`;
  const text = `it waits for its turn: a place of ${queueText(place)}, which ${who}; ${before}`;
  return [{ step_id: '', kind: 'turn', text }];
}

const HOLDERS_NAMED = 3;
