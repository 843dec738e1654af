/**
 * The store in memory: the same promises as SQLite without a file, for tests, dry runs and for
 * measuring the engine alone.
 *
 * Several engines may share one store. Nothing is serialised: values are kept as they were handed in.
 */
import type { NodeId, RunId } from '../../model/ids.ts';
import type {
  DecisionFilter,
  DecisionRow,
  DecisionStore,
  InboxRow,
  InboxStore,
  LogStore,
  Page,
  Store,
} from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import { createAgents } from './agents.ts';
import { createAudit } from './audit.ts';
import { createNodes, createTemplates } from './catalog.ts';
import { createEventLog } from './event-log.ts';
import { deliver } from './inbox.ts';
import { createNotices } from './notices.ts';
import { createPlaces } from './places.ts';
import { createRuns } from './runs.ts';
import { createSchedules } from './schedules.ts';
import { createSessionRows } from './sessions.ts';
import { createSnapshots } from './snapshots.ts';
import { createState, type MemoryInboxRow, type MemoryState } from './state.ts';
import { createTokens } from './tokens.ts';
import { createUpkeep } from './upkeep.ts';

/** A new, empty store; everything it holds is gone when it is forgotten. */
export function createMemoryStore(): Store {
  const state = createState();
  return {
    ...createEventLog(state),
    ...createRuns(state),
    ...createPlaces(state),
    ...createInbox(state),
    ...createNodes(state),
    ...createTemplates(state),
    ...createDecisions(state),
    ...createLogs(state),
    ...createNotices(state),
    ...createUpkeep(state),
    ...createSchedules(state),
    ...createTokens(state),
    ...createAgents(state),
    ...createAudit(state),
    ...createSnapshots(state),
    ...createSessionRows(state),
    dataVersion: () => state.writes,
    watchWrites: () => () => undefined,
    close() {
      state.writes += 1;
    },
  };
}

/** A message as it is read: what its key stands for is nobody else's. */
function shown({ keyed: _, ...row }: MemoryInboxRow): InboxRow {
  return row;
}

function createInbox(state: MemoryState): InboxStore {
  return {
    send(message) {
      state.writes += 1;
      return deliver(state, message);
    },
    unsettled: (runId) => (state.runs.get(runId)?.unsettled ?? []).map(shown),
    runsWithUnsettled(owner: NodeId): readonly RunId[] {
      const waiting: { readonly runId: RunId; readonly id: number }[] = [];
      for (const run of state.owned) {
        const first = run.owner === owner ? run.unsettled[0] : undefined;
        if (first !== undefined) waiting.push({ runId: run.created.runId, id: first.id });
      }
      return waiting.sort((a, b) => a.id - b.id).map(({ runId }) => runId);
    },
    row(id): InboxRow | null {
      const row = state.inbox[id - 1];
      return row == null ? null : shown(row);
    },
    sentWithKey(runId, key): InboxRow | null {
      const row = state.inbox.find((each) => each?.runId === runId && each.idempotencyKey === key);
      return row == null ? null : shown(row);
    },
  };
}

function createDecisions(state: MemoryState): DecisionStore {
  return {
    decision: (id) => state.decisions.get(id) ?? null,
    queryDecisions: (filter) => queryDecisions(state, filter),
  };
}

function queryDecisions(state: MemoryState, filter: DecisionFilter): Page<DecisionRow> {
  const after = filter.cursor === undefined ? null : decodeRowCursor('decisions', filter.cursor);
  const found = [...state.decisions.values()]
    .map((decision, index) => ({ decision, row: index + 1 }))
    .filter(({ decision }) => isAsked(decision, filter))
    .filter(({ decision: { createdAt }, row }) => {
      if (after === null) return true;
      return createdAt < after[0] || (createdAt === after[0] && row < after[1]);
    })
    .sort((a, b) => b.decision.createdAt - a.decision.createdAt || b.row - a.row);
  const page = found.slice(0, filter.limit);
  const last = page.at(-1);
  const more = found.length > filter.limit && last !== undefined;
  return {
    items: page.map(({ decision }) => decision),
    nextCursor: more ? encodeCursor('decisions', [last.decision.createdAt, last.row]) : null,
  };
}

const isAsked = (decision: DecisionRow, filter: DecisionFilter): boolean =>
  (filter.status === undefined || decision.status === filter.status) &&
  (filter.runId === undefined || decision.runId === filter.runId) &&
  (filter.targetAgent === undefined || decision.targetAgent === filter.targetAgent);

function createLogs(state: MemoryState): LogStore {
  return {
    appendLogs(chunks) {
      state.writes += 1;
      for (const chunk of chunks) {
        const run = state.runs.get(chunk.runId);
        if (run === undefined) continue;
        state.logOffset += 1;
        run.logs.push({ ...chunk, offset: state.logOffset });
      }
    },
    logs: (runId, afterOffset, limit, path) =>
      (state.runs.get(runId)?.logs ?? [])
        .filter((chunk) => chunk.offset > afterOffset)
        .filter((chunk) => path === undefined || chunk.path === path)
        .slice(0, limit),
  };
}
