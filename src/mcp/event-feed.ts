/**
 * Events of every run as they are committed, by whatever process, for the sessions of this one. Reads
 * only while somebody listens.
 */
import { messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import type { EventView } from '../ops/shapes.ts';

type Listener = (event: EventView) => void;

export interface EventFeed {
  /** What is committed from now on; ends with the returned function. */
  subscribe(listener: Listener): () => void;
}

/** After a failure (a database that is busy) reading goes on where it ended. */
const AGAIN_MS = 1000;

/** A feed over the operations. */
export function createEventFeed(
  ops: Pick<Ops, 'followEvents'>,
  log: Logger,
  againMs = AGAIN_MS,
): EventFeed {
  const listeners = new Set<Listener>();
  let reading: AbortController | null = null;
  const read = async (abort: AbortSignal, from: { after_id?: number }): Promise<void> => {
    const caller = { agentId: null, role: 'viewer', sender: 'system' } as const;
    const ctx: CallContext = { caller, exec: null, abort };
    for await (const event of ops.followEvents(ctx, from)) {
      from.after_id = event.id;
      for (const listener of listeners) listener(event);
    }
  };
  const start = (from: { after_id?: number }): void => {
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
    subscribe(listener) {
      listeners.add(listener);
      if (reading === null) start({});
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        reading?.abort();
        reading = null;
      };
    },
  };
}
