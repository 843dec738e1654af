/** Decision rows: written by appends, read by queues. Newest first; ties in the order they were asked. */
import type { RunId } from '../../model/ids.ts';
import type { DecisionFilter, DecisionRow, DecisionStore, Page } from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';

/** The decisions part of the store. */
export function createDecisions(connection: Connection): DecisionStore {
  return {
    decision(id) {
      const row = connection.one<DecisionColumns>(`${SELECT} WHERE id = ?`, id);
      return row && toDecision(row);
    },
    queryDecisions: (filter) => queryDecisions(connection, filter),
  };
}

/** Adds or replaces the rows; inside a transaction. */
export function putDecisions(connection: Connection, rows: readonly DecisionRow[]): void {
  for (const row of rows) {
    connection.run(
      `INSERT INTO decisions (id, run_id, path, seq, kind, status, target_agent, created_at,
         timeout_at, body, resolution)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET run_id = excluded.run_id, path = excluded.path,
         seq = excluded.seq, kind = excluded.kind, status = excluded.status,
         target_agent = excluded.target_agent, created_at = excluded.created_at,
         timeout_at = excluded.timeout_at, body = excluded.body, resolution = excluded.resolution`,
      row.id,
      row.runId,
      row.path,
      row.seq,
      row.kind,
      row.status,
      row.targetAgent,
      row.createdAt,
      row.timeoutAt,
      JSON.stringify(row.body),
      row.resolution === null ? null : JSON.stringify(row.resolution),
    );
  }
}

const SELECT = `SELECT rowid AS "row", id, run_id AS runId, path, seq, kind, status,
    target_agent AS targetAgent, created_at AS createdAt, timeout_at AS timeoutAt, body, resolution
  FROM decisions`;

type DecisionColumns = Omit<DecisionRow, 'body' | 'resolution'> & {
  readonly row: number;
  readonly runId: RunId;
  readonly body: string;
  readonly resolution: string | null;
};

function toDecision({ row: _, ...columns }: DecisionColumns): DecisionRow {
  return {
    ...columns,
    body: JSON.parse(columns.body),
    resolution: columns.resolution === null ? null : JSON.parse(columns.resolution),
  };
}

function queryDecisions(connection: Connection, filter: DecisionFilter): Page<DecisionRow> {
  const terms: string[] = [];
  const bindings: (string | number)[] = [];
  const add = (term: string, ...values: (string | number)[]): void => {
    terms.push(term);
    bindings.push(...values);
  };
  if (filter.runId !== undefined) add('run_id = ?', filter.runId);
  // A run has few decisions: with one given, the status only filters.
  if (filter.status !== undefined)
    add(`${filter.runId === undefined ? '' : '+'}status = ?`, filter.status);
  if (filter.targetAgent !== undefined) add('target_agent = ?', filter.targetAgent);
  if (filter.cursor !== undefined) {
    const [at, row] = decodeRowCursor('decisions', filter.cursor);
    add('created_at <= ? AND (created_at < ? OR rowid < ?)', at, at, row);
  }
  const where = terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`;
  const rows = connection.all<DecisionColumns>(
    `${SELECT}${where} ORDER BY created_at DESC, rowid DESC LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return {
    items: page.map(toDecision),
    nextCursor: more ? encodeCursor('decisions', [last.createdAt, last.row]) : null,
  };
}
