/**
 * What is measured while the process works: commits, actions, requests. Each costs a clock reading and
 * an addition; nothing is read or written as text before somebody asks.
 */
import { createHistogram, type Family } from './metrics-text.ts';

export interface Meter {
  /** A transaction of the engine, with its wait for the database. */
  commit(ms: number): void;
  /** An action that was executed outside the decision. */
  action(name: string, ms: number, outcome: 'completed' | 'failed'): void;
  /** A request that was answered; `route` as the table of paths spells it. */
  request(method: string, route: string, status: number, ms: number): void;
  families(): readonly Family[];
}

const SECONDS = 1000;
const COMMIT_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5,
];
const ACTION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
const REQUEST_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A meter that begins at zero. */
export function createMeter(): Meter {
  const commits = createHistogram(
    'opcode_commit_duration_seconds',
    'Time from handing a group of runs to the database until it was on disk.',
    COMMIT_BOUNDS,
  );
  const actions = createHistogram(
    'opcode_step_duration_seconds',
    'Time an attempt of a step took, by action; actions that only calculate are not measured.',
    ACTION_BOUNDS,
  );
  const requests = createHistogram(
    'opcode_http_request_duration_seconds',
    'Time until the answer to a request began.',
    REQUEST_BOUNDS,
  );
  return {
    commit: (ms) => commits.observe({}, ms / SECONDS),
    action: (action, ms, outcome) => actions.observe({ action, outcome }, ms / SECONDS),
    request: (method, route, status, ms) =>
      requests.observe({ method, route, status: String(status) }, ms / SECONDS),
    families: () => [commits.family(), actions.family(), requests.family()],
  };
}
