/**
 * Circles of waits: a child that waits for a place whose holder waits, through a child of its own,
 * for a place that an ancestor of the first holds. Nothing would ever end.
 *
 * A queue moves on as soon as one of its holders ends, so a wait is hopeless only when every place
 * that would have to become free belongs to a run that waits itself. That is found by letting end,
 * on paper, whatever can end, until nothing more can.
 */
import type { RunId } from '../model/ids.ts';
import type { AskedPlace, Asker, PlaceRow, PlaceWait, Queue } from '../model/place.ts';
import { ancestorsOf, type PlaceTable } from './place-table.ts';

type Table = Pick<PlaceTable, 'place' | 'holders' | 'waiters' | 'waitingChildren' | 'parentOf'>;

interface Line {
  readonly limit: number;
  readonly holders: Set<RunId>;
  readonly waiters: PlaceRow[];
}

const ALL = Number.MAX_SAFE_INTEGER;

/** The circle that `asker` would close by waiting, its own wait first; null when it may wait. */
export function circleOf(
  table: Table,
  asked: AskedPlace,
  asker: Asker,
  ancestors: readonly RunId[],
): readonly PlaceWait[] | null {
  const held = ancestors.flatMap((id) => {
    const place = table.place(id);
    return place?.holds === true ? [place] : [];
  });
  // Nobody waits for what its ancestors hold: nobody waits for it.
  if (held.every((place) => table.waiters(place, 1).length === 0)) return null;
  const own: PlaceRow = { ...asked, runId: asker.runId, arrivedAt: ALL, holds: false };
  const waitsOf = waitsByAncestor(table, own, asker.parentId);
  const lines = linesFrom(table, own, waitsOf);
  if (canComeTo(own, lines, waitsOf)) return null;
  const waits = nameCircle(own, new Set(ancestors), lines, waitsOf);
  // Hopeless because of others: the circle is not this run's, and may still be broken by a cancel.
  return waits.length === 0 ? null : waits;
}

type WaitsOf = ReadonlyMap<RunId, readonly PlaceRow[]>;

/** Which waiting descendants keep a run from ending. */
function waitsByAncestor(table: Table, own: PlaceRow, parentId: RunId | null): WaitsOf {
  const found = new Map<RunId, PlaceRow[]>();
  const note = (row: PlaceRow, parent: RunId | null): void => {
    for (const id of ancestorsOf(table, parent)) {
      const rows = found.get(id);
      if (rows === undefined) found.set(id, [row]);
      else rows.push(row);
    }
  };
  for (const row of table.waitingChildren()) note(row, table.parentOf(row.runId));
  note(own, parentId);
  return found;
}

const nameOf = ({ group, key }: Queue): string => JSON.stringify([group, key]);

/** The queues that this wait depends on, directly or through others. */
function linesFrom(table: Table, own: PlaceRow, waitsOf: WaitsOf): Map<string, Line> {
  const lines = new Map<string, Line>();
  const open: PlaceRow[] = [own];
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    if (lines.has(nameOf(row))) continue;
    const holders = table.holders(row);
    const waiters = [...table.waiters(row, ALL)];
    if (nameOf(row) === nameOf(own)) waiters.push(own);
    const limit = waiters.at(-1)?.limit ?? ALL;
    lines.set(nameOf(row), { limit, holders: new Set(holders.map((each) => each.runId)), waiters });
    for (const each of [...holders, ...waiters]) open.push(...(waitsOf.get(each.runId) ?? []));
  }
  return lines;
}

/** Lets end what can end until `own` has its turn (true) or nothing moves any more (false). */
function canComeTo(own: PlaceRow, lines: ReadonlyMap<string, Line>, waitsOf: WaitsOf): boolean {
  const unended = new Set<RunId>();
  for (const { holders, waiters } of lines.values()) {
    for (const id of [...holders, ...waiters.map(({ runId }) => runId)]) unended.add(id);
  }
  const isStuck = (id: RunId): boolean =>
    (waitsOf.get(id) ?? []).some((row) => unended.has(row.runId));
  for (let moved = true; moved; ) {
    moved = false;
    for (const line of lines.values()) {
      const ended = [...line.holders].filter((id) => !isStuck(id));
      for (const id of ended) {
        line.holders.delete(id);
        unended.delete(id);
      }
      const given = line.waiters.splice(0, Math.max(0, line.limit - line.holders.size));
      if (given.some(({ runId }) => runId === own.runId)) return true;
      for (const { runId } of given) line.holders.add(runId);
      moved ||= ended.length + given.length > 0;
    }
  }
  return false;
}

/** The way from the wait of who asks back to a place of one of its ancestors; [] when there is none. */
function nameCircle(
  own: PlaceRow,
  ancestors: ReadonlySet<RunId>,
  lines: ReadonlyMap<string, Line>,
  waitsOf: WaitsOf,
): readonly PlaceWait[] {
  const seen = new Set<string>();
  const open: { readonly row: PlaceRow; readonly way: readonly PlaceWait[] }[] = [
    { row: own, way: [] },
  ];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const { row, way } = next;
    if (seen.has(nameOf(row))) continue;
    seen.add(nameOf(row));
    const { runId, group, key } = row;
    const waits = [...(lines.get(nameOf(row))?.holders ?? [])].map(
      (heldBy): PlaceWait => ({ runId, group, key, heldBy }),
    );
    const last = waits.find(({ heldBy }) => ancestors.has(heldBy));
    if (last !== undefined) return [...way, last];
    for (const wait of waits) {
      for (const behind of waitsOf.get(wait.heldBy) ?? []) {
        open.push({ row: behind, way: [...way, wait] });
      }
    }
  }
  return [];
}
