/**
 * Taking away runs whose time has passed, and giving their room back.
 *
 * `removed_runs` holds the runs whose row is gone and whose other rows are not: the loop goes on there
 * after a crash. Children are found by the id of the removed parent and take the same way. Nothing
 * here waits for the disk; what a loss of power undoes is done again.
 */
import { statSync } from 'node:fs';
import type { DefinitionHash, NodeId, RunId } from '../../model/ids.ts';
import type { Cleared, ExpiredFilter, ExpiredPage, UpkeepStore } from '../../model/upkeep-store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';
import { deleteSome } from './delete-some.ts';
import { keepReserve, spendReserve } from './reserve.ts';

/** Pages given back between two looks at the time. */
const PAGES_AT_ONCE = 16;

/** The upkeep part of the store. */
export function createUpkeep(connection: Connection): UpkeepStore {
  return {
    expiredRuns: (filter) => expiredRuns(connection, filter),
    removeRuns: (runIds, dead) =>
      connection.write(() => removeRuns(connection, runIds, dead), 'relaxed'),
    clearRemoved: (maxMs) => clearRemoved(connection, maxMs),
    looseDefinitions: () =>
      connection
        .all<{ hash: DefinitionHash }>(
          'SELECT hash FROM definitions EXCEPT SELECT definition_hash FROM templates',
        )
        .map((row) => row.hash),
    definitionsOfRuns: (after, limit) => definitionsOfRuns(connection, after, limit),
    noteUnusedDefinitions: (unused, nowMs) =>
      connection.write(() => noteUnused(connection, unused, nowMs), 'relaxed'),
    dropDefinitions: (notedUntil, limit) =>
      connection.write(() => dropDefinitions(connection, notedUntil, limit), 'relaxed'),
    forgetNodes: (dead, leaseBefore) =>
      connection.write(() => forgetNodes(connection, dead, leaseBefore), 'relaxed'),
    noteUpkeep(what, atMs) {
      const sql = 'INSERT OR REPLACE INTO upkeep_done (what, at) VALUES (?, ?)';
      connection.write(() => connection.run(sql, what, atMs), 'relaxed');
    },
    lastUpkeep: (what) =>
      connection.one<{ at: number }>('SELECT at FROM upkeep_done WHERE what = ?', what)?.at ?? null,
    space: () => spaceOf(connection),
    giveBack: (maxMs) => giveBack(connection, maxMs),
    keepReserve: () => keepReserve(connection.path),
    spendReserve: () => spendReserve(connection.path),
    checkpoint(how) {
      const mode = how === 'whole' ? 'TRUNCATE' : 'PASSIVE';
      connection.all(`PRAGMA wal_checkpoint(${mode})`);
    },
  };
}

const UNFINISHED = `('pending', 'active', 'suspended')`;

/** May go, as far as its own row and mail say; `?1` holds the dead nodes. */
const IS_FREE = `(h.owner IS NULL OR h.owner IN (SELECT value FROM json_each(?1))
    OR NOT EXISTS (SELECT 1 FROM nodes n WHERE n.node_id = h.owner))
  AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.rid = h.rid AND i.verdict IS NULL)
  AND (h.parent_id IS NULL OR NOT EXISTS (SELECT 1 FROM run_head p WHERE p.id = h.parent_id))`;

interface Candidate {
  readonly rid: number;
  readonly id: RunId;
  readonly createdAt: number;
}

function expiredRuns(connection: Connection, filter: ExpiredFilter): ExpiredPage {
  const { status, endedBefore, keepLast, dead, limit, cursor } = filter;
  const [at, rid] =
    cursor === undefined ? [Number.MIN_SAFE_INTEGER, 0] : decodeRowCursor('expired', cursor);
  const rows = connection.all<Candidate>(
    `SELECT h.rid, h.id, h.created_at AS createdAt FROM run_head h INDEXED BY head_status
     WHERE h.status = ?2 AND h.created_at < ?3 AND h.created_at >= ?4
       AND (h.created_at > ?4 OR h.rid > ?5) AND h.ended_at < ?3 AND ${IS_FREE}
       AND (?6 = 0 OR h.template IS NULL OR h.created_at < (
         SELECT n.created_at FROM run_head n INDEXED BY head_template
         WHERE n.template = h.template AND n.parent_id IS NULL AND n.status NOT IN ${UNFINISHED}
         ORDER BY n.created_at DESC LIMIT 1 OFFSET ?6 - 1))
     ORDER BY h.created_at, h.rid LIMIT ?7`,
    JSON.stringify(dead),
    status,
    endedBefore,
    at,
    rid,
    keepLast,
    limit,
  );
  const last = rows.at(-1);
  const items = rows.flatMap((row) => {
    const below = runsBelow(connection, row.id);
    return below.unfinished > 0 ? [] : [{ runId: row.id, children: below.runs }];
  });
  const more = rows.length === limit && last !== undefined;
  return {
    items,
    nextCursor: more ? encodeCursor('expired', [last.createdAt, last.rid]) : null,
  };
}

interface Below {
  readonly runs: number;
  readonly unfinished: number;
}

/** The runs that this one started, and those they started. */
function runsBelow(connection: Connection, id: RunId): Below {
  const counted = connection.one<Below>(
    `WITH RECURSIVE below(id, status) AS (
       SELECT id, status FROM run_head WHERE parent_id = ?
       UNION ALL
       SELECT c.id, c.status FROM run_head c JOIN below b ON c.parent_id = b.id)
     SELECT count(*) AS runs, count(*) FILTER (WHERE status IN ${UNFINISHED}) AS unfinished
     FROM below`,
    id,
  );
  return counted ?? { runs: 0, unfinished: 0 };
}

