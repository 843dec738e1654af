/**
 * One timer for all due times of this process: a binary heap ordered by due time.
 *
 * Due times are wall-clock; the clock of a living process is measured on the monotonic clock, so a
 * jump of the wall clock neither fires a timer early nor holds it back.
 */
import type { Clock } from '../model/ports.ts';

interface Entry {
  readonly dueAt: number;
  readonly callback: () => void;
  cancelled: boolean;
  fired: boolean;
}

export interface Timers {
  /** Calls back once `delayMs` from now; returns the canceller. */
  add(delayMs: number, callback: () => void): () => void;
  size(): number;
  close(): void;
}

/** Timers over one clock; nothing fires after `close`. */
export function createTimers(clock: Clock): Timers {
  const heap: Entry[] = [];
  let cancelTimer: (() => void) | null = null;
  let armedFor = Number.POSITIVE_INFINITY;
  let live = 0;

  const arm = (): void => {
    const next = heap[0];
    if (next === undefined || next.dueAt >= armedFor) return;
    cancelTimer?.();
    armedFor = next.dueAt;
    cancelTimer = clock.after(Math.max(0, next.dueAt - clock.monotonic()), fire);
  };
  const fire = (): void => {
    armedFor = Number.POSITIVE_INFINITY;
    cancelTimer = null;
    const now = clock.monotonic();
    // Half a millisecond of slack: timer callbacks may come a hair early.
    for (let next = heap[0]; next !== undefined && next.dueAt <= now + 0.5; next = heap[0]) {
      pop(heap);
      if (next.cancelled) continue;
      next.fired = true;
      live -= 1;
      next.callback();
    }
    arm();
  };

  return {
    add(delayMs, callback) {
      const entry: Entry = {
        dueAt: clock.monotonic() + delayMs,
        callback,
        cancelled: false,
        fired: false,
      };
      push(heap, entry);
      live += 1;
      arm();
      return () => {
        if (entry.cancelled || entry.fired) return;
        entry.cancelled = true;
        live -= 1;
        if (heap.length > 64 && live < heap.length / 2) compact(heap);
      };
    },
    size: () => live,
    close() {
      cancelTimer?.();
      heap.length = 0;
      armedFor = Number.NEGATIVE_INFINITY;
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  heap.push(entry);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if ((heap[parent] as Entry).dueAt <= entry.dueAt) break;
    heap[at] = heap[parent] as Entry;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  sink(heap, 0, last);
}

function sink(heap: Entry[], from: number, entry: Entry): void {
  let at = from;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && (heap[right] as Entry).dueAt < (heap[child] as Entry).dueAt)
      child = right;
    if ((heap[child] as Entry).dueAt >= entry.dueAt) break;
    heap[at] = heap[child] as Entry;
    at = child;
  }
  heap[at] = entry;
}

function compact(heap: Entry[]): void {
  const kept = heap.filter((entry) => !entry.cancelled).sort((a, b) => a.dueAt - b.dueAt);
  heap.splice(0, heap.length, ...kept);
}
