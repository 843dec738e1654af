/** The record of who did what, in memory. */
import type { AuditFilter, AuditRow, AuditStore } from '../../model/access-store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import type { MemoryState } from './state.ts';

/** The audit part of the store. */
export function createAudit(state: MemoryState): AuditStore {
  let kept: AuditRow[] = [];
  let lastId = 0;
  return {
    addAudit(rows, keep) {
      state.writes += 1;
      for (const row of rows) {
        lastId += 1;
        kept.push({ ...row, id: lastId });
      }
      kept = kept.filter(({ id }) => id > lastId - keep);
    },
    audit(filter) {
      const found = kept
        .filter((row) => isAsked(row, filter))
        .sort((a, b) => b.at - a.at || b.id - a.id);
      const page = found.slice(0, filter.limit);
      const last = page.at(-1);
      const more = found.length > filter.limit && last !== undefined;
      return { items: page, nextCursor: more ? encodeCursor('audit', [last.at, last.id]) : null };
    },
  };
}

function isAsked(row: AuditRow, filter: AuditFilter): boolean {
  const after = filter.cursor === undefined ? null : decodeRowCursor('audit', filter.cursor);
  return (
    row.at >= (filter.since ?? 0) &&
    row.at <= (filter.until ?? Number.MAX_SAFE_INTEGER) &&
    (filter.actor ?? row.actor) === row.actor &&
    (filter.action ?? row.action) === row.action &&
    (filter.target ?? row.target) === row.target &&
    (filter.outcome?.includes(row.outcome) ?? true) &&
    (after === null || row.at < after[0] || (row.at === after[0] && row.id < after[1]))
  );
}
