/**
 * One reader of the event table for everybody who listens in a process. Reads only while somebody does.
 *
 * Invariant: a listener gets every event behind the place it came with, in commit order. It may get
 * events before that place too, when the reader is behind: ids tell.
 */
import { messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import type { Ops } from './catalog.ts';
import type { CallContext } from './operation.ts';
import type { PlacedEvent } from './shapes.ts';

export interface EventReader {
  /** Events behind `after`, which must be the end of the table, or (null) what is new; until the function is called. */
  subscribe(after: number | null, listener: (event: PlacedEvent) => void): () => void;
}

/** After a failure (a database that is busy) reading goes on where it ended. */
const AGAIN_MS = 1000;

/** A reader over the operations. */
export function createEventReader(
  ops: Pick<Ops, 'followEvents'>,
  log: Logger,
  againMs = AGAIN_MS,
): EventReader {
  const listeners = new Set<(event: PlacedEvent) => void>();
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
    subscribe(after, listener) {
      listeners.add(listener);
      if (reading === null) start(after === null ? {} : { after_id: after });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        reading?.abort();
        reading = null;
      };
    },
  };
}
