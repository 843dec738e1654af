/** What the memory store keeps of notices: the outbox, messages for agents, and who was told. */

import type { RunId } from '../../model/ids.ts';
import type { AgentMessage, NoticeRow } from '../../model/notice-store.ts';

export interface MemoryNotice extends NoticeRow {
  readonly failedAt: number | null;
}

export interface KeptMessage extends AgentMessage {
  readonly runId: RunId;
}

export interface NoticesState {
  /** The row with id `n` is at `n - 1`; null when it was dropped. */
  readonly rows: (MemoryNotice | null)[];
  /** Ids by key and channel. */
  readonly keys: Map<string, number>;
  readonly messages: Map<string, KeptMessage>;
  /** When each agent was told, by event. */
  readonly told: Map<string, Map<string, number>>;
}

export const createNoticesState = (): NoticesState => ({
  rows: [],
  keys: new Map(),
  messages: new Map(),
  told: new Map(),
});
