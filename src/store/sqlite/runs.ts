/**
 * Run rows: adding, reading and querying. Queries go newest first by creation, name the index they
 * walk, and page by key, so a page costs the same wherever it stands.
 */
import type { RunId } from '../../model/ids.ts';
import { FIRST_RULES } from '../../model/rules.ts';
import { RUN_STATUSES, type RunStatus } from '../../model/run-status.ts';
import type { Page, RunFilter, RunHead, RunRow, RunStore, UsedSecret } from '../../model/store.ts';
import { decodeRowCursor, encodeCursor } from '../cursor.ts';
import { wokenBy } from '../rules.ts';
import { lastEventId } from './append.ts';
import { createClaims } from './claims.ts';
import type { Connection } from './connection.ts';
import { insertPending } from './new-runs.ts';

/** A status with at most this many runs is walked rather than a template's or agent's runs. */
const RARE_ROWS = 1000;
/** Up to this many ids that begin alike are sorted; with more, the newest are found by walking back. */
const MAX_SORTED_IDS = 1000;

/** The runs part of the store. */
export function createRuns(connection: Connection): RunStore {
  return {
    ...createClaims(connection),
    createPending: (run) =>
      connection.write(() => {
        const inserted = insertPending(connection, run);
        if ('refused' in inserted) return inserted.refused;
        return { ok: true, lastEventId: lastEventId(connection), ...wokenBy(inserted.woken) };
      }),
    head: (runId) =>
      connection.one<RunHead>(
        `SELECT id AS runId, owner, epoch, seq, status, wake_at AS wakeAt FROM run_head WHERE id = ?`,
        runId,
      ),
    usedSecrets: (root) =>
      connection.all<UsedSecret>(
        'SELECT name, mark FROM run_secrets WHERE root = ? ORDER BY name',
        root,
      ),
    run(runId) {
      const row = connection.one<RunColumns>(`${SELECT} WHERE h.id = ?`, runId);
      return row && toRunRow(row);
    },
    findIds: (prefix, limit) => findIds(connection, prefix, limit),
    latestId: () => findIds(connection, '', 1)[0] ?? null,
    queryRuns: (filter) => queryRuns(connection, filter),
    countRuns: () => countRuns(connection),
  };
}

const SELECT = `SELECT h.rid, h.id AS runId, h.owner, h.epoch, h.seq, h.status, h.wake_at AS wakeAt,
    r.definition_hash AS definitionHash, r.rules, h.name, h.template, r.version, h.agent_id AS agentId,
    h.parent_id AS parentId, r.parent_path AS parentPath, r."trigger", h.created_at AS createdAt,
    h.updated_at AS updatedAt, h.ended_at AS endedAt, h.paused, h.error, h.waiting AS waitingFor,
    r.start
  FROM run_head h JOIN runs r ON r.rid = h.rid`;

type JsonColumn = 'trigger' | 'error' | 'waitingFor' | 'start';
type RunColumns = Omit<RunRow, JsonColumn | 'paused'> & {
  readonly [K in JsonColumn]: string | null;
} & { readonly rid: number; readonly paused: number };

function toRunRow({ rid: _, ...row }: RunColumns): RunRow {
  return {
    ...row,
    paused: row.paused === 1,
    trigger: row.trigger === null ? null : JSON.parse(row.trigger),
    error: row.error === null ? null : JSON.parse(row.error),
    waitingFor: row.waitingFor === null ? [] : JSON.parse(row.waitingFor),
    start: row.start === null ? null : { rules: FIRST_RULES, ...JSON.parse(row.start) },
  };
}

function findIds(connection: Connection, prefix: string, limit: number): readonly RunId[] {
  const range = 'id >= ? AND id < ?';
  const bindings = [prefix, `${prefix}\u{10FFFF}`];
  const few = connection.all<{ id: RunId; rid: number; at: number }>(
    `SELECT id, rid, created_at AS at FROM run_head WHERE ${range} LIMIT ?`,
    ...bindings,
    MAX_SORTED_IDS + 1,
  );
  const found =
    few.length <= MAX_SORTED_IDS
      ? few.sort((a, b) => b.at - a.at || b.rid - a.rid).slice(0, limit)
      : connection.all<{ id: RunId }>(
          `SELECT id FROM run_head INDEXED BY head_created WHERE ${range}
           ORDER BY created_at DESC, rid DESC LIMIT ?`,
          ...bindings,
          limit,
        );
  return found.map((row) => row.id);
}

