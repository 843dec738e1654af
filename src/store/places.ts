/**
 * The rules of places under `concurrency`, the same for every store: who gets a place, who waits,
 * and who gets a freed one.
 *
 * Invariants: a holder is never pushed out, only asked to cancel (`replace`); a queue is strictly
 * first come, first served; everything here happens inside the transaction of the start, the append
 * or the end that asked for it.
 */
import type { RunId } from '../model/ids.ts';
import type {
  AskedPlace,
  Asker,
  PlaceRow,
  PlaceVerdict,
  Queue,
  QueueLimit,
  WokenRun,
} from '../model/place.ts';
import { circleOf } from './place-circles.ts';
import { ancestorsOf, type PlaceTable } from './place-table.ts';

const ALL = Number.MAX_SAFE_INTEGER;

const sameQueue = (a: Queue, b: Queue): boolean => a.group === b.group && a.key === b.key;

/** What comes of asking now; `ahead`: places that others take in the same transaction before. */
export function judge(
  table: PlaceTable,
  asked: AskedPlace,
  { runId, parentId }: Asker,
  ahead = 0,
): PlaceVerdict {
  const ancestors = ancestorsOf(table, parentId);
  const covering = ancestors.find((id) => {
    const place = table.place(id);
    return place?.holds === true && sameQueue(place, asked);
  });
  if (covering !== undefined) return { kind: 'within', holder: covering };
  const { limit } = asked;
  const holders = table.holders(asked);
  const isOrderly = table.waiters(asked, 1).length === 0;
  if (limit === null || (isOrderly && holders.length + ahead < limit)) return { kind: 'holds' };
  if (asked.whenFull === 'reject') {
    return { kind: 'full', asked, running: holders.map(idOf), ancestor: null };
  }
  if (asked.whenFull === 'replace') return replacing(table, asked, limit, ancestors);
  const waits = circleOf(table, asked, { runId, parentId }, ancestors);
  return waits === null ? { kind: 'waits', replaces: [] } : { kind: 'circle', asked, waits };
}

const idOf = ({ runId }: PlaceRow): RunId => runId;

/** The oldest give way until the newcomer fits; never a run that awaits it. */
function replacing(
  table: PlaceTable,
  asked: AskedPlace,
  limit: number,
  ancestors: readonly RunId[],
): PlaceVerdict {
  const all = [...table.holders(asked), ...table.waiters(asked, ALL)];
  const running = all.slice(0, Math.max(0, all.length - limit + 1)).map(idOf);
  const ancestor = running.find((id) => ancestors.includes(id)) ?? null;
  if (ancestor !== null) return { kind: 'full', asked, running, ancestor };
  return { kind: 'waits', replaces: running };
}

/** Puts the run into its queue as `verdict` says; answers the runs that this has woken. */
export function enter(
  table: PlaceTable,
  runId: RunId,
  asked: AskedPlace,
  verdict: Extract<PlaceVerdict, { kind: 'holds' | 'waits' | 'within' }>,
  nowMs: number,
): readonly WokenRun[] {
  if (verdict.kind === 'within') return [];
  const last = table.lastArrival(asked);
  const { group, key, limit, isCommon } = asked;
  const holds = verdict.kind === 'holds';
  const arrivedAt = last === null ? nowMs : Math.max(nowMs, last + 1);
  table.put({ runId, group, key, limit, arrivedAt, holds });
  if (verdict.kind === 'holds') return [];
  for (const each of verdict.replaces) table.replace(each, nowMs);
  const replaced = verdict.replaces.map((each): WokenRun => ({ runId: each, why: 'replaced' }));
  return [...replaced, ...handOn(table, asked, isCommon ? { limit } : null, nowMs)];
}

/** Takes an ended run out of its queue and hands its place on; answers who was given a turn. */
export function leave(
  table: PlaceTable,
  runId: RunId,
  limit: QueueLimit,
  nowMs: number,
): readonly WokenRun[] {
  const place = table.place(runId);
  if (place === null) return [];
  table.remove(runId);
  return handOn(table, place, limit, nowMs);
}

/** Gives turns to those who wait while there is room, in order; answers to whom. */
export function handOn(
  table: PlaceTable,
  queue: Queue,
  limitNow: QueueLimit,
  nowMs: number,
): readonly WokenRun[] {
  let held = table.holders(queue).length;
  const given: WokenRun[] = [];
  const room = limitNow === null ? ALL : (limitNow.limit ?? ALL) - held;
  if (room <= 0) return given;
  for (const { runId, limit: own } of table.waiters(queue, room)) {
    const limit = limitNow === null ? own : limitNow.limit;
    if (limit !== null && held >= limit) break;
    table.giveTurn(runId, nowMs);
    given.push({ runId, why: 'turn' });
    held += 1;
  }
  return given;
}
