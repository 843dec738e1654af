/**
 * Whether a database file is whole: SQLite's own check, and what our rows promise each other. It reads
 * only; the full replay of every log is not done here (see `verify` among the operations).
 */
import { AppError } from '../../model/error.ts';
import type { Connection } from './connection.ts';
import { hasKind } from './errors.ts';
import { connectToLook } from './looking.ts';

/** At most this many problems of each sort are named. */
const MAX_PROBLEMS = 20;

export interface DatabaseCheck {
  readonly ok: boolean;
  /** One sentence each; empty when the file is whole. */
  readonly problems: readonly string[];
}

/**
 * Checks pages, and that every run's log is gapless with all its values; `whole`: also that indexes and
 * tables hold the same, which reads everything.
 * @throws STORE_ERROR when the file cannot be read at all or is no database
 */
export function verifyDatabase(path: string, depth: 'quick' | 'whole' = 'quick'): DatabaseCheck {
  let connection: Connection | null = null;
  try {
    connection = connectToLook(path);
    const problems = [...pageProblems(connection, depth), ...logProblems(connection)];
    return { ok: problems.length === 0, problems };
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !hasKind(thrown, 'corrupt')) throw thrown;
    return { ok: false, problems: [thrown.message] };
  } finally {
    connection?.close();
  }
}

function pageProblems(connection: Connection, depth: 'quick' | 'whole'): readonly string[] {
  const check = depth === 'whole' ? 'integrity_check' : 'quick_check';
  return connection
    .all<Record<string, string>>(`PRAGMA ${check}(${MAX_PROBLEMS})`)
    .map((row) => row[check] ?? '')
    .filter((line) => line !== 'ok');
}

function logProblems(connection: Connection): readonly string[] {
  const gaps = connection.all<{ id: string; seq: number; found: number }>(
    `SELECT h.id, h.seq, count(e.seq) AS found FROM run_head h LEFT JOIN events e ON e.rid = h.rid
     GROUP BY h.rid HAVING found <> h.seq OR coalesce(max(e.seq), 0) <> h.seq LIMIT ?`,
    MAX_PROBLEMS,
  );
  const missing = connection.all<{ id: string; seq: number }>(
    `SELECT h.id, e.seq FROM events e JOIN run_head h ON h.rid = e.rid
     WHERE e.refs IS NOT NULL AND EXISTS (
       SELECT 1 FROM json_each(e.refs) WHERE value NOT IN (SELECT hash FROM blobs)) LIMIT ?`,
    MAX_PROBLEMS,
  );
  const strays = connection.one<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT DISTINCT rid FROM events
       EXCEPT SELECT rid FROM run_head EXCEPT SELECT rid FROM removed_runs)`,
  );
  return [
    ...(strays === null || strays.n === 0 ? [] : [`${strays.n} logs belong to no run`]),
    ...gaps.map(({ id, seq, found }) => `run ${id}: ${found} events, its row says ${seq}`),
    ...missing.map(({ id, seq }) => `run ${id}: a value of event ${seq} is missing`),
  ];
}
