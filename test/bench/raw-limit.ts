/**
 * The raw limit of a durable figure: the rows that the engine wrote, written again by bare
 * `bun:sqlite` into the same schema, in the same number of transactions.
 *
 * A recording store notes every append; the rows are made ready outside the measured time. What
 * remains is what no engine on this file can avoid: BEGIN, the rows and their indexes, COMMIT.
 */
import { Database, type SQLQueryBindings, type Statement } from 'bun:sqlite';
import type { RunId } from '../../src/model/ids.ts';
import type { AppendOutcome, RunAppend, Store } from '../../src/model/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { encodePayload } from '../../src/store/sqlite/payloads.ts';

export type Sync = 'full' | 'normal';
type Row = SQLQueryBindings[];

/** A store that notes what is appended through it. */
export interface RecordedStore {
  readonly store: Store;
  /** Groups appended since the last call, oldest first. */
  take(): (readonly RunAppend[])[];
}

/** The store of this file, made when it is not there. */
export const openStore = (path: string, synchronous: Sync): Store =>
  openSqliteStore({ path, synchronous });

export function recordAppends(store: Store): RecordedStore {
  let groups: (readonly RunAppend[])[] = [];
  return {
    store: {
      ...store,
      append(group): Promise<readonly AppendOutcome[]> {
        groups.push(group);
        return store.append(group);
      },
    },
    take() {
      const taken = groups;
      groups = [];
      return taken;
    },
  };
}

/** One run in one transaction: a row that begins or moves it, and its events. */
interface RawRun {
  readonly insertHead: Row | null;
  readonly insertRun: Row | null;
  readonly updateHead: Row | null;
  readonly events: readonly Row[];
}

type RawTransaction = readonly RawRun[];

export interface RawDatabase {
  /** Rows of these groups, ready to be written. */
  prepare(groups: readonly (readonly RunAppend[])[]): RawTransaction[];
  /** Writes one transaction. */
  write(transaction: RawTransaction): void;
  close(): void;
}

const HEAD_COLUMNS = [
  ...['id', 'owner', 'epoch', 'seq', 'status', 'wake_at', 'paused', 'updated_at', 'ended_at'],
  ...['waiting', 'error', 'created_at', 'name', 'template', 'agent_id', 'parent_id'],
  'concurrency_key',
];
const EVERYDAY = new Set(['step_started', 'step_completed']);

const places = (count: number): string => Array.from({ length: count }, () => '?').join(', ');

/** A fresh database beside the engine's, with the same schema and the same settings. */
export function openRaw(path: string, synchronous: Sync): RawDatabase {
  openStore(path, synchronous).close();
  const database = new Database(path);
  database.run('PRAGMA journal_mode = WAL');
  database.run(`PRAGMA synchronous = ${synchronous}`);
  database.run('PRAGMA temp_store = MEMORY');
  database.run('PRAGMA cache_size = -16384');
  database.run('PRAGMA foreign_keys = OFF');
  const statements = {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    insertHead: database.prepare(
      `INSERT INTO run_head (rid, ${HEAD_COLUMNS.join(', ')}) VALUES (${places(HEAD_COLUMNS.length + 1)})`,
    ),
    insertRun: database.prepare(
      `INSERT INTO runs (rid, definition_hash, version, parent_path, "trigger", claimable_from, start)
       VALUES (${places(7)})`,
    ),
    updateHead: database.prepare(
      `UPDATE run_head SET seq = ?, updated_at = ?, owner = ?, status = ?, ended_at = ?, wake_at = ?
       WHERE rid = ?`,
    ),
    moveHead: database.prepare('UPDATE run_head SET seq = ?, updated_at = ? WHERE rid = ?'),
    insertEvent: database.prepare(
      `INSERT INTO events (rid, seq, at, type, path, payload, refs, notable) VALUES (${places(8)})`,
    ),
  };
  const rids = new Map<RunId, number>();
  const statuses = new Map<RunId, string>();
  return {
    prepare: (groups) =>
      groups.map((group) => group.map((append) => rawRun(append, rids, statuses))),
    write: (transaction) => writeRaw(statements, transaction),
    close() {
      for (const statement of Object.values(statements)) statement.finalize();
      database.close();
    },
  };
}

type Statements = Readonly<
  Record<
    'begin' | 'commit' | 'insertHead' | 'insertRun' | 'updateHead' | 'moveHead' | 'insertEvent',
    Statement
  >
>;

function writeRaw(statements: Statements, transaction: RawTransaction): void {
  statements.begin.run();
  for (const run of transaction) {
    if (run.insertHead !== null) statements.insertHead.run(...run.insertHead);
    if (run.insertRun !== null) statements.insertRun.run(...run.insertRun);
    if (run.updateHead !== null) {
      const statement = run.updateHead.length === 3 ? statements.moveHead : statements.updateHead;
      statement.run(...run.updateHead);
    }
    for (const event of run.events) statements.insertEvent.run(...event);
  }
  statements.commit.run();
}

/** A run that was there before the raw database was opened gets its row on first sight. */
function rawRun(append: RunAppend, rids: Map<RunId, number>, statuses: Map<RunId, string>): RawRun {
  const { runId, create } = append;
  const known = rids.get(runId);
  const rid = known ?? rids.size + 1;
  rids.set(runId, rid);
  const events = append.events.map((event): Row => {
    const { payload, refs } = encodePayload(event.payload, new Map());
    const notable = EVERYDAY.has(event.type) ? null : event.type;
    return [rid, event.seq, event.at, event.type, event.path, payload, refs, notable];
  });
  const before = statuses.get(runId);
  statuses.set(runId, append.patch.status);
  const isNew = create !== null || known === undefined;
  return {
    insertHead: isNew ? headRow(rid, append) : null,
    insertRun: isNew ? [rid, create?.definitionHash ?? '', null, null, null, 0, null] : null,
    updateHead: isNew ? null : headChange(rid, append, before),
    events,
  };
}

function headRow(rid: number, append: RunAppend): Row {
  const { runId, owner, epoch, expectedSeq, events, patch, create } = append;
  const start = create?.start;
  return [
    ...[rid, runId, patch.release ? null : owner, epoch, expectedSeq + events.length],
    ...[patch.status, patch.wakeAt, 0, patch.updatedAt, patch.endedAt, null, null],
    ...[create?.createdAt ?? patch.updatedAt, start?.name ?? null, start?.template ?? null],
    ...[start?.agentId ?? null, null, null],
  ];
}

function headChange(rid: number, append: RunAppend, before: string | undefined): Row {
  const { owner, expectedSeq, events, patch } = append;
  const seq = expectedSeq + events.length;
  if (before === patch.status && !patch.release) return [seq, patch.updatedAt, rid];
  const nextOwner = patch.release ? null : owner;
  return [seq, patch.updatedAt, nextOwner, patch.status, patch.endedAt, patch.wakeAt, rid];
}
