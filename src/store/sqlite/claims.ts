/**
 * Who may execute what: claiming, giving up, and finding what an executor should claim now.
 *
 * An owner is gone when it is among the caller's dead ones or has no node row. An unowned run's
 * `wake_at` already counts its own wish and its unsettled messages (see `wakeTime`), so finding work
 * is one walk over an index of due runs and one over the runs of each gone owner.
 */
import type { NodeId, RunId } from '../../model/ids.ts';
import { isRunEnded, type RunStatus } from '../../model/run-status.ts';
import type { Claim, RunStore } from '../../model/store.ts';
import { wakeTime } from '../rules.ts';
import type { Connection } from './connection.ts';
import { oldestUnsettled } from './inbox.ts';
import { placeTable } from './places.ts';

type Claims = Pick<
  RunStore,
  'claim' | 'release' | 'claimable' | 'nextWakeAt' | 'countWithoutExecutor'
>;

/** The part of the run store that is about ownership. */
export function createClaims(connection: Connection): Claims {
  return {
    // Ownership need not survive a loss of power, which no owner survives; what a run does next
    // brings it to disk with its own commit.
    claim: (runId, node, dead) =>
      connection.write(() => claim(connection, runId, node, dead), 'relaxed'),
    release: (runId, node, epoch, wakeAt) =>
      connection.write(() => release(connection, runId, node, epoch, wakeAt), 'relaxed'),
    claimable: (nowMs, dead, limit) => claimable(connection, nowMs, dead, limit),
    nextWakeAt(nowMs) {
      const row = connection.one<{ next: number | null }>(
        'SELECT min(wake_at) AS next FROM run_head WHERE owner IS NULL AND wake_at > ?',
        nowMs,
      );
      return row?.next ?? null;
    },
    countWithoutExecutor: (dead) => countWithoutExecutor(connection, dead),
  };
}

interface HeadRow {
  readonly rid: number;
  readonly owner: NodeId | null;
  readonly epoch: number;
  readonly seq: number;
  readonly status: RunStatus;
  readonly claimableFrom: number;
}

const readHead = (connection: Connection, runId: RunId): HeadRow | null =>
  connection.one(
    `SELECT h.rid, h.owner, h.epoch, h.seq, h.status, r.claimable_from AS claimableFrom
     FROM run_head h JOIN runs r ON r.rid = h.rid WHERE h.id = ?`,
    runId,
  );

function claim(
  connection: Connection,
  runId: RunId,
  node: NodeId,
  dead: readonly NodeId[],
): Claim | null {
  const head = readHead(connection, runId);
  if (head === null) return null;
  if (head.owner !== null && !isGone(connection, head.owner, dead)) return null;
  if (isRunEnded(head.status) && oldestUnsettled(connection, head.rid) === null) return null;
  const epoch = head.epoch + 1;
  connection.run('UPDATE run_head SET owner = ?, epoch = ? WHERE rid = ?', node, epoch, head.rid);
  return { epoch, seq: head.seq, previousOwner: head.owner };
}

function release(
  connection: Connection,
  runId: RunId,
  node: NodeId,
  epoch: number,
  wakeAt: number | null,
): boolean {
  const head = readHead(connection, runId);
  if (head === null || head.owner !== node || head.epoch !== epoch) return false;
  const { status, claimableFrom, rid } = head;
  const wake = wakeTime({
    status,
    wakeAt,
    claimableFrom,
    // One that has a log is pending only while it waits.
    awaitsTurn: status === 'pending' && (head.seq > 0 || waitsForTurn(connection, runId)),
    oldestUnsettled: oldestUnsettled(connection, rid),
  });
  connection.run('UPDATE run_head SET owner = NULL, wake_at = ? WHERE rid = ?', wake, rid);
  return true;
}

const waitsForTurn = (connection: Connection, runId: RunId): boolean =>
  placeTable(connection).place(runId)?.holds === false;

const isGone = (connection: Connection, owner: NodeId, dead: readonly NodeId[]): boolean =>
  dead.includes(owner) || connection.one('SELECT 1 FROM nodes WHERE node_id = ?', owner) === null;

/** Every distinct owner, found by jumping from one to the next in the index. */
function owners(connection: Connection): readonly NodeId[] {
  const rows = connection.all<{ owner: NodeId }>(
    `WITH RECURSIVE found(owner) AS (
       SELECT min(owner) FROM run_head WHERE owner IS NOT NULL
       UNION ALL
       SELECT (SELECT min(h.owner) FROM run_head h WHERE h.owner > found.owner)
       FROM found WHERE found.owner IS NOT NULL)
     SELECT owner FROM found WHERE owner IS NOT NULL`,
  );
  return rows.map((row) => row.owner);
}

interface Due {
  readonly rid: number;
  readonly id: RunId;
  readonly at: number;
}

function claimable(
  connection: Connection,
  nowMs: number,
  dead: readonly NodeId[],
  limit: number,
): readonly RunId[] {
  const parked = connection.all<Due>(
    `SELECT rid, id, wake_at AS at FROM run_head INDEXED BY head_due
     WHERE owner IS NULL AND wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at, rid LIMIT ?`,
    nowMs,
    limit,
  );
  const orphaned = owners(connection)
    .filter((owner) => isGone(connection, owner, dead))
    .flatMap((owner) => orphans(connection, owner, limit));
  return [...parked, ...orphaned]
    .sort((a, b) => a.at - b.at || a.rid - b.rid)
    .slice(0, limit)
    .map((due) => due.id);
}

const UNFINISHED = `status IN ('pending', 'active', 'suspended')`;

const orphans = (connection: Connection, owner: NodeId, limit: number): Due[] =>
  connection.all(
    `SELECT rid, id, created_at AS at FROM run_head INDEXED BY head_owner
     WHERE owner = ? AND (${UNFINISHED} OR EXISTS (
       SELECT 1 FROM inbox i WHERE i.rid = run_head.rid AND i.verdict IS NULL))
     ORDER BY created_at, rid LIMIT ?`,
    owner,
    limit,
  );

function countWithoutExecutor(connection: Connection, dead: readonly NodeId[]): number {
  const count = (sql: string, ...bindings: string[]): number =>
    connection.one<{ n: number }>(`SELECT count(*) AS n FROM run_head ${sql}`, ...bindings)?.n ?? 0;
  return owners(connection)
    .filter((owner) => !isGone(connection, owner, dead))
    .reduce(
      (open, owner) =>
        open - count(`INDEXED BY head_owner WHERE owner = ? AND ${UNFINISHED}`, owner),
      count(`INDEXED BY head_status WHERE ${UNFINISHED}`),
    );
}
