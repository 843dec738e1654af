/**
 * The memory store's data: what one set of engines shares, and the few transitions on it.
 *
 * Values handed in are kept by reference and treated as immutable. `parked` and `owned` are derived
 * from a run's owner and wake time and change only in `setOwner`, so that looking for work never
 * walks over runs that wait for nothing.
 */
import { randomBytes } from 'node:crypto';
import type { StepFailure } from '../../model/error.ts';
import type { RunEvent, WaitingFor } from '../../model/event.ts';
import type { DefinitionHash, NodeId, RunId } from '../../model/ids.ts';
import type { Json } from '../../model/json.ts';
import type { PlaceRow } from '../../model/place.ts';
import { RUN_STATUSES, type RunStatus } from '../../model/run-status.ts';
import type {
  DecisionRow,
  InboxSend,
  InboxVerdict,
  KnownNode,
  LogChunk,
  NewRun,
  RunHead,
  RunRow,
  StoredEvent,
  TemplateRow,
  UsedSecret,
} from '../../model/store.ts';
import { wakeTime } from '../rules.ts';
import { createNoticesState, type NoticesState } from './notices-state.ts';

export interface MemoryInboxRow extends Omit<InboxSend, 'body'> {
  readonly id: number;
  body: Json;
  verdict: InboxVerdict | null;
}

export interface MemoryRun {
  /** Order of creation; ties in time are broken by it. */
  readonly row: number;
  readonly created: NewRun;
  readonly events: RunEvent[];
  /** `ids[i]` is the database-wide id of `events[i]`. */
  readonly ids: number[];
  readonly inbox: MemoryInboxRow[];
  readonly logs: LogChunk[];
  unsettled: MemoryInboxRow[];
  owner: NodeId | null;
  epoch: number;
  status: RunStatus;
  paused: boolean;
  updatedAt: number;
  endedAt: number | null;
  error: StepFailure | null;
  waitingFor: readonly WaitingFor[];
  wakeAt: number | null;
  hasStart: boolean;
}

export interface MemoryState {
  readonly databaseId: string;
  readonly runs: Map<RunId, MemoryRun>;
  readonly byRow: MemoryRun[];
  readonly counts: Record<RunStatus, number>;
  /** Unowned runs with a wake time. */
  readonly parked: Set<MemoryRun>;
  readonly owned: Set<MemoryRun>;
  /** First run of each idempotency key, by scope and key. */
  readonly keys: Map<string, MemoryRun>;
  /** All events in commit order; the event with id `n` is at `n - 1`, null when its run was removed. */
  readonly log: (StoredEvent | null)[];
  readonly inbox: (MemoryInboxRow | null)[];
  readonly decisions: Map<string, DecisionRow>;
  readonly nodes: Map<NodeId, KnownNode>;
  readonly definitions: Map<DefinitionHash, Json>;
  /** Versions of each template, oldest first; an archived name is archived in all of them. */
  readonly templates: Map<string, TemplateRow[]>;
  /** Definitions that nothing refers to, and since when that is known. */
  readonly unused: Map<DefinitionHash, number>;
  readonly notices: NoticesState;
  /** Runs that were removed and of which something is left. */
  readonly removed: MemoryRun[];
  /** Places under `concurrency`, by run. */
  readonly places: Map<RunId, PlaceRow>;
  readonly upkeep: Map<string, number>;
  /** Names of secrets by the topmost run of a tree. */
  readonly usedSecrets: Map<RunId, Map<string, UsedSecret>>;
  nextRow: number;
  logOffset: number;
  writes: number;
}

/** A store with nothing in it. */
export function createState(): MemoryState {
  const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, 0]));
  return {
    databaseId: randomBytes(6).toString('hex'),
    runs: new Map(),
    byRow: [],
    counts: counts as Record<RunStatus, number>,
    parked: new Set(),
    owned: new Set(),
    keys: new Map(),
    log: [],
    inbox: [],
    decisions: new Map(),
    nodes: new Map(),
    definitions: new Map(),
    templates: new Map(),
    unused: new Map(),
    notices: createNoticesState(),
    removed: [],
    places: new Map(),
    upkeep: new Map(),
    usedSecrets: new Map(),
    nextRow: 0,
    logOffset: 0,
    writes: 0,
  };
}

/** Gives the run to a node or to nobody, with its next wake time. */
export function setOwner(
  state: MemoryState,
  run: MemoryRun,
  owner: NodeId | null,
  wakeAt: number | null,
): void {
  run.owner = owner;
  run.wakeAt = wakeAt;
  if (owner === null) state.owned.delete(run);
  else state.owned.add(run);
  if (owner === null && wakeAt !== null) state.parked.add(run);
  else state.parked.delete(run);
}

export function setStatus(state: MemoryState, run: MemoryRun, status: RunStatus): void {
  if (run.status === status) return;
  state.counts[run.status] -= 1;
  state.counts[status] += 1;
  run.status = status;
}

/** When a run that has no owner must be looked at, its mail counted. */
export function parkedWake(
  run: MemoryRun,
  wakeAt: number | null,
  awaitsTurn: boolean,
): number | null {
  let oldestUnsettled: number | null = null;
  for (const { receivedAt } of run.unsettled) {
    if (oldestUnsettled === null || receivedAt < oldestUnsettled) oldestUnsettled = receivedAt;
  }
  const { claimableFrom } = run.created;
  return wakeTime({ status: run.status, wakeAt, claimableFrom, awaitsTurn, oldestUnsettled });
}

/** True for a run that waits for its turn; one that has a log is pending only while it waits. */
export const waitsForTurn = (state: MemoryState, run: MemoryRun): boolean =>
  run.events.length > 0 || state.places.get(run.created.runId)?.holds === false;

export const headOf = (run: MemoryRun): RunHead => ({
  runId: run.created.runId,
  owner: run.owner,
  epoch: run.epoch,
  seq: run.events.length,
  status: run.status,
  wakeAt: run.wakeAt,
});

export function rowOf(run: MemoryRun): RunRow {
  const { start, definitionHash, createdAt } = run.created;
  return {
    ...headOf(run),
    definitionHash,
    rules: start.rules,
    name: start.name,
    template: start.template,
    version: start.version,
    agentId: start.agentId,
    parentId: (start.parent?.runId ?? null) as RunId | null,
    parentPath: start.parent?.path ?? null,
    trigger: start.trigger,
    createdAt,
    updatedAt: run.updatedAt,
    endedAt: run.endedAt,
    paused: run.paused,
    error: run.error,
    waitingFor: run.waitingFor,
    start: run.hasStart ? start : null,
  };
}
