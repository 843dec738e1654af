/**
 * Runs in memory: adding, finding, claiming. Who may claim is decided here exactly as in SQLite: a run
 * without owner, or whose owner is dead or has no node row.
 */
import type { NodeId, RunId } from '../../model/ids.ts';
import { isRunEnded } from '../../model/run-status.ts';
import type { Page, RunFilter, RunRow, RunStore } from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import { wokenBy } from '../rules.ts';
import { needsOwner } from './append.ts';
import { insertRun } from './new-runs.ts';
import {
  headOf,
  type MemoryRun,
  type MemoryState,
  parkedWake,
  rowOf,
  setOwner,
  waitsForTurn,
} from './state.ts';

/** The runs part of the store over shared state. */
export function createRuns(state: MemoryState): RunStore {
  return {
    createPending(run) {
      state.writes += 1;
      const inserted = insertRun(state, run);
      if ('refused' in inserted) return inserted.refused;
      return { ok: true, lastEventId: state.log.length, ...wokenBy(inserted.woken) };
    },
    head: (runId) => mapRun(state, runId, headOf),
    run: (runId) => mapRun(state, runId, rowOf),
    usedSecrets: (root) =>
      [...(state.usedSecrets.get(root)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
    findIds: (prefix, limit) =>
      newestFirst(state.byRow.filter((run) => run.created.runId.startsWith(prefix)))
        .slice(0, limit)
        .map(idOf),
    latestId: () => newestFirst(state.byRow).map(idOf)[0] ?? null,
    queryRuns: (filter) => queryRuns(state, filter),
    countRuns: () => ({ ...state.counts }),
    claim: (runId, node, dead) => claim(state, runId, node, dead),
    release(runId, node, epoch, wakeAt) {
      const run = state.runs.get(runId);
      if (run === undefined || run.owner !== node || run.epoch !== epoch) return false;
      state.writes += 1;
      setOwner(state, run, null, parkedWake(run, wakeAt, waitsForTurn(state, run)));
      return true;
    },
    claimable: (nowMs, dead, limit) => claimable(state, nowMs, dead, limit),
    nextWakeAt: (nowMs) => nextWakeAt(state, nowMs),
    countWithoutExecutor(dead) {
      const { pending, active, suspended } = state.counts;
      let held = 0;
      for (const run of state.owned) {
        if (!isRunEnded(run.status) && !isOrphan(state, run, dead)) held += 1;
      }
      return pending + active + suspended - held;
    },
  };
}

const idOf = (run: MemoryRun): RunId => run.created.runId;

function mapRun<T>(state: MemoryState, runId: RunId, read: (run: MemoryRun) => T): T | null {
  const run = state.runs.get(runId);
  return run === undefined ? null : read(run);
}

const isNewer = (a: MemoryRun, b: MemoryRun): number =>
  b.created.createdAt - a.created.createdAt || b.row - a.row;

const newestFirst = (runs: readonly MemoryRun[]): MemoryRun[] => [...runs].sort(isNewer);

function isOrphan(state: MemoryState, run: MemoryRun, dead: readonly NodeId[]): boolean {
  return run.owner !== null && (dead.includes(run.owner) || !state.nodes.has(run.owner));
}

function claim(state: MemoryState, runId: RunId, node: NodeId, dead: readonly NodeId[]) {
  const run = state.runs.get(runId);
  if (run === undefined || !needsOwner(run)) return null;
  if (run.owner !== null && !isOrphan(state, run, dead)) return null;
  state.writes += 1;
  const previousOwner = run.owner;
  run.epoch += 1;
  setOwner(state, run, node, run.wakeAt);
  return { epoch: run.epoch, seq: run.events.length, previousOwner };
}

function claimable(
  state: MemoryState,
  nowMs: number,
  dead: readonly NodeId[],
  limit: number,
): readonly RunId[] {
  const due: { readonly run: MemoryRun; readonly at: number }[] = [];
  for (const run of state.parked) {
    if (run.wakeAt !== null && run.wakeAt <= nowMs) due.push({ run, at: run.wakeAt });
  }
  for (const run of state.owned) {
    if (isOrphan(state, run, dead) && needsOwner(run)) due.push({ run, at: run.created.createdAt });
  }
  due.sort((a, b) => a.at - b.at || a.run.row - b.run.row);
  return due.slice(0, limit).map(({ run }) => idOf(run));
}

function nextWakeAt(state: MemoryState, nowMs: number): number | null {
  let next: number | null = null;
  for (const { wakeAt } of state.parked) {
    if (wakeAt !== null && wakeAt > nowMs && (next === null || wakeAt < next)) next = wakeAt;
  }
  return next;
}

function queryRuns(state: MemoryState, filter: RunFilter): Page<RunRow> {
  const after = filter.cursor === undefined ? null : decodeRowCursor('runs', filter.cursor);
  const found = newestFirst(state.byRow.filter((run) => matches(run, filter)))
    .filter((run) => after === null || isAfter(run, after))
    .slice(0, filter.limit + 1);
  const items = found.slice(0, filter.limit);
  const last = items.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  const nextCursor = more ? encodeCursor('runs', [last.created.createdAt, last.row + 1]) : null;
  return { items: items.map(rowOf), nextCursor };
}

const isAfter = (run: MemoryRun, [createdAt, row]: readonly [number, number]): boolean =>
  run.created.createdAt < createdAt || (run.created.createdAt === createdAt && run.row + 1 < row);

function matches(run: MemoryRun, filter: RunFilter): boolean {
  const { start, createdAt } = run.created;
  return (
    (filter.status === undefined || filter.status.includes(run.status)) &&
    isAsked(filter.template, start.template) &&
    isAsked(filter.agentId, start.agentId) &&
    isAsked(filter.name, start.name) &&
    isAsked(filter.parentId, start.parent?.runId ?? null) &&
    createdAt >= (filter.since ?? createdAt) &&
    createdAt <= (filter.until ?? createdAt)
  );
}

const isAsked = (wanted: string | undefined, value: string | null): boolean =>
  wanted === undefined || wanted === value;
