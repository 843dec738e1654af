/** The outbox and the messages kept for agents, in memory, by the same rules as SQLite. */
import type { RunId } from '../../model/ids.ts';
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
import type { KeptMessage, MemoryNotice } from './notices-state.ts';
import type { MemoryState } from './state.ts';

/** Pending decisions that are looked through for untold ones. */
const RECENT_DECISIONS = 100;

/** The notices part of the store over shared state. */
export function createNotices(state: MemoryState): NoticeStore {
  return {
    addNotices: (notices) =>
      notices.reduce((added, notice) => added + (insert(state, notice) ? 1 : 0), 0),
    claimNotices: (claim) => claimNotices(state, claim),
    settleNotice: (id, attempts, outcome) => settle(state, id, attempts, outcome),
    giveUpNotices(bornBefore, nowMs, limit) {
      const rows = rowsOf(state)
        .filter((row) => row.nextAt !== null && row.nextAt <= nowMs && row.createdAt < bornBefore)
        .sort((a, b) => a.createdAt - b.createdAt || a.id - b.id)
        .slice(0, limit)
        .map((row) => ({ ...row, nextAt: null, gaveUpAt: nowMs }));
      for (const row of rows) put(state, row);
      return rows.map(publicRow);
    },
    nextNoticeAt(channels) {
      const times = waitingIn(state, channels).map((row) => row.nextAt ?? 0);
      return times.length === 0 ? null : Math.min(...times);
    },
    noticeCounts: () => noticeCounts(state),
    pruneNotices(before) {
      const old = rowsOf(state).filter(
        (row) => row.nextAt === null && (row.deliveredAt ?? row.gaveUpAt ?? before) < before,
      );
      for (const row of old) drop(state, row);
      return old.length;
    },
    untoldMessages: (agent, nowMs, limit) =>
      untoldMessages(state, agent, nowMs)
        .slice(0, limit)
        .map(({ runId, seq }) => ({ runId, seq })),
    untoldDecisions: (agent, limit) => untoldDecisions(state, agent).slice(0, limit),
    markTold(message, agents, atMs) {
      if (!state.runs.has(message.runId)) return;
      const key = messageKey(message);
      const told = state.notices.told.get(key) ?? new Map<string, number>();
      for (const agent of agents) if (!told.has(agent)) told.set(agent, atMs);
      state.notices.told.set(key, told);
      state.writes += 1;
    },
    pruneTold: (nowMs, toldBefore) => pruneTold(state, nowMs, toldBefore),
  };
}

/** Adds what the events of an append give birth to; `idOf` is an event's id. */
export function putNotices(
  state: MemoryState,
  runId: RunId,
  notices: readonly EventNotice[],
  messages: readonly AgentMessage[],
  idOf: (seq: number) => number,
): void {
  for (const { seq, key, ...rest } of notices) {
    insert(state, { ...rest, key: key ?? String(idOf(seq)) });
  }
  for (const message of messages) {
    const kept = { ...message, runId };
    state.notices.messages.set(messageKey(kept), kept);
  }
}

const rowsOf = (state: MemoryState): readonly MemoryNotice[] =>
  state.notices.rows.filter((row) => row !== null);

const waitingIn = (state: MemoryState, channels: readonly string[]): readonly MemoryNotice[] =>
  rowsOf(state).filter((row) => row.nextAt !== null && channels.includes(row.channel));

const keyOf = ({ key, channel }: Pick<NewNotice, 'key' | 'channel'>): string =>
  JSON.stringify([key, channel]);

function insert(state: MemoryState, notice: NewNotice): boolean {
  const { rows, keys } = state.notices;
  if (keys.has(keyOf(notice))) return false;
  const id = rows.length + 1;
  keys.set(keyOf(notice), id);
  rows.push({
    ...notice,
    id,
    attempts: 0,
    nextAt: notice.createdAt,
    deliveredAt: null,
    gaveUpAt: null,
    failedAt: null,
    lastError: null,
  });
  state.writes += 1;
  return true;
}

function put(state: MemoryState, row: MemoryNotice): void {
  state.notices.rows[row.id - 1] = row;
  state.writes += 1;
}

function drop(state: MemoryState, row: MemoryNotice): void {
  state.notices.rows[row.id - 1] = null;
  state.notices.keys.delete(keyOf(row));
  state.writes += 1;
}

const publicRow = ({ failedAt: _, ...row }: MemoryNotice): NoticeRow => row;

