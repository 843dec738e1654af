/**
 * Places under `concurrency` as rows; the rules are in `store/places.ts`, shared by every store.
 */

import type { RunId } from '../../model/ids.ts';
import { replacedMessage, turnMessage } from '../../model/input.ts';
import type { PlaceRow, Queue } from '../../model/place.ts';
import type { PlaceStore } from '../../model/store.ts';
import type { PlaceTable } from '../place-table.ts';
import { handOn, judge } from '../places.ts';
import type { Connection } from './connection.ts';
import { deliver } from './inbox.ts';

/** The places part of the store. */
export function createPlaces(connection: Connection): PlaceStore {
  const table = placeTable(connection);
  return {
    place: table.place,
    queueOf: (runId) =>
      connection.one<Queue>(
        `SELECT r.place_group AS "group", h.concurrency_key AS "key"
         FROM run_head h JOIN runs r ON r.rid = h.rid
         WHERE h.id = ? AND r.place_group IS NOT NULL`,
        runId,
      ),
    judgePlace: (asked, asker, ahead) => judge(table, asked, asker, ahead),
    placeHolders: ({ group, key }, limit) => rowsOf(connection, group, key, 1, limit),
    placesAhead({ group, key, arrivedAt }) {
      const row = connection.one<{ n: number }>(
        `SELECT count(*) AS n FROM places
         WHERE "group" = ? AND "key" = ? AND holds = 0 AND arrived_at < ?`,
        group,
        key,
        arrivedAt,
      );
      return row?.n ?? 0;
    },
    waitingQueues: (group) =>
      connection.all<Queue>(
        `SELECT DISTINCT "group", "key" FROM places INDEXED BY places_waiting
         WHERE holds = 0 AND "group" = coalesce(?, "group") ORDER BY "group", "key"`,
        group,
      ),
    handOnPlaces: (queue, limit, nowMs) =>
      connection.write(() => handOn(table, queue, limit, nowMs)),
  };
}

/** The rows that the rules work on; writes belong inside a transaction. */
export function placeTable(connection: Connection): PlaceTable {
  const known = TABLES.get(connection) ?? makeTable(connection);
  TABLES.set(connection, known);
  return known;
}

const TABLES = new WeakMap<Connection, PlaceTable>();

const COLUMNS = `h.id AS runId, p."group", p."key", p.arrived_at AS arrivedAt, p.holds,
  p.own_limit AS "limit"`;

type Columns = Omit<PlaceRow, 'holds'> & { readonly holds: number };

const toRow = (row: Columns): PlaceRow => ({ ...row, holds: row.holds === 1 });

function rowsOf(
  connection: Connection,
  group: string,
  key: string,
  holds: 0 | 1,
  limit: number,
): readonly PlaceRow[] {
  const rows = connection.all<Columns>(
    `SELECT ${COLUMNS} FROM places p INDEXED BY places_queue JOIN run_head h ON h.rid = p.rid
     WHERE p."group" = ? AND p."key" = ? AND p.holds = ? ORDER BY p.arrived_at, p.rid LIMIT ?`,
    group,
    key,
    holds,
    limit,
  );
  return rows.map(toRow);
}

const ALL = Number.MAX_SAFE_INTEGER;

function makeTable(connection: Connection): PlaceTable {
  return {
    place(runId) {
      const row = connection.one<Columns>(
        `SELECT ${COLUMNS} FROM run_head h JOIN places p ON p.rid = h.rid WHERE h.id = ?`,
        runId,
      );
      return row && toRow(row);
    },
    holders: ({ group, key }) => rowsOf(connection, group, key, 1, ALL),
    waiters: ({ group, key }, limit) => rowsOf(connection, group, key, 0, limit),
    lastArrival({ group, key }) {
      const row = connection.one<{ last: number | null }>(
        'SELECT max(arrived_at) AS last FROM places WHERE "group" = ? AND "key" = ?',
        group,
        key,
      );
      return row?.last ?? null;
    },
    waitingChildren: () =>
      connection
        .all<Columns>(
          `SELECT ${COLUMNS} FROM places p JOIN run_head h ON h.rid = p.rid
           WHERE p.holds = 0 AND h.parent_id IS NOT NULL`,
        )
        .map(toRow),
    parentOf: (runId) =>
      connection.one<{ parent: RunId | null }>(
        'SELECT parent_id AS parent FROM run_head WHERE id = ?',
        runId,
      )?.parent ?? null,
    put({ runId, group, key, arrivedAt, holds, limit }) {
      connection.run(
        `INSERT OR REPLACE INTO places (rid, "group", "key", arrived_at, holds, own_limit)
         SELECT rid, ?, ?, ?, ?, ? FROM run_head WHERE id = ?`,
        group,
        key,
        arrivedAt,
        holds ? 1 : 0,
        limit,
        runId,
      );
    },
    remove(runId) {
      const sql = 'DELETE FROM places WHERE rid = (SELECT rid FROM run_head WHERE id = ?)';
      connection.run(sql, runId);
    },
    giveTurn(runId, atMs) {
      connection.run(
        'UPDATE places SET holds = 1 WHERE rid = (SELECT rid FROM run_head WHERE id = ?)',
        runId,
      );
      if (!isHeldBack(connection, runId)) deliver(connection, turnMessage(runId, atMs));
    },
    replace: (runId, atMs) => void deliver(connection, replacedMessage(runId, atMs)),
  };
}

/** True for a run that was restored before it began: only `resume` begins it. */
const isHeldBack = (connection: Connection, runId: RunId): boolean =>
  connection.one('SELECT 1 FROM run_head WHERE id = ? AND seq = 0 AND paused = 1', runId) !== null;
