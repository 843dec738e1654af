/**
 * Taking away runs in memory: by the same rules as SQLite, in one go. A place in the log of all events
 * stays empty, so that ids keep their meaning.
 */
import type { DefinitionHash, NodeId, RunId } from '../../model/ids.ts';
import { isRunEnded } from '../../model/run-status.ts';
import type { Cleared, ExpiredFilter, ExpiredPage, UpkeepStore } from '../../model/upkeep-store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import { type MemoryRun, type MemoryState, setOwner } from './state.ts';

/** The upkeep part of the store over shared state. */
export function createUpkeep(state: MemoryState): UpkeepStore {
  return {
    expiredRuns: (filter) => expiredRuns(state, filter),
    removeRuns: (runIds, dead) => removeRuns(state, runIds, dead),
    clearRemoved: () => clearRemoved(state),
    looseDefinitions: () => looseDefinitions(state),
    definitionsOfRuns(after, limit) {
      const runs = state.byRow.filter((run) => run.row + 1 > after).slice(0, limit);
      const last = runs.at(-1);
      return {
        hashes: [...new Set(runs.map((run) => run.created.definitionHash))],
        next: runs.length === limit && last !== undefined ? last.row + 1 : null,
      };
    },
    noteUnusedDefinitions(unused, nowMs) {
      for (const hash of state.unused.keys()) if (!unused.includes(hash)) state.unused.delete(hash);
      for (const hash of unused) {
        if (state.definitions.has(hash) && !state.unused.has(hash)) state.unused.set(hash, nowMs);
      }
    },
    dropDefinitions: (notedUntil, limit) => dropDefinitions(state, notedUntil, limit),
    forgetNodes: (dead, leaseBefore) => forgetNodes(state, dead, leaseBefore),
    noteUpkeep(what, atMs) {
      state.writes += 1;
      state.upkeep.set(what, atMs);
    },
    lastUpkeep: (what) => state.upkeep.get(what) ?? null,
    space: () => ({ bytes: 0, freeBytes: 0 }),
    giveBack: () => true,
    keepReserve: () => undefined,
    spendReserve: () => false,
    checkpoint: () => undefined,
  };
}

/** May go, as far as its own row and mail say. */
function isFree(state: MemoryState, run: MemoryRun, dead: readonly NodeId[]): boolean {
  const { owner, unsettled } = run;
  const parent = run.created.start.parent?.runId;
  const isOwned = owner !== null && !dead.includes(owner) && state.nodes.has(owner);
  const isChild = parent !== undefined && state.runs.has(parent as RunId);
  return isRunEnded(run.status) && !isOwned && unsettled.length === 0 && !isChild;
}

const inOrder = (a: MemoryRun, b: MemoryRun): number =>
  a.created.createdAt - b.created.createdAt || a.row - b.row;

function expiredRuns(state: MemoryState, filter: ExpiredFilter): ExpiredPage {
  const { status, endedBefore, dead, limit, cursor } = filter;
  const after = cursor === undefined ? null : decodeRowCursor('expired', cursor);
  const rows = state.byRow
    .filter((run) => run.status === status && (run.endedAt ?? endedBefore) < endedBefore)
    .filter((run) => run.created.createdAt < endedBefore && isFree(state, run, dead))
    .filter((run) => !isKept(state, run, filter.keepLast))
    .sort(inOrder)
    .filter(
      ({ created: { createdAt }, row }) =>
        after === null || createdAt > after[0] || (createdAt === after[0] && row + 1 > after[1]),
    )
    .slice(0, limit);
  const last = rows.at(-1);
  const items = rows.flatMap((run) => {
    const below = runsBelow(state, run);
    return below.every((child) => isRunEnded(child.status))
      ? [{ runId: run.created.runId, children: below.length }]
      : [];
  });
  const more = rows.length === limit && last !== undefined;
  return {
    items,
    nextCursor: more ? encodeCursor('expired', [last.created.createdAt, last.row + 1]) : null,
  };
}

function isKept(state: MemoryState, run: MemoryRun, keepLast: number): boolean {
  const { template } = run.created.start;
  if (keepLast === 0 || template === null) return false;
  const newest = state.byRow
    .filter((other) => other.created.start.template === template)
    .filter((other) => other.created.start.parent === null && isRunEnded(other.status))
    .map((other) => other.created.createdAt)
    .sort((a, b) => b - a)[keepLast - 1];
  return newest === undefined || run.created.createdAt >= newest;
}

function runsBelow(state: MemoryState, run: MemoryRun): MemoryRun[] {
  const children = state.byRow.filter(
    (other) => other.created.start.parent?.runId === run.created.runId,
  );
  return children.flatMap((child) => [child, ...runsBelow(state, child)]);
}

function removeRuns(
  state: MemoryState,
  runIds: readonly RunId[],
  dead: readonly NodeId[],
): readonly RunId[] {
  state.writes += 1;
  return runIds.filter((runId) => {
    const run = state.runs.get(runId);
    if (run === undefined || !isFree(state, run, dead)) return false;
    hide(state, run);
    return true;
  });
}

function hide(state: MemoryState, run: MemoryRun): void {
  const { runId } = run.created;
  setOwner(state, run, null, null);
  state.counts[run.status] -= 1;
  state.runs.delete(runId);
  state.places.delete(runId);
  state.byRow.splice(state.byRow.indexOf(run), 1);
  for (const [key, first] of state.keys) if (first === run) state.keys.delete(key);
  for (const id of run.ids) state.log[id - 1] = null;
  for (const { id } of run.inbox) state.inbox[id - 1] = null;
  for (const decision of [...state.decisions.values()]) {
    if (decision.runId === runId) state.decisions.delete(decision.id);
  }
  for (const [key, message] of state.notices.messages) {
    if (message.runId === runId) state.notices.messages.delete(key);
  }
  state.usedSecrets.delete(runId);
  state.removed.push(run);
}

function clearRemoved(state: MemoryState): Cleared {
  if (state.removed.length > 0) state.writes += 1;
  let rows = 0;
  for (let run = state.removed.pop(); run !== undefined; run = state.removed.pop()) {
    rows += run.ids.length + run.inbox.length + run.logs.length;
    for (const child of runsBelow(state, run)) if (isRunEnded(child.status)) hide(state, child);
  }
  return { done: true, rows };
}

const usedByTemplates = (state: MemoryState): ReadonlySet<DefinitionHash> =>
  new Set([...state.templates.values()].flat().map((row) => row.definitionHash));

function looseDefinitions(state: MemoryState): readonly DefinitionHash[] {
  const used = usedByTemplates(state);
  return [...state.definitions.keys()].filter((hash) => !used.has(hash)).sort();
}

function dropDefinitions(state: MemoryState, notedUntil: number, limit: number): number {
  const used = usedByTemplates(state);
  const due = [...state.unused].filter(([, since]) => since <= notedUntil).slice(0, limit);
  for (const [hash] of due) {
    state.unused.delete(hash);
    if (!used.has(hash)) state.definitions.delete(hash);
  }
  return due.length;
}

function forgetNodes(state: MemoryState, dead: readonly NodeId[], leaseBefore: number): number {
  const busy = new Set(
    [...state.owned].filter((run) => !isRunEnded(run.status)).map((run) => run.owner),
  );
  const gone = [...state.nodes.values()].filter(
    ({ nodeId, leaseUntil }) =>
      dead.includes(nodeId) && leaseUntil < leaseBefore && !busy.has(nodeId),
  );
  for (const { nodeId } of gone) state.nodes.delete(nodeId);
  return gone.length;
}
