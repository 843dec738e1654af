/**
 * The fenced append of the memory store, in the order the port promises: fence, events, row,
 * children, decisions, verdicts, messages to others.
 *
 * Everything that may refuse a run is checked before its first change, so nothing needs undoing.
 */
import type { NodeId } from '../../model/ids.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { WokenRun } from '../../model/place.ts';
import { isRunEnded } from '../../model/run-status.ts';
import type { AppendOutcome, RunAppend, UsedSecret } from '../../model/store.ts';
import { changePlace, placesFit } from '../place-changes.ts';
import { assertAppend, LOST, ownWake, wokenBy } from '../rules.ts';
import { deliver } from './inbox.ts';
import { insertRun } from './new-runs.ts';
import { putNotices } from './notices.ts';
import { placeTable } from './places.ts';
import {
  type MemoryInboxRow,
  type MemoryRun,
  type MemoryState,
  parkedWake,
  setOwner,
  setStatus,
} from './state.ts';

/**
 * Applies a group, each run for itself; outcomes in the order given.
 * @throws INTERNAL when sequences have a gap; nothing has changed then
 */
export function appendGroup(
  state: MemoryState,
  group: readonly RunAppend[],
): readonly AppendOutcome[] {
  group.forEach(assertAppend);
  state.writes += 1;
  return group.map((append) => appendRun(state, append));
}

function appendRun(state: MemoryState, append: RunAppend): AppendOutcome {
  const table = placeTable(state);
  if (!placesFit(table, append)) return { ok: false, reason: 'places_changed' };
  const created = append.create === null ? null : insertRun(state, append.create);
  if (created !== null && 'refused' in created) return created.refused;
  const run = state.runs.get(append.runId);
  if (run === undefined) return LOST;
  if (append.create !== null) setOwner(state, run, append.owner, null);
  else if (!isFenced(run, append)) return LOST;
  run.epoch = append.epoch;

  for (const event of append.events) {
    const id = state.log.length + 1;
    state.log.push({ id, runId: append.runId, event });
    run.events.push(event);
    run.ids.push(id);
  }
  const woken: WokenRun[] = append.children.flatMap((child) => {
    const inserted = insertRun(state, child);
    return 'woken' in inserted ? inserted.woken : [];
  });
  noteSecrets(state, append);
  for (const decision of append.decisions) state.decisions.set(decision.id, decision);
  const { notices = [], messages = [] } = append;
  putNotices(state, append.runId, notices, messages, (seq) => run.ids[seq - 1] ?? 0);
  settle(run, append);
  applyPatch(state, run, append, append.owner);
  for (const message of append.sends) deliver(state, message);
  woken.push(...changePlace(table, append));
  return { ok: true, lastEventId: state.log.length, ...wokenBy(woken) };
}

function noteSecrets({ usedSecrets }: MemoryState, { secrets }: RunAppend): void {
  if (secrets === undefined) return;
  const known = usedSecrets.get(secrets.root) ?? new Map<string, UsedSecret>();
  usedSecrets.set(secrets.root, known);
  for (const used of secrets.used) if (!known.has(used.name)) known.set(used.name, used);
}

const isFenced = (run: MemoryRun, append: RunAppend): boolean =>
  run.owner === append.owner &&
  run.epoch === append.epoch &&
  run.events.length === append.expectedSeq;

function settle(run: MemoryRun, append: RunAppend): void {
  if (append.settled.length === 0) return;
  for (const { inboxId, ...verdict } of append.settled) {
    const row = run.unsettled.find((candidate) => candidate.id === inboxId);
    if (row === undefined) continue;
    row.verdict = verdict;
    row.body = keptBody(row);
  }
  run.unsettled = run.unsettled.filter((row) => row.verdict === null);
}

/** What a signal brought is in the log then, masked. */
function keptBody({ kind, body }: MemoryInboxRow): Json {
  if (kind !== 'signal' || !isJsonObject(body)) return body;
  const { payload: _payload, reasoning: _reasoning, ...kept } = body;
  return kept;
}

function applyPatch(state: MemoryState, run: MemoryRun, append: RunAppend, owner: NodeId): void {
  const { patch } = append;
  setStatus(state, run, patch.status);
  run.paused = patch.paused;
  run.updatedAt = patch.updatedAt;
  run.endedAt = patch.endedAt;
  run.error = patch.error;
  run.waitingFor = patch.waitingFor;
  if (append.events.length > 0) run.hasStart = false;
  if (patch.release) {
    setOwner(state, run, null, parkedWake(run, patch.wakeAt, true));
    return;
  }
  const { claimableFrom } = run.created;
  setOwner(
    state,
    run,
    owner,
    // A run that has a log and is pending waits for its turn.
    ownWake({ status: patch.status, wakeAt: patch.wakeAt, claimableFrom, awaitsTurn: true }),
  );
}

/** True while something is left to do: the run is open, or a message waits for its verdict. */
export const needsOwner = (run: MemoryRun): boolean =>
  !isRunEnded(run.status) || run.unsettled.length > 0;
