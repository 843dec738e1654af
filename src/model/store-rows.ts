/**
 * What the parts of the storage port share: a page of rows, a run that is to be, a message to a run.
 */
import type { DefinitionHash, RunId } from './ids.ts';
import type { StartFacts } from './input.ts';
import type { Json } from './json.ts';
import type { SignalKey, StartKey } from './keys.ts';
import type { AskedPlace } from './place.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** A run that does not exist yet. `start` is kept until the run's first event is written. */
export interface NewRun {
  readonly runId: RunId;
  readonly definitionHash: DefinitionHash;
  readonly start: StartFacts;
  readonly createdAt: number;
  /** Starting again with the same key in the same scope returns the first run. */
  readonly idempotency: StartKey | null;
  /** The place it asks for under `concurrency`, null when its definition has none. */
  readonly place: AskedPlace | null;
  /** Which executor may claim it: `any`, or only the creating node while it lives (file runs). */
  readonly claimableFrom: number;
}

/** `turn`: the run has been given its place under `concurrency`. */
export type InboxKind = 'signal' | 'child_ended' | 'child_changed' | 'turn';

export interface InboxSend {
  readonly runId: RunId;
  readonly kind: InboxKind;
  readonly body: Json;
  readonly receivedAt: number;
  /** Sending again with the same key to the same run changes nothing and answers the first id. */
  readonly idempotencyKey: string | null;
  /** What must be equal under that key, and the key as an older program kept it. */
  readonly keyed?: Omit<SignalKey, 'text'>;
}
