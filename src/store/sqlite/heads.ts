/**
 * The fence: the one statement that lets an existing run be written.
 *
 * What the row says besides owner, epoch and sequence is remembered per live run, so that an append
 * which changes no status rewrites only sequence and time and touches no index. What is remembered
 * belongs to one (owner, epoch, sequence): while the fence holds for these, nobody else has changed
 * the row. It is taken over only after COMMIT (`confirm`).
 */
import type { RunId } from '../../model/ids.ts';
import type { RunAppend, RunPatch } from '../../model/store.ts';
import { ownWake } from '../rules.ts';
import type { Connection } from './connection.ts';
import { oldestUnsettled } from './inbox.ts';

/** Live runs whose row is remembered; more only costs speed. */
const MAX_REMEMBERED = 10_000;

interface HeadState {
  readonly owner: string | null;
  readonly epoch: number;
  readonly seq: number;
  readonly rid: number;
  readonly hasStart: boolean;
  readonly claimableFrom: number;
  readonly columns: HeadColumns;
}

interface HeadColumns {
  readonly status: string;
  readonly paused: number;
  readonly endedAt: number | null;
  readonly waiting: string | null;
  readonly error: string | null;
  readonly wakeAt: number | null;
}

export interface Fenced {
  readonly rid: number;
  /** Takes over what was written as remembered; call it after COMMIT. */
  confirm(): void;
}

export interface Heads {
  /** Moves the run's row to the state after this append; null when it is not the caller's any more. */
  pass(append: RunAppend): Fenced | null;
  /** Takes over a run that this append has made as remembered; call it after COMMIT. */
  created(rid: number, append: RunAppend): void;
  /** Sets the wake time of a run that this append has released, its mail counted. */
  park(rid: number): void;
}

/** The fence over one connection, with its memory of live runs. */
export function createHeads(connection: Connection): Heads {
  const remembered = new Map<RunId, HeadState>();

  const remember = (runId: RunId, state: HeadState | null): void => {
    remembered.delete(runId);
    if (state === null) return;
    remembered.set(runId, state);
    if (remembered.size <= MAX_REMEMBERED) return;
    for (const oldest of remembered.keys()) {
      remembered.delete(oldest);
      return;
    }
  };

  return {
    pass(append) {
      const { runId, patch, events } = append;
      const known = remembered.get(runId);
      const before = isAt(known, append) ? known : loadState(connection, runId);
      if (!isAt(before, append)) return null;
      const columns = columnsOf(patch, before.claimableFrom);
      const isQuiet = !patch.release && sameColumns(before.columns, columns);
      const passed = isQuiet
        ? moveSequence(connection, before.rid, append)
        : rewrite(connection, before.rid, append, columns);
      if (!passed) {
        remembered.delete(runId);
        return null;
      }
      const dropsStart = before.hasStart && events.length > 0;
      if (dropsStart) connection.run('UPDATE runs SET start = NULL WHERE rid = ?', before.rid);
      const after: HeadState = {
        ...before,
        seq: append.expectedSeq + events.length,
        columns,
        hasStart: before.hasStart && !dropsStart,
      };
      return {
        rid: before.rid,
        confirm: () => remember(runId, patch.release ? null : after),
      };
    },
    created(rid, append) {
      const { runId, owner, epoch, events, patch, create } = append;
      if (patch.release || create === null) return;
      const { claimableFrom } = create;
      const columns = columnsOf(patch, claimableFrom);
      const hasStart = events.length === 0;
      remember(runId, { rid, owner, epoch, seq: events.length, hasStart, claimableFrom, columns });
    },
    park(rid) {
      const oldest = oldestUnsettled(connection, rid);
      if (oldest === null) return;
      connection.run(
        'UPDATE run_head SET wake_at = min(coalesce(wake_at, ?2), ?2) WHERE rid = ?1',
        rid,
        oldest,
      );
    },
  };
}

/** True when the state belongs to just what the append believes to hold. */
function isAt(state: HeadState | null | undefined, append: RunAppend): state is HeadState {
  return (
    state?.owner === append.owner &&
    state.epoch === append.epoch &&
    state.seq === append.expectedSeq
  );
}

interface StateRow extends HeadColumns {
  readonly owner: string | null;
  readonly epoch: number;
  readonly seq: number;
  readonly rid: number;
  readonly hasStart: number;
  readonly claimableFrom: number;
}

function loadState(connection: Connection, runId: RunId): HeadState | null {
  const row = connection.one<StateRow>(
    `SELECT h.rid, h.owner, h.epoch, h.seq, h.status, h.paused, h.ended_at AS endedAt, h.waiting, h.error, h.wake_at AS wakeAt,
       r.start IS NOT NULL AS hasStart, r.claimable_from AS claimableFrom
     FROM run_head h JOIN runs r ON r.rid = h.rid WHERE h.id = ?`,
    runId,
  );
  if (row === null) return null;
  const { rid, owner, epoch, seq, hasStart, claimableFrom, ...columns } = row;
  return { rid, owner, epoch, seq, hasStart: hasStart === 1, claimableFrom, columns };
}

function columnsOf(patch: RunPatch, claimableFrom: number): HeadColumns {
  const { status, wakeAt, waitingFor, error } = patch;
  return {
    status,
    paused: patch.paused ? 1 : 0,
    endedAt: patch.endedAt,
    waiting: waitingFor.length === 0 ? null : JSON.stringify(waitingFor),
    error: error === null ? null : JSON.stringify(error),
    // A run that has a log and is pending waits for its turn.
    wakeAt: ownWake({ status, wakeAt, claimableFrom, awaitsTurn: true }),
  };
}

const sameColumns = (a: HeadColumns, b: HeadColumns): boolean =>
  a.status === b.status &&
  a.paused === b.paused &&
  a.endedAt === b.endedAt &&
  a.wakeAt === b.wakeAt &&
  a.waiting === b.waiting &&
  a.error === b.error;

const MOVE_SEQUENCE = `UPDATE run_head SET seq = ?, updated_at = ?
  WHERE rid = ? AND owner = ? AND epoch = ? AND seq = ?`;

function moveSequence(connection: Connection, rid: number, append: RunAppend): boolean {
  const { changes } = connection.run(
    MOVE_SEQUENCE,
    append.expectedSeq + append.events.length,
    append.patch.updatedAt,
    rid,
    append.owner,
    append.epoch,
    append.expectedSeq,
  );
  return changes > 0;
}

const REWRITE = `UPDATE run_head SET seq = ?, updated_at = ?, owner = ?, status = ?, paused = ?,
    ended_at = ?, waiting = ?, error = ?, wake_at = ?
  WHERE rid = ? AND owner = ? AND epoch = ? AND seq = ?`;

function rewrite(
  connection: Connection,
  rid: number,
  append: RunAppend,
  columns: HeadColumns,
): boolean {
  const { changes } = connection.run(
    REWRITE,
    append.expectedSeq + append.events.length,
    append.patch.updatedAt,
    append.patch.release ? null : append.owner,
    columns.status,
    columns.paused,
    columns.endedAt,
    columns.waiting,
    columns.error,
    columns.wakeAt,
    rid,
    append.owner,
    append.epoch,
    append.expectedSeq,
  );
  return changes > 0;
}
