/**
 * What the parts of the storage port share: a page of rows, a run that is to be, a message to a run.
 */
import type { DefinitionHash, RunId } from './ids.ts';
import type { StartFacts } from './input.ts';
import type { Json } from './json.ts';

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
  readonly idempotency: {
    readonly scope: string;
    readonly key: string;
    readonly fingerprint: string;
  } | null;
  /** Value of the template's `concurrency.key`, for counting runs, else null. */
  readonly concurrencyKey: string | null;
  /** Which executor may claim it: `any`, or only the creating node while it lives (file runs). */
  readonly claimableFrom: number;
}

export type InboxKind = 'signal' | 'child_ended' | 'child_changed';

export interface InboxSend {
  readonly runId: RunId;
  readonly kind: InboxKind;
  readonly body: Json;
  readonly receivedAt: number;
  /** Sending again with the same key to the same run changes nothing and answers the first id. */
  readonly idempotencyKey: string | null;
}
