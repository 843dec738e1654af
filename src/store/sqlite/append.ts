/**
 * The fenced append: one transaction for a group of runs, each run fence first.
 *
 * Whatever may refuse a run (fence, idempotency key) comes before its first write, so a refused run
 * has written nothing and needs no savepoint to undo it; the others go on. Any error undoes the whole
 * group. Payloads are serialised before the transaction, to hold the write lock as briefly as can be.
 */
import type { RunEvent } from '../../model/event.ts';
import type { WokenRun } from '../../model/place.ts';
import type { AppendOutcome, RunAppend } from '../../model/store.ts';
import { changePlace, placesFit } from '../place-changes.ts';
import { assertAppend, LOST } from '../rules.ts';
import { putBlobs } from './blobs.ts';
import type { Connection } from './connection.ts';
import { putDecisions } from './decisions.ts';
import type { Fenced, Heads } from './heads.ts';
import { deliver, settle } from './inbox.ts';
import { insertOwned, insertPending } from './new-runs.ts';
import { putNotices } from './notices.ts';
import { type BlobMemo, type EncodedPayload, encodePayload } from './payloads.ts';
import { placeTable } from './places.ts';

/** Types that every run writes, for every step: going back in time finds them without an index. */
const EVERYDAY: ReadonlySet<string> = new Set(['step_started', 'step_completed']);

export const isEveryday = (type: string): boolean => EVERYDAY.has(type);

/**
 * Writes the group; outcomes in the order given.
 * @throws STORE_ERROR nothing was written; INTERNAL when the caller broke the port's rules
 */
export async function appendGroup(
  connection: Connection,
  heads: Heads,
  group: readonly RunAppend[],
): Promise<readonly AppendOutcome[]> {
  const payloads = group.map((append) => {
    assertAppend(append);
    const memo: BlobMemo = new Map();
    return append.events.map((event) => encodePayload(event.payload, memo));
  });
  const written = await connection.writeLater(() =>
    group.map((append, index) => appendRun(connection, heads, append, payloads[index] ?? [])),
  );
  for (const { confirm } of written) confirm?.();
  return written.map(({ outcome }) => outcome);
}

interface Written {
  readonly outcome: AppendOutcome;
  readonly confirm?: Fenced['confirm'];
}

function appendRun(
  connection: Connection,
  heads: Heads,
  append: RunAppend,
  payloads: readonly EncodedPayload[],
): Written {
  const admitted = admit(connection, heads, append);
  if ('refused' in admitted) return { outcome: admitted.refused };
  const { rid } = admitted;
  const lastEventId = insertEvents(connection, rid, append, payloads);
  const woken: WokenRun[] = [];
  for (const child of append.children) {
    const inserted = insertPending(connection, child);
    if ('woken' in inserted) woken.push(...inserted.woken);
  }
  if (append.secrets !== undefined) putUsedSecrets(connection, append.secrets);
  putDecisions(connection, append.decisions);
  settle(connection, rid, append.settled);
  tell(connection, rid, append, lastEventId);
  // Nobody knew the run before: it has no mail.
  if (append.patch.release && append.create === null) heads.park(rid);
  for (const message of append.sends) deliver(connection, message);
  if (append.place !== undefined) woken.push(...changePlace(placeTable(connection), append));
  const outcome: AppendOutcome =
    woken.length === 0 ? { ok: true, lastEventId } : { ok: true, lastEventId, woken };
  return admitted.confirm === undefined ? { outcome } : { outcome, confirm: admitted.confirm };
}

type Admitted =
  | { readonly rid: number; readonly confirm?: Fenced['confirm'] }
  | { readonly refused: AppendOutcome };

function admit(connection: Connection, heads: Heads, append: RunAppend): Admitted {
  const asks = append.place !== undefined || append.children.length > 0;
  if (asks && !placesFit(placeTable(connection), append)) {
    return { refused: { ok: false, reason: 'places_changed' } };
  }
  if (append.create !== null) {
    const inserted = insertOwned(connection, append.create, append);
    if ('refused' in inserted) return inserted;
    const { rid } = inserted;
    return { rid, confirm: () => heads.created(rid, append) };
  }
  return heads.pass(append) ?? { refused: LOST };
}

function insertEvents(
  connection: Connection,
  rid: number,
  append: RunAppend,
  payloads: readonly EncodedPayload[],
): number {
  const { events } = append;
  if (events.length === 0) return lastEventId(connection);
  let lastId = 0;
  for (let from = 0; from < events.length; ) {
    const left = events.length - from;
    const { rows, sql } = INSERTS.find((insert) => insert.rows <= left) ?? ONE_ROW;
    const bindings: (string | number | null)[] = [];
    for (let at = from; at < from + rows; at++) bindEvent(bindings, rid, events[at], payloads[at]);
    lastId = Number(connection.run(sql, ...bindings).lastInsertRowid);
    from += rows;
  }
  for (const { blobs } of payloads) if (blobs.length > 0) putBlobs(connection, rid, blobs);
  return lastId;
}

const insertOf = (rows: number) => ({
  rows,
  sql: `INSERT INTO events (rid, seq, at, type, path, payload, refs, notable)
        VALUES ${Array.from({ length: rows }, () => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
});

const ONE_ROW = insertOf(1);
/** Many rows in one statement cost half as much as a statement for each. */
const INSERTS = [insertOf(16), insertOf(4), insertOf(2), ONE_ROW];

function bindEvent(
  bindings: (string | number | null)[],
  rid: number,
  event: RunEvent | undefined,
  encoded: EncodedPayload | undefined,
): void {
  if (event === undefined || encoded === undefined) return;
  const notable = isEveryday(event.type) ? null : event.type;
  bindings.push(rid, event.seq, event.at, event.type, event.path);
  bindings.push(encoded.payload, encoded.refs, notable);
}

function putUsedSecrets(
  connection: Connection,
  { root, used }: NonNullable<RunAppend['secrets']>,
): void {
  for (const { name, mark } of used) {
    connection.run(
      'INSERT OR IGNORE INTO run_secrets (root, name, mark) VALUES (?, ?, ?)',
      root,
      name,
      mark,
    );
  }
}

function tell(connection: Connection, rid: number, append: RunAppend, lastId: number): void {
  const { notices = [], messages = [] } = append;
  if (notices.length === 0 && messages.length === 0) return;
  const lastSeq = append.expectedSeq + append.events.length;
  putNotices(connection, rid, notices, messages, (seq) => lastId - lastSeq + seq);
}

/** The id of the last event ever written, also when it has been deleted since; 0 before the first. */
export function lastEventId(connection: Connection): number {
  const row = connection.one<{ seq: number }>(
    "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
  );
  return row?.seq ?? 0;
}