function removeRuns(
  connection: Connection,
  runIds: readonly RunId[],
  dead: readonly NodeId[],
): readonly RunId[] {
  const removed: RunId[] = [];
  for (const runId of runIds) {
    const run = connection.one<{ rid: number }>(
      `SELECT h.rid FROM run_head h
       WHERE h.id = ?2 AND h.status NOT IN ${UNFINISHED} AND ${IS_FREE}`,
      JSON.stringify(dead),
      runId,
    );
    if (run === null) continue;
    hide(connection, run.rid);
    removed.push(runId);
  }
  return removed;
}

/** From here on the run exists for nobody. Its key goes with it: it would refuse every later start. */
function hide(connection: Connection, rid: number): void {
  connection.run(
    'INSERT INTO removed_runs (rid, id) SELECT rid, id FROM run_head WHERE rid = ?',
    rid,
  );
  connection.run('DELETE FROM run_keys WHERE rid = ?', rid);
  connection.run('DELETE FROM runs WHERE rid = ?', rid);
  connection.run('DELETE FROM run_head WHERE rid = ?', rid);
}

const NOTHING: Cleared = { done: true, rows: 0 };

function clearRemoved(connection: Connection, maxMs: number): Cleared {
  if (connection.one('SELECT 1 FROM removed_runs LIMIT 1') === null) return NOTHING;
  return connection.write(() => {
    const until = performance.now() + maxMs;
    let rows = 0;
    do {
      const next = connection.one<{ rid: number; id: RunId }>(
        'SELECT rid, id FROM removed_runs LIMIT 1',
      );
      if (next === null) return { done: true, rows };
      const cleared = hideChildren(connection, next.id) + deleteSome(connection, next);
      rows += cleared;
      if (cleared === 0) connection.run('DELETE FROM removed_runs WHERE rid = ?', next.rid);
    } while (performance.now() < until);
    return { done: false, rows };
  }, 'relaxed');
}

const CHILDREN_AT_ONCE = 32;

function hideChildren(connection: Connection, parent: RunId): number {
  const children = connection.all<{ rid: number }>(
    `SELECT rid FROM run_head INDEXED BY head_parent
     WHERE parent_id = ? AND status NOT IN ${UNFINISHED} LIMIT ?`,
    parent,
    CHILDREN_AT_ONCE,
  );
  for (const { rid } of children) hide(connection, rid);
  return children.length;
}

function definitionsOfRuns(connection: Connection, after: number, limit: number) {
  const rows = connection.all<{ rid: number; hash: DefinitionHash }>(
    'SELECT rid, definition_hash AS hash FROM runs WHERE rid > ? ORDER BY rid LIMIT ?',
    after,
    limit,
  );
  const last = rows.at(-1);
  return {
    hashes: [...new Set(rows.map((row) => row.hash))],
    next: rows.length === limit && last !== undefined ? last.rid : null,
  };
}

function noteUnused(
  connection: Connection,
  unused: readonly DefinitionHash[],
  nowMs: number,
): void {
  const list = JSON.stringify(unused);
  connection.run(
    'DELETE FROM definitions_unused WHERE hash NOT IN (SELECT value FROM json_each(?))',
    list,
  );
  connection.run(
    `INSERT OR IGNORE INTO definitions_unused (hash, since)
     SELECT hash, ?2 FROM definitions WHERE hash IN (SELECT value FROM json_each(?1))`,
    list,
    nowMs,
  );
}

/** Whoever is about to use one has put it, which ended its note. */
function dropDefinitions(connection: Connection, notedUntil: number, limit: number): number {
  const rows = connection.all<{ hash: DefinitionHash }>(
    'SELECT hash FROM definitions_unused WHERE since <= ? LIMIT ?',
    notedUntil,
    limit,
  );
  for (const { hash } of rows) {
    connection.run(
      `DELETE FROM definitions
       WHERE hash = ? AND hash NOT IN (SELECT definition_hash FROM templates)`,
      hash,
    );
    connection.run('DELETE FROM definitions_unused WHERE hash = ?', hash);
  }
  return rows.length;
}

function forgetNodes(connection: Connection, dead: readonly NodeId[], leaseBefore: number): number {
  const { changes } = connection.run(
    `DELETE FROM nodes WHERE node_id IN (SELECT value FROM json_each(?)) AND lease_until < ?
       AND NOT EXISTS (SELECT 1 FROM run_head h INDEXED BY head_owner
         WHERE h.owner = nodes.node_id AND h.status IN ${UNFINISHED})`,
    JSON.stringify(dead),
    leaseBefore,
  );
  return changes;
}

function spaceOf(connection: Connection) {
  const pageBytes = pragma(connection, 'page_size');
  return {
    bytes: sizeOf(connection.path) + sizeOf(`${connection.path}-wal`),
    freeBytes: pragma(connection, 'freelist_count') * pageBytes,
  };
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const pragma = (connection: Connection, name: string): number =>
  Object.values(connection.one<Record<string, number>>(`PRAGMA ${name}`) ?? {})[0] ?? 0;

function giveBack(connection: Connection, maxMs: number): boolean {
  const before = pragma(connection, 'freelist_count');
  if (before === 0) return true;
  const after = connection.write(() => {
    const until = performance.now() + maxMs;
    let left = before;
    do {
      connection.all(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
      left = pragma(connection, 'freelist_count');
    } while (left > 0 && performance.now() < until);
    return left;
  }, 'relaxed');
  // A file made without incremental vacuum keeps its free pages and fills them again.
  return after === 0 || after >= before;
}
