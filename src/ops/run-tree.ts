/**
 * A run with the runs that its steps await: their questions and waits count as its own.
 *
 * Found by parent in the store, level by level. A detached child has no parent and is nobody's wait.
 */
import type { RunId } from '../model/ids.ts';
import type { DecisionRow, RunRow, Store } from '../model/store.ts';
import type { ReadRun } from './run-reader.ts';

/** Awaited runs of one run that are looked at; those beyond are counted, not shown. */
const MAX_AWAITED_RUNS = 200;
/** Decisions of one answer; a run rarely has more than one. */
const MAX_DECISIONS = 100;

type Reads = Pick<Store, 'queryRuns' | 'queryDecisions'>;

export interface Awaited {
  readonly rows: readonly RunRow[];
  /** True when there are more than were looked at. */
  readonly isCut: boolean;
}

const NONE: Awaited = { rows: [], isCut: false };

/** Unfinished runs that the run awaits, directly or through others; the nearest and oldest first. */
export function awaitedRuns(store: Pick<Store, 'queryRuns'>, run: ReadRun): Awaited {
  return hasOpenChild(run) ? runsBelow(store, run.row.runId) : NONE;
}

const hasOpenChild = ({ state }: ReadRun): boolean => {
  for (const { sub } of state.open) if (sub?.kind === 'child') return true;
  return false;
};

/** Unfinished runs below one whose state is not at hand. */
function runsBelow(store: Pick<Store, 'queryRuns'>, runId: RunId): Awaited {
  const rows: RunRow[] = [];
  for (let parent: RunId | undefined = runId, next = 0; parent !== undefined; next++) {
    const room = MAX_AWAITED_RUNS - rows.length;
    const { items } = store.queryRuns({
      parentId: parent,
      status: ['pending', 'active', 'suspended'],
      limit: room + 1,
    });
    rows.push(...items.slice(0, room).reverse());
    if (items.length > room) return { rows, isCut: true };
    parent = rows[next]?.runId;
  }
  return { rows, isCut: false };
}

const ASKS: ReadonlySet<string> = new Set(['decision', 'outcome_unknown']);

/** Questions that are open in a run, then those in the runs that it awaits. */
export function openDecisions(
  store: Reads,
  run: ReadRun,
  awaited: Awaited = awaitedRuns(store, run),
): DecisionRow[] {
  const found = [...decisionsOf(store, run.row.runId, MAX_DECISIONS)];
  for (const { runId, waitingFor } of awaited.rows) {
    const room = MAX_DECISIONS - found.length;
    if (room <= 0) break;
    if (waitingFor.some((wait) => ASKS.has(wait.kind))) {
      found.push(...decisionsOf(store, runId, room));
    }
  }
  return found;
}

const decisionsOf = (store: Reads, runId: RunId, limit: number): readonly DecisionRow[] =>
  store.queryDecisions({ runId, status: 'pending', limit }).items;

/** True when somebody must decide in a run, or in one that it awaits, before it goes on. */
export function asksSomebody(store: Reads, runId: RunId): boolean {
  if (decisionsOf(store, runId, 1).length > 0) return true;
  return runsBelow(store, runId).rows.some(({ waitingFor }) =>
    waitingFor.some((wait) => ASKS.has(wait.kind)),
  );
}

/**
 * True when a suspended run moves no more before somebody does something: nothing is on its way to it,
 * and no run that it awaits is at work.
 */
export function isAtRest(store: Pick<Store, 'queryRuns' | 'unsettled'>, runId: RunId): boolean {
  if (store.unsettled(runId).length > 0) return false;
  const { rows } = runsBelow(store, runId);
  return rows.every(({ status, runId: below }) =>
    status === 'suspended' ? store.unsettled(below).length === 0 : status === 'pending',
  );
}
