/**
 * What steps' processes printed, in pieces. Written without waiting for the disk: output may lag behind
 * the log of events after a power failure, it decides nothing.
 */
import type { LogChunk, LogStore } from '../../model/store.ts';
import type { Connection } from './connection.ts';

/** The logs part of the store; pieces of a run that does not exist are dropped. */
export function createLogs(connection: Connection): LogStore {
  return {
    appendLogs(chunks) {
      if (chunks.length === 0) return;
      connection.write(() => {
        for (const chunk of chunks) put(connection, chunk);
      }, 'relaxed');
    },
    logs: (runId, afterOffset, limit, path) =>
      connection.all<LogChunk>(
        `SELECT l."offset", h.id AS runId, l.path, l.attempt, l.stream, l.text, l.at
         FROM run_head h JOIN logs l ON l.rid = h.rid
         WHERE h.id = ?1 AND l."offset" > ?2 AND (?4 IS NULL OR l.path = ?4)
         ORDER BY l."offset" LIMIT ?3`,
        runId,
        afterOffset,
        limit,
        path ?? null,
      ),
  };
}

function put(connection: Connection, chunk: Omit<LogChunk, 'offset'>): void {
  connection.run(
    `INSERT INTO logs (rid, path, attempt, stream, text, at)
     SELECT rid, ?, ?, ?, ?, ? FROM run_head WHERE id = ?`,
    chunk.path,
    chunk.attempt,
    chunk.stream,
    chunk.text,
    chunk.at,
    chunk.runId,
  );
}
