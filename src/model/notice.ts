/**
 * What somebody outside is told: kinds of facts, and the rules and channels of the settings as data.
 *
 * A fact is born from an event of a run and written in that event's transaction, or it is told by
 * another part under a key of its own, so that one fact is told once.
 */
import type { Json, JsonObject } from './json.ts';

export const NOTICE_KINDS = [
  'decision',
  'outcome_unknown',
  'run_failed',
  'notify',
  'schedule_missed',
  'schedule_paused',
  'disk_low',
  'vault_locked',
  'restarted',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What a rule may ask of a fact; texts in which `*` stands for anything. Empty lists ask nothing. */
export interface NoticeWhere {
  readonly template: readonly string[];
  readonly agent: readonly string[];
  readonly name: readonly string[];
  readonly status: readonly string[];
}

export interface NoticeRule {
  readonly on: readonly NoticeKind[];
  readonly where: NoticeWhere;
  /** Name of a channel. */
  readonly channel: string;
}

export interface WebhookChannel {
  readonly type: 'webhook';
  /** May hold `${{ secrets.NAME }}`. */
  readonly url: string;
  /** Name of the secret that signs each message, or null. */
  readonly secret: string | null;
  /** JSON or text with `${{ }}` over the message; null: the whole message. */
  readonly body: Json;
  /** Values may hold `${{ secrets.NAME }}`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface CommandChannel {
  readonly type: 'command';
  readonly command: readonly string[];
  readonly timeoutMs: number;
}

export type NoticeChannel = WebhookChannel | CommandChannel;
export type NoticeChannels = Readonly<Record<string, NoticeChannel>>;

/** What rules look at. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  readonly template: string | null;
  readonly agent: string | null;
  readonly name: string | null;
  readonly status: string | null;
}

/** A fact that no event of a run carries. */
export interface ToldFact {
  readonly kind: 'schedule_missed' | 'schedule_paused' | 'disk_low' | 'vault_locked' | 'restarted';
  /** What makes it this fact: told again with the same key, nothing happens. */
  readonly key: string;
  /** One sentence for a person. */
  readonly message: string;
  readonly template?: string | null;
  readonly agent?: string | null;
  /** Name of the schedule, or whatever the fact is about. */
  readonly name?: string | null;
  readonly status?: string | null;
  /** More for machines; no secrets. */
  readonly data?: JsonObject;
}

/** Tells a fact to whom the rules name. Never throws: what cannot be written is logged. */
export type Tell = (fact: ToldFact) => void;

/** An event that an agent has to be told of, as the live stream shows it. */
export interface ToldEvent {
  readonly workflow_id: string;
  readonly sequence: number;
  readonly step_id?: string | undefined;
  readonly event_type: string;
  readonly payload?: Json | undefined;
  readonly timestamp: string;
}

/** What is kept for agents that are away. */
export interface KeptMessages {
  /** Messages and open questions that this agent was not told of. Never throws. */
  untold(agent: string): readonly ToldEvent[];
  /** Notes that these agents were told. Never throws. */
  markTold(event: Pick<ToldEvent, 'workflow_id' | 'sequence'>, agents: readonly string[]): void;
}

/** Who can be told at once, in this process. */
export interface Audience {
  /** An agent is there as long as `isListening` says so, until the returned function is called. */
  join(agent: string, isListening: () => boolean): () => void;
  /** Whether this agent (null: anybody) is told at once. */
  hears(agent: string | null): boolean;
}
