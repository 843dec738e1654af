/**
 * Tells a client that waits for a call how the run goes: a line for each step, and a sign of life when
 * nothing happens. Lines that come faster than a person reads are left out.
 */
import type { EventView } from '../ops/shapes.ts';
import type { EventFeed } from './event-feed.ts';

export interface Progress {
  /** The run that the call is about, as soon as it is known. */
  of(workflowId: string): void;
  stop(): void;
}

/** Sends one report; `progress` only ever rises. */
export type Report = (report: { readonly progress: number; readonly message: string }) => void;

const ALIVE_MS = 5000;
const LEAST_GAP_MS = 100;

const WORDS: Readonly<Record<string, string>> = {
  step_started: 'runs',
  step_completed: 'completed',
  step_failed: 'failed',
  step_skipped: 'skipped',
  step_retry_attempt: 'will be tried again',
  decision_requested: 'asks',
  wait_started: 'waits',
};

/** Reports until it is stopped. */
export function createProgress(feed: EventFeed, report: Report): Progress {
  let count = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let latest = 'running';
  let stopFeed: (() => void) | null = null;
  const tell = (message: string): void => {
    count += 1;
    toldAt = performance.now();
    latest = message;
    report({ progress: count, message });
  };
  const onEvent = ({ event_type, step_id }: EventView): void => {
    const word = WORDS[event_type];
    if (word === undefined || step_id === undefined) return;
    if (performance.now() - toldAt >= LEAST_GAP_MS) tell(`${step_id} ${word}`);
    else latest = `${step_id} ${word}`;
  };
  const alive = setInterval(() => tell(latest), ALIVE_MS);
  return {
    of(workflowId) {
      stopFeed?.();
      stopFeed = feed.subscribe((event) => {
        if (event.workflow_id.startsWith(workflowId)) onEvent(event);
      });
    },
    stop() {
      clearInterval(alive);
      stopFeed?.();
    },
  };
}
