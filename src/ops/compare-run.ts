/**
 * Replay and compare: what a run's log says against the rows that were derived from it.
 *
 * The row is read once and the log up to the row's sequence, so that a run that moves meanwhile is
 * compared as it was; only its decisions have to be read again then. The run is folded in pages and
 * nothing of it is kept.
 */
import { fold } from '../core/evolve.ts';
import { newState } from '../core/state.ts';
import { messageOf } from '../model/error.ts';
import type { RunEvent, WaitingFor } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import { canonicalJson, type Json } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { DecisionRow, RunRow } from '../model/store.ts';
import type { OpsParts } from './parts.ts';

export interface Mismatch {
  readonly runId: RunId;
  /** The column, or `decision <id>: <column>`. */
  readonly field: string;
  /** What stands in the row. */
  readonly row: Json;
  /** What the log says. */
  readonly log: Json;
}

type Parts = Pick<OpsParts, 'store' | 'plans' | 'upkeep'>;

const PAGE = 1000;
/** Times a run that keeps moving is looked at again. */
const MAX_LOOKS = 10;

/** Differences between a run's log and its rows, [] when there are none or the run is gone. */
export function compareRun(parts: Parts, runId: RunId): readonly Mismatch[] {
  for (let looks = 1; ; looks++) {
    const row = parts.store.run(runId);
    if (row === null) return [];
    const found = compareRow(parts, row);
    // Found different while the run moved on, its decisions were of another moment.
    const now = parts.store.head(runId);
    const hasMoved = now === null || now.seq !== row.seq;
    if (found.length === 0 || !hasMoved || looks === MAX_LOOKS) return found;
  }
}

function compareRow(parts: Parts, row: RunRow): readonly Mismatch[] {
  const { runId, seq } = row;
  const differ = (field: string, inRow: unknown, inLog: unknown): Mismatch[] => {
    const [a, b] = [jsonOf(inRow), jsonOf(inLog)];
    return canonicalJson(a) === canonicalJson(b) ? [] : [{ runId, field, row: a, log: b }];
  };
  if (seq === 0) {
    return [
      ...differ('status', row.status, 'pending'),
      ...differ('start', row.start === null ? 'missing' : 'kept', 'kept'),
    ];
  }
  const replayed = replay(parts, row);
  if ('problem' in replayed) return [{ runId, field: 'log', row: seq, log: replayed.problem }];
  const { state, decisions } = replayed;
  const patch = parts.upkeep.rows.patch(state, row.owner === null);
  const { facts } = state;
  return [
    ...differ('status', row.status, patch.status),
    ...differ('paused', row.paused, patch.paused),
    ...differ('updated_at', row.updatedAt, patch.updatedAt),
    ...differ('ended_at', row.endedAt, patch.endedAt),
    ...differ('error', row.error, patch.error),
    ...differ('waiting_for', row.waitingFor.filter(isInLog), patch.waitingFor),
    ...differ('start', row.start, null),
    ...differ('rules', row.rules, facts.rules),
    ...differ('name', row.name, facts.name),
    ...differ('template', row.template, facts.template),
    ...differ('version', row.version, facts.version),
    ...differ('agent_id', row.agentId, facts.agentId),
    ...differ('parent_id', row.parentId, facts.parent?.runId ?? null),
    ...wakeDifference(row, patch.wakeAt),
    ...decisionDifferences(parts, runId, decisions),
  ];
}

/** What is at work outside the log only its executor knows. */
const isInLog = ({ kind }: WaitingFor): boolean => kind !== 'settling';

const jsonOf = (value: unknown): Json =>
  value === undefined ? null : (JSON.parse(JSON.stringify(value)) as Json);

/** Waking early costs a look; not waking in time would lose a timer. */
function wakeDifference(row: RunRow, wakeAt: number | null): Mismatch[] {
  if (row.owner !== null || wakeAt === null || isRunEnded(row.status)) return [];
  if (row.wakeAt !== null && row.wakeAt <= wakeAt) return [];
  return [{ runId: row.runId, field: 'wake_at', row: row.wakeAt, log: wakeAt }];
}

type Replayed =
  | { readonly state: RunState; readonly decisions: ReadonlyMap<string, DecisionRow> }
  | { readonly problem: string };

function replay({ store, plans, upkeep }: Parts, row: RunRow): Replayed {
  const { runId, seq } = row;
  const decisions = new Map<string, DecisionRow>();
  const pending = (path: string): DecisionRow | null =>
    [...decisions.values()].find((each) => each.path === path && each.status === 'pending') ?? null;
  try {
    const state = newState(runId, plans.plan(row));
    while (state.seq < seq) {
      const page = store.events(runId, state.seq, Math.min(PAGE, seq - state.seq));
      if (page.length === 0) return { problem: `the log ends at ${state.seq}` };
      for (const event of page) {
        fold(state, [event]);
        if (!isAboutDecisions(event)) continue;
        for (const each of upkeep.rows.decisions(state, event, pending))
          decisions.set(each.id, each);
      }
    }
    return { state, decisions };
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
}

const isAboutDecisions = ({ type }: RunEvent): boolean => type.startsWith('decision_');

function decisionDifferences(
  { store }: Parts,
  runId: RunId,
  fromLog: ReadonlyMap<string, DecisionRow>,
): Mismatch[] {
  const rows = new Map<string, DecisionRow>();
  let cursor: string | undefined;
  do {
    const page = store.queryDecisions({
      runId,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const each of page.items) rows.set(each.id, each);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const ids = new Set([...rows.keys(), ...fromLog.keys()]);
  return [...ids].flatMap((id) => decisionDifference(runId, id, rows.get(id), fromLog.get(id)));
}

function decisionDifference(
  runId: RunId,
  id: string,
  row: DecisionRow | undefined,
  log: DecisionRow | undefined,
): Mismatch[] {
  if (row === undefined || log === undefined) {
    const said = (found: DecisionRow | undefined): string => found?.status ?? 'missing';
    return [{ runId, field: `decision ${id}`, row: said(row), log: said(log) }];
  }
  const fields = Object.keys(log) as (keyof DecisionRow)[];
  return fields.flatMap((field) => {
    const [a, b] = [jsonOf(row[field]), jsonOf(log[field])];
    if (canonicalJson(a) === canonicalJson(b)) return [];
    return [{ runId, field: `decision ${id}: ${field}`, row: a, log: b }];
  });
}
