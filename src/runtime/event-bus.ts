/**
 * Tells whoever listens in this process what was committed and what steps print.
 *
 * A listener that throws is reported and does not disturb the others or the engine.
 */
import type { OutputChunk, PublishedEvent } from '../model/engine.ts';
import { messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';

type Listener<T> = (value: T) => void;

export interface EventBus {
  publish(events: readonly PublishedEvent[]): void;
  output(chunk: OutputChunk): void;
  onEvents(listener: Listener<readonly PublishedEvent[]>): () => void;
  onOutput(listener: Listener<OutputChunk>): () => void;
}

/** An in-process bus without history; late listeners read the store. */
export function createEventBus(log: Logger): EventBus {
  const eventListeners = new Set<Listener<readonly PublishedEvent[]>>();
  const outputListeners = new Set<Listener<OutputChunk>>();
  const tell = <T>(listeners: Set<Listener<T>>, value: T): void => {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (thrown) {
        log.error('a listener failed', { error: messageOf(thrown) });
      }
    }
  };
  const add = <T>(listeners: Set<Listener<T>>, listener: Listener<T>): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    publish: (events) => tell(eventListeners, events),
    output: (chunk) => tell(outputListeners, chunk),
    onEvents: (listener) => add(eventListeners, listener),
    onOutput: (listener) => add(outputListeners, listener),
  };
}
