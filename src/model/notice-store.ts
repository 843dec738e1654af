/**
 * The part of the storage port that keeps what has to be told: the outbox of channels, and messages
 * for agents that are away.
 *
 * A row of the outbox is one fact for one channel. It is handed out with a lease: whoever claims it
 * delivers and settles it, and when nothing is heard of it by then it is handed out again. `attempts`
 * rises with each claim and fences the settling.
 */
import type { RunEvent } from './event.ts';
import type { NodeId, RunId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { NoticeKind } from './notice.ts';
import type { RunStatus } from './run-status.ts';

export interface NewNotice {
  /** With the channel it is unique: a second row of the same key and channel is not written. */
  readonly key: string;
  readonly kind: NoticeKind;
  readonly channel: string;
  readonly payload: JsonObject;
  readonly createdAt: number;
}

/** A notice that an event of the same append gives birth to. */
export interface EventNotice extends Omit<NewNotice, 'key'> {
  /** Sequence of the event; its id becomes the key when no key is given. */
  readonly seq: number;
  readonly key: string | null;
}

/** A message in the log of a run that is kept for an agent, or for whoever comes first (null). */
export interface AgentMessage {
  /** Sequence of the `notification` event. */
  readonly seq: number;
  readonly agent: string | null;
  readonly at: number;
  readonly expiresAt: number;
}

/** The run whose events are looked at, as it is after them. */
export interface NoticeRun {
  readonly runId: RunId;
  readonly status: RunStatus;
  readonly template: string | null;
  readonly name: string | null;
  readonly agentId: string | null;
  /** Another run waits for its end, and is told of it. */
  readonly isChild: boolean;
  readonly nodeId: NodeId;
  readonly epoch: number;
}

interface Outbox {
  readonly notices: readonly EventNotice[];
  readonly messages: readonly AgentMessage[];
}

/** Who has to be told of a run's new events; null when nobody. `run` is asked for only then. Pure. */
export type OutboxOf = (events: readonly RunEvent[], run: () => NoticeRun) => Outbox | null;

export interface NoticeRow extends NewNotice {
  readonly id: number;
  readonly attempts: number;
  /** When it is (or was last) due; null when it was delivered or given up. */
  readonly nextAt: number | null;
  readonly deliveredAt: number | null;
  readonly gaveUpAt: number | null;
  readonly lastError: string | null;
}

export interface NoticeClaim {
  readonly channel: string;
  readonly nowMs: number;
  readonly leaseUntil: number;
  readonly limit: number;
}

export type NoticeOutcome =
  | { readonly kind: 'delivered'; readonly at: number }
  | {
      readonly kind: 'failed';
      readonly error: string;
      readonly at: number;
      readonly nextAt: number;
    }
  | { readonly kind: 'gave_up'; readonly error: string; readonly at: number };

export interface ChannelCounts {
  readonly channel: string;
  readonly waiting: number;
  readonly delivered: number;
  readonly gaveUp: number;
  /** Of what waits: when the oldest was born, and when one is due next. */
  readonly oldestAt: number | null;
  readonly nextAt: number | null;
  /** Of the row that failed last. */
  readonly lastError: string | null;
}

/** An event that an agent is told of: a message, or the question of a decision. */
export interface MessageRef {
  readonly runId: RunId;
  readonly seq: number;
}

export interface NoticeStore {
  /** Adds rows that are due at once; answers how many were new. */
  addNotices(notices: readonly NewNotice[]): number;
  /** Hands out rows of a channel that are due, longest due first. */
  claimNotices(claim: NoticeClaim): readonly NoticeRow[];
  /** False when the row was handed out again since (or is settled): nothing changes then. */
  settleNotice(id: number, attempts: number, outcome: NoticeOutcome): boolean;
  /** Gives up what was born before this time and still waits; answers those rows, at most `limit`. */
  giveUpNotices(bornBefore: number, nowMs: number, limit: number): readonly NoticeRow[];
  /** When a row of one of these channels is due next, or null. */
  nextNoticeAt(channels: readonly string[]): number | null;
  noticeCounts(): readonly ChannelCounts[];
  /** Drops rows that were delivered or given up before this time; answers how many. */
  pruneNotices(before: number): number;

  /** Messages kept for this agent, or for anybody, that are in time and not told yet. Oldest first. */
  untoldMessages(agent: string, nowMs: number, limit: number): readonly MessageRef[];
  /**
   * Of the pending decisions asked last of this agent, and of those asked of nobody in particular,
   * the ones it was not told of. Newest first.
   */
  untoldDecisions(agent: string, limit: number): readonly MessageRef[];
  /** Notes that these agents were told. */
  markTold(message: MessageRef, agents: readonly string[], atMs: number): void;
  /** Forgets messages whose time is over, and who was told what before this time; answers how many. */
  pruneTold(nowMs: number, toldBefore: number): number;
}
