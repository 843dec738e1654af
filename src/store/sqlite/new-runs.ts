/**
 * Adding runs: unowned ones that somebody will claim, and those that are born owned with their first
 * events. An idempotency key belongs to the first run that used it, as long as that run is kept.
 */
import type { NodeId, RunId } from '../../model/ids.ts';
import type { StartKey } from '../../model/keys.ts';
import type { WokenRun } from '../../model/place.ts';
import type { AppendOutcome, NewRun, RunAppend } from '../../model/store.ts';
import { askerOf } from '../place-changes.ts';
import { enter, judge } from '../places.ts';
import { duplicateOf, LOST, ownWake } from '../rules.ts';
import type { Connection } from './connection.ts';
import { placeTable } from './places.ts';

/** What the row says from its first moment; `pendingHead` or what an append makes of it. */
interface FirstHead {
  readonly owner: NodeId | null;
  readonly epoch: number;
  readonly seq: number;
  readonly status: string;
  readonly wakeAt: number | null;
  readonly paused: boolean;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly waiting: string | null;
  readonly error: string | null;
}

/** The run's number, or the outcome that refuses it; nothing was written then. Inside a transaction. */
export type Inserted =
  | { readonly rid: number; readonly woken: readonly WokenRun[] }
  | { readonly refused: AppendOutcome };

/** Adds a run nobody owns. */
export function insertPending(connection: Connection, run: NewRun): Inserted {
  const table = placeTable(connection);
  const verdict = run.place === null ? null : judge(table, run.place, askerOf(run));
  if (verdict?.kind === 'full' || verdict?.kind === 'circle') {
    const taken = run.idempotency === null ? null : duplicate(connection, run.idempotency);
    if (taken !== null) return { refused: taken };
    const isThere = connection.one('SELECT 1 FROM run_head WHERE id = ?', run.runId) !== null;
    return { refused: isThere ? LOST : { ok: false, reason: 'no_place', refusal: verdict } };
  }
  const inserted = insert(connection, run, {
    owner: null,
    epoch: 0,
    seq: 0,
    status: 'pending',
    wakeAt: verdict?.kind === 'waits' ? null : run.claimableFrom,
    paused: false,
    updatedAt: run.createdAt,
    endedAt: null,
    waiting: null,
    error: null,
  });
  if (verdict === null || run.place === null || 'refused' in inserted) return inserted;
  return { ...inserted, woken: enter(table, run.runId, run.place, verdict, run.createdAt) };
}

/** Adds the run of an append that creates it, with the row as it is after that append. */
export function insertOwned(connection: Connection, run: NewRun, append: RunAppend): Inserted {
  const { patch } = append;
  const { status, wakeAt } = patch;
  return insert(connection, run, {
    owner: patch.release ? null : append.owner,
    epoch: append.epoch,
    seq: append.events.length,
    status,
    wakeAt: ownWake({ status, wakeAt, claimableFrom: run.claimableFrom, awaitsTurn: true }),
    paused: patch.paused,
    updatedAt: patch.updatedAt,
    endedAt: patch.endedAt,
    waiting: patch.waitingFor.length === 0 ? null : JSON.stringify(patch.waitingFor),
    error: patch.error === null ? null : JSON.stringify(patch.error),
  });
}

function insert(connection: Connection, run: NewRun, head: FirstHead): Inserted {
  const taken = run.idempotency === null ? null : duplicate(connection, run.idempotency);
  if (taken !== null) return { refused: taken };
  const rid = insertHead(connection, run, head);
  if (rid === null) return { refused: LOST };
  const { start } = run;
  connection.run(
    `INSERT INTO runs (rid, definition_hash, rules, version, parent_path, "trigger", claimable_from,
       start, place_group)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    rid,
    run.definitionHash,
    start.rules,
    start.version,
    start.parent?.path ?? null,
    start.trigger === null ? null : JSON.stringify(start.trigger),
    run.claimableFrom,
    head.seq === 0 ? JSON.stringify(start) : null,
    run.place?.group ?? null,
  );
  if (run.idempotency !== null) {
    const { scope, key, fingerprint, earlier } = run.idempotency;
    connection.run(
      'INSERT INTO run_keys (scope, "key", rid, fingerprint, scheme) VALUES (?, ?, ?, ?, ?)',
      scope,
      key,
      rid,
      fingerprint,
      earlier === undefined ? 1 : 2,
    );
  }
  return { rid, woken: [] };
}

function duplicate(connection: Connection, asked: StartKey): AppendOutcome | null {
  const { scope, key, fingerprint, earlier } = asked;
  const scheme = earlier === undefined ? 1 : 2;
  const found = keyHolder(connection, scope, key, scheme, fingerprint);
  if (found !== null || earlier === undefined) return found;
  return keyHolder(connection, earlier.scope, key, 1, earlier.fingerprint);
}

function keyHolder(
  connection: Connection,
  scope: string,
  key: string,
  scheme: 1 | 2,
  fingerprint: string,
): AppendOutcome | null {
  const first = connection.one<{ id: string; fingerprint: string }>(
    `SELECT h.id, k.fingerprint FROM run_keys k JOIN run_head h ON h.rid = k.rid
     WHERE k.scope = ? AND k."key" = ? AND k.scheme = ?`,
    scope,
    key,
    scheme,
  );
  return first && duplicateOf(first.id as RunId, first.fingerprint === fingerprint);
}

function insertHead(connection: Connection, run: NewRun, head: FirstHead): number | null {
  const { start } = run;
  const { changes, lastInsertRowid } = connection.run(
    `INSERT INTO run_head (id, owner, epoch, seq, status, wake_at, paused, updated_at, ended_at,
       waiting, error, created_at, name, template, agent_id, parent_id, concurrency_key)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    run.runId,
    head.owner,
    head.epoch,
    head.seq,
    head.status,
    head.wakeAt,
    head.paused ? 1 : 0,
    head.updatedAt,
    head.endedAt,
    head.waiting,
    head.error,
    run.createdAt,
    start.name,
    start.template,
    start.agentId,
    start.parent?.runId ?? null,
    run.place?.key ?? null,
  );
  return changes > 0 ? Number(lastInsertRowid) : null;
}