function countRuns(connection: Connection): Readonly<Record<RunStatus, number>> {
  const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, 0]));
  const rows = connection.all<{ status: RunStatus; n: number }>(
    'SELECT status, count(*) AS n FROM run_head INDEXED BY head_status GROUP BY status',
  );
  for (const { status, n } of rows) counts[status] = n;
  return counts as Record<RunStatus, number>;
}

interface Terms {
  readonly sql: string[];
  readonly bindings: (string | number)[];
}

function queryRuns(connection: Connection, filter: RunFilter): Page<RunRow> {
  const keys = walks(connection, filter)
    .flatMap(({ index, terms }) => walkRuns(connection, filter, index, terms))
    .sort((a, b) => b.at - a.at || b.rid - a.rid);
  const page = keys.slice(0, filter.limit);
  const last = page.at(-1);
  const more = keys.length > filter.limit && last !== undefined;
  return {
    items: page.flatMap(({ rid }) => {
      const row = connection.one<RunColumns>(`${SELECT} WHERE h.rid = ?`, rid);
      return row === null ? [] : [toRunRow(row)];
    }),
    nextCursor: more ? encodeCursor('runs', [last.at, last.rid]) : null,
  };
}

interface Walk {
  readonly index: string;
  readonly terms: Terms;
}

/** The indexes of what a filter may name, the most selective first. */
const NAMED = [
  ['parentId', 'parent_id', 'head_parent'],
  ['template', 'template', 'head_template'],
  ['name', 'name', 'head_name'],
  ['agentId', 'agent_id', 'head_agent'],
] as const;

/** Which index to walk: one walk for each status, or one over the first thing the filter names. */
function walks(connection: Connection, filter: RunFilter): readonly Walk[] {
  const { status } = filter;
  const named = NAMED.find(([key]) => filter[key] !== undefined);
  if (status !== undefined && (named === undefined || areRare(connection, status))) {
    return [...new Set(status)].map((wanted) => ({
      index: 'head_status',
      terms: { sql: ['status = ?'], bindings: [wanted] },
    }));
  }
  const terms: Terms = { sql: [], bindings: [] };
  if (status !== undefined) {
    terms.sql.push('status IN (SELECT value FROM json_each(?))');
    terms.bindings.push(JSON.stringify(status));
  }
  return [{ index: named?.[2] ?? 'head_created', terms }];
}

function areRare(connection: Connection, statuses: readonly RunStatus[]): boolean {
  const row = connection.one<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM run_head INDEXED BY head_status
       WHERE status IN (SELECT value FROM json_each(?)) LIMIT ${RARE_ROWS + 1})`,
    JSON.stringify(statuses),
  );
  return row !== null && row.n <= RARE_ROWS;
}

interface Key {
  readonly rid: number;
  readonly at: number;
}

function walkRuns(
  connection: Connection,
  filter: RunFilter,
  index: string,
  { sql, bindings }: Terms,
): readonly Key[] {
  const add = (term: string, ...values: (string | number)[]): void => {
    sql.push(term);
    bindings.push(...values);
  };
  for (const [key, column] of NAMED) {
    const value = filter[key];
    if (value !== undefined) add(`${column} = ?`, value);
  }
  if (filter.since !== undefined) add('created_at >= ?', filter.since);
  if (filter.until !== undefined) add('created_at <= ?', filter.until);
  if (filter.cursor !== undefined) {
    const [at, rid] = decodeRowCursor('runs', filter.cursor);
    add('created_at <= ? AND (created_at < ? OR rid < ?)', at, at, rid);
  }
  return connection.all(
    `SELECT rid, created_at AS at FROM run_head INDEXED BY ${index}
     ${sql.length === 0 ? '' : `WHERE ${sql.join(' AND ')}`}
     ORDER BY created_at DESC, rid DESC LIMIT ?`,
    ...bindings,
    filter.limit + 1,
  );
}
