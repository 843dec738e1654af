/**
 * The fenced append of the memory store, in the order the port promises: fence, events, row,
 * children, decisions, verdicts, messages to others.
 *
 * Everything that may refuse a run is checked before its first change, so nothing needs undoing.
 */
import type { NodeId } from '../../model/ids.ts';
import { isRunEnded } from '../../model/run-status.ts';
import type { AppendOutcome, InboxSend, RunAppend } from '../../model/store.ts';
import { assertAppend, LOST, ownWake } from '../rules.ts';
import { putNotices } from './notices.ts';
import {
  insertRun,
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
  const refused = append.create === null ? null : insertRun(state, append.create);
  if (refused !== null) return refused;
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
  for (const child of append.children) insertRun(state, child);
  if (append.secrets !== undefined) {
    const { root, names } = append.secrets;
    const known = state.secretNames.get(root) ?? new Set();
    state.secretNames.set(root, known);
    for (const name of names) known.add(name);
  }
  for (const decision of append.decisions) state.decisions.set(decision.id, decision);
  const { notices = [], messages = [] } = append;
  putNotices(state, append.runId, notices, messages, (seq) => run.ids[seq - 1] ?? 0);
  settle(run, append);
  applyPatch(state, run, append, append.owner);
  for (const message of append.sends) deliver(state, message);
  return { ok: true, lastEventId: state.log.length };
}

const isFenced = (run: MemoryRun, append: RunAppend): boolean =>
  run.owner === append.owner &&
  run.epoch === append.epoch &&
  run.events.length === append.expectedSeq;

function settle(run: MemoryRun, append: RunAppend): void {
  if (append.settled.length === 0) return;
  for (const { inboxId, ...verdict } of append.settled) {
    const row = run.unsettled.find((candidate) => candidate.id === inboxId);
    if (row !== undefined) row.verdict = verdict;
  }
  run.unsettled = run.unsettled.filter((row) => row.verdict === null);
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
    setOwner(state, run, null, parkedWake(run, patch.wakeAt));
    return;
  }
  const { claimableFrom } = run.created;
  setOwner(
    state,
    run,
    owner,
    ownWake({ status: patch.status, wakeAt: patch.wakeAt, claimableFrom }),
  );
}

/** Adds a message to a run's inbox and marks an unowned run; null when there is no such run. */
export function deliver(
  state: MemoryState,
  message: InboxSend,
): { readonly id: number; readonly duplicate: boolean } | null {
  const run = state.runs.get(message.runId);
  if (run === undefined) return null;
  const { idempotencyKey } = message;
  if (idempotencyKey !== null) {
    const first = run.inbox.find((row) => row.idempotencyKey === idempotencyKey);
    if (first !== undefined) return { id: first.id, duplicate: true };
  }
  const row = { ...message, id: state.inbox.length + 1, verdict: null };
  state.inbox.push(row);
  run.inbox.push(row);
  run.unsettled.push(row);
  if (run.owner === null) {
    const wakeAt = Math.min(run.wakeAt ?? message.receivedAt, message.receivedAt);
    setOwner(state, run, null, wakeAt);
  }
  return { id: row.id, duplicate: false };
}

/** True while something is left to do: the run is open, or a message waits for its verdict. */
export const needsOwner = (run: MemoryRun): boolean =>
  !isRunEnded(run.status) || run.unsettled.length > 0;
