/**
 * Events of every run as they are committed, by whatever process, for the sessions of this one. Reads
 * only while somebody listens.
 */
import type { Logger } from '../model/ports.ts';
import type { Ops } from '../ops/catalog.ts';
import { createEventReader } from '../ops/event-reader.ts';
import type { EventView } from '../ops/shapes.ts';

type Listener = (event: EventView) => void;

export interface EventFeed {
  /** What is committed from now on; ends with the returned function. */
  subscribe(listener: Listener): () => void;
}

/** A feed over the operations. */
export function createEventFeed(
  ops: Pick<Ops, 'followEvents'>,
  log: Logger,
  againMs?: number,
): EventFeed {
  const reader = createEventReader(ops, log, againMs);
  return { subscribe: (listener) => reader.subscribe(null, listener) };
}
