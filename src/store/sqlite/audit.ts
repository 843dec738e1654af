/** The record of who did what: added to, read in pages, shortened from its old end; never changed. */
import type { AuditFilter, AuditRow, AuditStore, NewAudit } from '../../model/access-store.ts';
import type { Page } from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';

/** The audit part of the store. */
export function createAudit(connection: Connection): AuditStore {
  return {
    addAudit(rows, keep) {
      connection.write(() => {
        for (const row of rows) insert(connection, row);
        const last = connection.one<{ id: number | null }>('SELECT max(id) AS id FROM audit');
        connection.run('DELETE FROM audit WHERE id <= ?', (last?.id ?? 0) - keep);
      });
    },
    audit: (filter) => list(connection, filter),
  };
}

function insert(connection: Connection, row: NewAudit): void {
  connection.run(
    `INSERT INTO audit (at, actor, role, token_id, origin, action, target, outcome, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.at,
    row.actor,
    row.role,
    row.tokenId,
    row.origin,
    row.action,
    row.target,
    row.outcome,
    row.detail,
  );
}

function list(connection: Connection, filter: AuditFilter): Page<AuditRow> {
  const { where, bindings } = conditionOf(filter);
  const rows = connection.all<AuditRow>(
    `SELECT id, at, actor, role, token_id AS tokenId, origin, action, target, outcome, detail
     FROM audit WHERE ${where.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  const more = rows.length > filter.limit && last !== undefined;
  return { items: page, nextCursor: more ? encodeCursor('audit', [last.at, last.id]) : null };
}

function conditionOf(filter: AuditFilter) {
  const where = ['at >= ?', 'at <= ?'];
  const bindings: (string | number)[] = [
    filter.since ?? 0,
    filter.until ?? Number.MAX_SAFE_INTEGER,
  ];
  for (const column of ['actor', 'action', 'target'] as const) {
    const value = filter[column];
    if (value === undefined) continue;
    where.push(`${column} = ?`);
    bindings.push(value);
  }
  if (filter.outcome !== undefined) {
    where.push(`outcome IN (${filter.outcome.map(() => '?').join(', ')})`);
    bindings.push(...filter.outcome);
  }
  if (filter.cursor !== undefined) {
    where.push('(at, id) < (?, ?)');
    bindings.push(...decodeRowCursor('audit', filter.cursor));
  }
  return { where, bindings };
}
