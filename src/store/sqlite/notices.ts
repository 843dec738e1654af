/**
 * The outbox of channels and the messages kept for agents.
 *
 * Handing out moves `next_at` to the end of the lease, so a row whose worker died is due again by
 * itself. Decisions are looked for among the ones asked last: an agent that comes back is not told
 * ten thousand things.
 */
import type { RunId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type {
  AgentMessage,
  ChannelCounts,
  EventNotice,
  MessageRef,
  NewNotice,
  NoticeClaim,
  NoticeOutcome,
  NoticeRow,
  NoticeStore,
} from '../../model/notice-store.ts';
import type { Connection } from './connection.ts';

/** Pending decisions that are looked through for untold ones. */
const RECENT_DECISIONS = 100;

/** The notices part of the store. */
export function createNotices(connection: Connection): NoticeStore {
  return {
    addNotices(notices) {
      if (notices.length === 0) return 0;
      return connection.write(() =>
        notices.reduce((added, notice) => added + insert(connection, notice), 0),
      );
    },
    claimNotices: (claim) => claimNotices(connection, claim),
    settleNotice: (id, attempts, outcome) =>
      // Lost with the power it is delivered again, which may happen anyway.
      connection.write(() => settle(connection, id, attempts, outcome), 'relaxed'),
    giveUpNotices: (bornBefore, nowMs, limit) => giveUp(connection, bornBefore, nowMs, limit),
    nextNoticeAt(channels) {
      const row = connection.one<{ next: number | null }>(
        `SELECT min(next_at) AS next FROM notices WHERE next_at IS NOT NULL
         AND channel IN (SELECT value FROM json_each(?))`,
        JSON.stringify(channels),
      );
      return row?.next ?? null;
    },
    noticeCounts: () => noticeCounts(connection),
    pruneNotices: (before) =>
      connection.write(
        () =>
          connection.run(
            'DELETE FROM notices WHERE next_at IS NULL AND coalesce(delivered_at, gave_up_at) < ?',
            before,
          ).changes,
        'relaxed',
      ),
    untoldMessages: (agent, nowMs, limit) => untoldMessages(connection, agent, nowMs, limit),
    untoldDecisions: (agent, limit) => untoldDecisions(connection, agent, limit),
    markTold(message, agents, atMs) {
      connection.write(() => {
        for (const agent of agents) markTold(connection, message, agent, atMs);
      }, 'relaxed');
    },
    pruneTold: (nowMs, toldBefore) =>
      connection.write(() => pruneTold(connection, nowMs, toldBefore), 'relaxed'),
  };
}

/** Adds a notice; a repeat adds nothing and takes no id, which `ON CONFLICT DO NOTHING` would. */
function insert(connection: Connection, notice: NewNotice): number {
  const { key, channel, kind, payload, createdAt } = notice;
  return connection.run(
    `INSERT INTO notices ("key", channel, kind, payload, created_at, next_at)
     SELECT ?1, ?2, ?3, ?4, ?5, ?5
     WHERE NOT EXISTS (SELECT 1 FROM notices WHERE "key" = ?1 AND channel = ?2)`,
    key,
    channel,
    kind,
    JSON.stringify(payload),
    createdAt,
  ).changes;
}

/** Adds what the events of an append give birth to; `idOf` is an event's id. Inside its transaction. */
export function putNotices(
  connection: Connection,
  rid: number,
  notices: readonly EventNotice[],
  messages: readonly AgentMessage[],
  idOf: (seq: number) => number,
): void {
  for (const { seq, key, ...rest } of notices) {
    insert(connection, { ...rest, key: key ?? String(idOf(seq)) });
  }
  for (const { seq, agent, at, expiresAt } of messages) {
    connection.run(
      'INSERT INTO agent_messages (rid, seq, agent, at, expires_at) VALUES (?, ?, ?, ?, ?)',
      rid,
      seq,
      agent,
      at,
      expiresAt,
    );
  }
}

const COLUMNS = `id, "key", channel, kind, payload, created_at AS createdAt, attempts,
  next_at AS nextAt, delivered_at AS deliveredAt, gave_up_at AS gaveUpAt, last_error AS lastError`;

type NoticeColumns = Omit<NoticeRow, 'payload'> & { readonly payload: string };

const toNotice = (row: NoticeColumns): NoticeRow => ({
  ...row,
  payload: JSON.parse(row.payload) as JsonObject,
});

function claimNotices(connection: Connection, claim: NoticeClaim): readonly NoticeRow[] {
  const { channel, nowMs, leaseUntil, limit } = claim;
  // Looking costs no lock; most looks find nothing.
  const due = connection.one(
    'SELECT 1 FROM notices WHERE channel = ? AND next_at IS NOT NULL AND next_at <= ? LIMIT 1',
    channel,
    nowMs,
  );
  if (due === null || limit <= 0) return [];
  return connection.write(() => {
    const rows = connection.all<NoticeColumns>(
      `SELECT ${COLUMNS} FROM notices WHERE channel = ? AND next_at IS NOT NULL AND next_at <= ?
       ORDER BY next_at, id LIMIT ?`,
      channel,
      nowMs,
      limit,
    );
    for (const { id } of rows) {
      connection.run(
        'UPDATE notices SET attempts = attempts + 1, next_at = ? WHERE id = ?',
        leaseUntil,
        id,
      );
    }
    return rows.map((row) => toNotice({ ...row, attempts: row.attempts + 1, nextAt: leaseUntil }));
  }, 'relaxed');
}

function settle(
  connection: Connection,
  id: number,
  attempts: number,
  outcome: NoticeOutcome,
): boolean {
  const set = (columns: string, ...values: (string | number)[]): boolean =>
    connection.run(
      `UPDATE notices SET ${columns} WHERE id = ? AND attempts = ? AND next_at IS NOT NULL`,
      ...values,
      id,
      attempts,
    ).changes > 0;
  if (outcome.kind === 'delivered') {
    return set('next_at = NULL, last_error = NULL, delivered_at = ?', outcome.at);
  }
  if (outcome.kind === 'gave_up') {
    const { at, error } = outcome;
    return set('next_at = NULL, gave_up_at = ?, failed_at = ?, last_error = ?', at, at, error);
  }
  const { nextAt, at, error } = outcome;
  return set('next_at = ?, failed_at = ?, last_error = ?', nextAt, at, error);
}

function giveUp(
  connection: Connection,
  bornBefore: number,
  nowMs: number,
  limit: number,
): readonly NoticeRow[] {
  const find = (): readonly NoticeColumns[] =>
    connection.all<NoticeColumns>(
      `SELECT ${COLUMNS} FROM notices WHERE next_at IS NOT NULL AND next_at <= ? AND created_at < ?
       ORDER BY created_at, id LIMIT ?`,
      nowMs,
      bornBefore,
      limit,
    );
  if (find().length === 0) return [];
  return connection.write(() => {
    const rows = find();
    for (const { id } of rows) {
      connection.run('UPDATE notices SET next_at = NULL, gave_up_at = ? WHERE id = ?', nowMs, id);
    }
    return rows.map((row) => toNotice({ ...row, nextAt: null, gaveUpAt: nowMs }));
  });
}

function noticeCounts(connection: Connection): readonly ChannelCounts[] {
  const counts = connection.all<Omit<ChannelCounts, 'lastError'>>(
    `SELECT channel, count(next_at) AS waiting, count(delivered_at) AS delivered,
       count(gave_up_at) AS gaveUp, min(next_at) AS nextAt,
       min(CASE WHEN next_at IS NOT NULL THEN created_at END) AS oldestAt
     FROM notices GROUP BY channel ORDER BY channel`,
  );
  // Beside max() SQLite takes the other columns from the row that has it.
  const errors = connection.all<{ channel: string; lastError: string }>(
    `SELECT channel, last_error AS lastError, max(failed_at) FROM notices
     WHERE last_error IS NOT NULL GROUP BY channel`,
  );
  const errorOf = new Map(errors.map(({ channel, lastError }) => [channel, lastError]));
  return counts.map((row) => ({ ...row, lastError: errorOf.get(row.channel) ?? null }));
}

function untoldMessages(
  connection: Connection,
  agent: string,
  nowMs: number,
  limit: number,
): readonly MessageRef[] {
  return connection
    .all<{ runId: RunId; seq: number }>(
      `SELECT h.id AS runId, m.seq AS seq, m.at AS at, m.rid AS place
     FROM agent_messages m JOIN run_head h ON h.rid = m.rid
     WHERE m.agent = ?1 AND m.expires_at > ?2
       AND NOT EXISTS (SELECT 1 FROM told t WHERE t.rid = m.rid AND t.seq = m.seq AND t.agent = ?1)
     UNION ALL
     SELECT h.id, m.seq, m.at, m.rid FROM agent_messages m JOIN run_head h ON h.rid = m.rid
     WHERE m.agent IS NULL AND m.expires_at > ?2
       AND NOT EXISTS (SELECT 1 FROM told t WHERE t.rid = m.rid AND t.seq = m.seq)
     ORDER BY at, place, seq LIMIT ?3`,
      agent,
      nowMs,
      limit,
    )
    .map(({ runId, seq }) => ({ runId, seq }));
}

function untoldDecisions(
  connection: Connection,
  agent: string,
  limit: number,
): readonly MessageRef[] {
  const recent = (target: string): string =>
    `SELECT * FROM (SELECT rowid AS place, run_id, seq, created_at
       FROM decisions INDEXED BY decisions_target
       WHERE status = 'pending' AND target_agent ${target}
       ORDER BY created_at DESC, rowid DESC LIMIT ${RECENT_DECISIONS})`;
  return connection.all<MessageRef>(
    `SELECT d.run_id AS runId, d.seq FROM (${recent('= ?1')} UNION ALL ${recent('IS NULL')}) d
     WHERE NOT EXISTS (SELECT 1 FROM told t
       WHERE t.rid = (SELECT rid FROM run_head h WHERE h.id = d.run_id)
       AND t.seq = d.seq AND t.agent = ?1)
     ORDER BY d.created_at DESC, d.place DESC LIMIT ?2`,
    agent,
    limit,
  );
}

function markTold(
  connection: Connection,
  { runId, seq }: MessageRef,
  agent: string,
  atMs: number,
): void {
  connection.run(
    `INSERT INTO told (rid, seq, agent, at) SELECT rid, ?, ?, ? FROM run_head WHERE id = ?
     ON CONFLICT DO NOTHING`,
    seq,
    agent,
    atMs,
    runId,
  );
}

function pruneTold(connection: Connection, nowMs: number, toldBefore: number): number {
  const messages = connection.run('DELETE FROM agent_messages WHERE expires_at <= ?', nowMs);
  const told = connection.run(
    `DELETE FROM told WHERE at < ? AND NOT EXISTS (
       SELECT 1 FROM agent_messages m WHERE m.rid = told.rid AND m.seq = told.seq)
     AND NOT EXISTS (
       SELECT 1 FROM run_head h JOIN decisions d ON d.id = h.id || '.' || told.seq
       WHERE h.rid = told.rid AND d.status = 'pending')`,
    toldBefore,
  );
  return messages.changes + told.changes;
}