function claimNotices(state: MemoryState, claim: NoticeClaim): readonly NoticeRow[] {
  const { channel, nowMs, leaseUntil, limit } = claim;
  const due = waitingIn(state, [channel])
    .filter((row) => row.nextAt !== null && row.nextAt <= nowMs)
    .sort((a, b) => (a.nextAt ?? 0) - (b.nextAt ?? 0) || a.id - b.id)
    .slice(0, Math.max(0, limit))
    .map((row) => ({ ...row, attempts: row.attempts + 1, nextAt: leaseUntil }));
  for (const row of due) put(state, row);
  return due.map(publicRow);
}

function settle(state: MemoryState, id: number, attempts: number, outcome: NoticeOutcome): boolean {
  const row = state.notices.rows[id - 1] ?? null;
  if (row === null || row.nextAt === null || row.attempts !== attempts) return false;
  const { kind, at } = outcome;
  if (kind === 'delivered') put(state, { ...row, nextAt: null, lastError: null, deliveredAt: at });
  else {
    const failed = { ...row, failedAt: at, lastError: outcome.error };
    if (kind === 'failed') put(state, { ...failed, nextAt: outcome.nextAt });
    else put(state, { ...failed, nextAt: null, gaveUpAt: at });
  }
  return true;
}

function noticeCounts(state: MemoryState): readonly ChannelCounts[] {
  const channels = [...new Set(rowsOf(state).map((row) => row.channel))].sort();
  return channels.map((channel) => {
    const rows = rowsOf(state).filter((row) => row.channel === channel);
    const waiting = rows.filter((row) => row.nextAt !== null);
    const failed = rows.filter((row) => row.lastError !== null && row.failedAt !== null);
    const last = failed.reduce<MemoryNotice | null>(
      (latest, row) => ((row.failedAt ?? 0) > (latest?.failedAt ?? -1) ? row : latest),
      null,
    );
    const least = (times: readonly number[]): number | null =>
      times.length === 0 ? null : Math.min(...times);
    return {
      channel,
      waiting: waiting.length,
      delivered: rows.filter((row) => row.deliveredAt !== null).length,
      gaveUp: rows.filter((row) => row.gaveUpAt !== null).length,
      oldestAt: least(waiting.map((row) => row.createdAt)),
      nextAt: least(waiting.map((row) => row.nextAt ?? 0)),
      lastError: last?.lastError ?? null,
    };
  });
}

const messageKey = ({ runId, seq }: MessageRef): string => `${runId}.${seq}`;

function untoldMessages(state: MemoryState, agent: string, nowMs: number): readonly KeptMessage[] {
  const { messages, told } = state.notices;
  const open = [...messages.values()].filter(
    (message) => message.expiresAt > nowMs && state.runs.has(message.runId),
  );
  const toldOf = (message: KeptMessage) => told.get(messageKey(message));
  const row = (message: KeptMessage): number => state.runs.get(message.runId)?.row ?? 0;
  return open
    .filter((message) =>
      message.agent === null
        ? (toldOf(message)?.size ?? 0) === 0
        : message.agent === agent && !toldOf(message)?.has(agent),
    )
    .sort((a, b) => a.at - b.at || row(a) - row(b) || a.seq - b.seq);
}

function untoldDecisions(state: MemoryState, agent: string): readonly MessageRef[] {
  const pending = [...state.decisions.values()]
    .map((decision, row) => ({ decision, row }))
    .filter(({ decision }) => decision.status === 'pending')
    .sort((a, b) => b.decision.createdAt - a.decision.createdAt || b.row - a.row);
  const recent = (target: string | null) =>
    pending.filter(({ decision }) => decision.targetAgent === target).slice(0, RECENT_DECISIONS);
  return [...recent(agent), ...recent(null)]
    .filter(({ decision }) => !state.notices.told.get(messageKey(decision))?.has(agent))
    .sort((a, b) => b.decision.createdAt - a.decision.createdAt || b.row - a.row)
    .map(({ decision }) => ({ runId: decision.runId, seq: decision.seq }));
}

function pruneTold(state: MemoryState, nowMs: number, toldBefore: number): number {
  const { messages, told } = state.notices;
  let dropped = 0;
  for (const [key, message] of messages) {
    if (message.expiresAt <= nowMs && messages.delete(key)) dropped += 1;
  }
  for (const [key, agents] of told) {
    const isOpen = messages.has(key) || state.decisions.get(key)?.status === 'pending';
    for (const [agent, at] of agents) {
      if (!isOpen && at < toldBefore && agents.delete(agent)) dropped += 1;
    }
    if (agents.size === 0) told.delete(key);
  }
  if (dropped > 0) state.writes += 1;
  return dropped;
}
