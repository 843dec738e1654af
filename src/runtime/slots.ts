/**
 * Slots for executing actions: at most `size` at once in this process, handed out round-robin over
 * runs so that a wide run does not starve the others.
 *
 * Invariant: taken + free = size; a path waits at most once per run.
 */

export interface Slots {
  /** Takes a slot at once when one is free and nobody waits before. */
  tryTake(runId: string): boolean;
  /** Queues for a slot; `granted` is called once, with the slot already taken. */
  request(runId: string, path: string, granted: () => void): () => void;
  release(): void;
  readonly taken: number;
  waiting(): number;
}

/** A pool of `size` slots. */
export function createSlots(size: number): Slots {
  let taken = 0;
  const queues = new Map<string, Map<string, () => void>>();

  /** Serves the run at the head, then moves it behind the others. */
  const grantNext = (): void => {
    while (taken < size && queues.size > 0) {
      const [runId, queue] = queues.entries().next().value as [string, Map<string, () => void>];
      queues.delete(runId);
      const first = queue.entries().next().value;
      if (first === undefined) continue;
      queue.delete(first[0]);
      if (queue.size > 0) queues.set(runId, queue);
      taken += 1;
      first[1]();
    }
  };

  return {
    tryTake() {
      if (taken >= size || queues.size > 0) return false;
      taken += 1;
      return true;
    },
    request(runId, path, granted) {
      const queue = queues.get(runId) ?? new Map<string, () => void>();
      queue.set(path, granted);
      queues.set(runId, queue);
      grantNext();
      return () => {
        queue.delete(path);
        if (queue.size === 0 && queues.get(runId) === queue) queues.delete(runId);
      };
    },
    release() {
      taken -= 1;
      grantNext();
    },
    get taken() {
      return taken;
    },
    waiting() {
      let count = 0;
      for (const queue of queues.values()) count += queue.size;
      return count;
    },
  };
}
