/**
 * Events on their way to every client of the stream: each is read and written as text once, whoever and
 * however many listen.
 */
import { printJson } from '../model/json-text.ts';
import type { Logger } from '../model/ports.ts';
import type { Ops } from '../ops/catalog.ts';
import { createEventReader } from '../ops/event-reader.ts';
import type { PlacedEvent } from '../ops/shapes.ts';

/** An event on its way to clients. */
export interface LiveEvent {
  readonly id: number;
  readonly runId: string;
  readonly type: string;
  /** Its text in the stream. */
  readonly frame: string;
}

type Listener = (event: LiveEvent) => void;

export interface EventHub {
  /** Events behind `after`, which must be the present end of the table; ends with the function. */
  subscribe(after: number, listener: Listener): () => void;
}

/** An event as clients get it. */
export const liveEventOf = (event: PlacedEvent): LiveEvent => ({
  id: event.id,
  runId: event.workflow_id,
  type: event.event_type,
  frame: `id: ${event.cursor}\ndata: ${printJson(event)}\n\n`,
});

/** A hub over the operations. */
export function createEventHub(
  ops: Pick<Ops, 'followEvents'>,
  log: Logger,
  againMs?: number,
): EventHub {
  const reader = createEventReader(ops, log, againMs);
  let written: { readonly event: PlacedEvent; readonly live: LiveEvent } | null = null;
  const liveOf = (event: PlacedEvent): LiveEvent => {
    if (written?.event !== event) written = { event, live: liveEventOf(event) };
    return written.live;
  };
  return {
    subscribe: (after, listener) => reader.subscribe(after, (event) => listener(liveOf(event))),
  };
}
