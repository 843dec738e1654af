/**
 * One reader of the event table for every client of the stream: each event is read and written as text
 * once, whoever and however many listen. Reads only while somebody does.
 *
 * Invariant: a listener gets every event behind the place it came with, in commit order. It may get
 * events before that place too, when the reader is behind: ids tell.
 */
import { messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import type { EventView } from '../ops/shapes.ts';

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

/** After a failure (a database that is busy) reading goes on where it ended. */
const AGAIN_MS = 1000;

/** An event as clients get it. */
export const liveEventOf = (event: EventView): LiveEvent => ({
  id: event.id,
  runId: event.workflow_id,
  type: event.event_type,
  frame: `id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`,
});

/** A hub over the operations. */
export function createEventHub(
  ops: Pick<Ops, 'followEvents'>,
  log: Logger,
  againMs = AGAIN_MS,
): EventHub {
  const listeners = new Set<Listener>();
  let reading: AbortController | null = null;
  const read = async (abort: AbortSignal, from: { after_id: number }): Promise<void> => {
    const caller = { agentId: null, role: 'viewer', sender: 'system' } as const;
    const ctx: CallContext = { caller, exec: null, abort };
    for await (const event of ops.followEvents(ctx, from)) {
      from.after_id = event.id;
      const live = liveEventOf(event);
      for (const listener of listeners) listener(live);
    }
  };
  const start = (from: { after_id: number }): void => {
    const mine = new AbortController();
    reading = mine;
    read(mine.signal, from).catch((thrown: unknown) => {
      log.warn('events cannot be followed', { error: messageOf(thrown) });
      setTimeout(() => {
        if (reading === mine) start(from);
      }, againMs).unref();
    });
  };
  return {
    subscribe(after, listener) {
      listeners.add(listener);
      if (reading === null) start({ after_id: after });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        reading?.abort();
        reading = null;
      };
    },
  };
}
