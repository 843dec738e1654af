/** Adding runs in memory, with their idempotency keys and places, as SQLite does. */
import type { StartKey } from '../../model/keys.ts';
import type { PlaceVerdict, WokenRun } from '../../model/place.ts';
import type { AppendOutcome, NewRun } from '../../model/store.ts';
import { askerOf } from '../place-changes.ts';
import { enter, judge } from '../places.ts';
import { duplicateOf, LOST } from '../rules.ts';
import { placeTable } from './places.ts';
import { type MemoryRun, type MemoryState, setOwner } from './state.ts';

/** The runs that the new one has woken, or the outcome that refuses it; nothing has changed then. */
export type Inserted =
  | { readonly woken: readonly WokenRun[] }
  | { readonly refused: AppendOutcome };

/** Adds a run in status `pending` without owner. */
export function insertRun(state: MemoryState, created: NewRun): Inserted {
  const refused = taken(state, created);
  if (refused !== null) return { refused };
  const table = placeTable(state);
  const { place, runId } = created;
  const verdict = place === null ? null : judge(table, place, askerOf(created));
  if (verdict?.kind === 'full' || verdict?.kind === 'circle') {
    return { refused: { ok: false, reason: 'no_place', refusal: verdict } };
  }
  add(state, created, verdict);
  if (place === null || verdict === null) return { woken: [] };
  return { woken: enter(table, runId, place, verdict, created.createdAt) };
}

const keyOf = ({ idempotency }: NewRun): string | null =>
  idempotency && JSON.stringify([idempotency.scope, idempotency.key]);

function taken(state: MemoryState, created: NewRun): AppendOutcome | null {
  const { idempotency, runId } = created;
  const found = idempotency === null ? null : duplicate(state, idempotency);
  return found ?? (state.runs.has(runId) ? LOST : null);
}

function duplicate(state: MemoryState, asked: StartKey): AppendOutcome | null {
  const { scope, key, fingerprint, earlier } = asked;
  const isOld = earlier === undefined;
  const found = keyHolder(state, scope, key, isOld, fingerprint);
  if (found !== null || earlier === undefined) return found;
  return keyHolder(state, earlier.scope, key, true, earlier.fingerprint);
}

function keyHolder(
  { keys }: MemoryState,
  scope: string,
  key: string,
  isOld: boolean,
  fingerprint: string,
): AppendOutcome | null {
  const first = keys.get(JSON.stringify([scope, key]))?.created;
  if (first === undefined || (first.idempotency?.earlier === undefined) !== isOld) return null;
  return duplicateOf(first.runId, first.idempotency?.fingerprint === fingerprint);
}

function add(state: MemoryState, created: NewRun, verdict: PlaceVerdict | null): void {
  const run: MemoryRun = {
    row: state.nextRow,
    created,
    events: [],
    ids: [],
    inbox: [],
    logs: [],
    unsettled: [],
    owner: null,
    epoch: 0,
    status: 'pending',
    paused: false,
    updatedAt: created.createdAt,
    endedAt: null,
    error: null,
    waitingFor: [],
    wakeAt: null,
    hasStart: true,
  };
  state.nextRow += 1;
  state.runs.set(created.runId, run);
  state.byRow.push(run);
  state.counts.pending += 1;
  const key = keyOf(created);
  if (key !== null) state.keys.set(key, run);
  setOwner(state, run, null, verdict?.kind === 'waits' ? null : created.claimableFrom);
}
