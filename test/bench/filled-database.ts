/**
 * Databases of any size, written by bare SQLite in a minute where the engine would need an hour. The
 * rows are those the engine writes.
 */

import type { RunEvent } from '../../src/model/event.ts';
import { asNodeId, asRunId, type RunId } from '../../src/model/ids.ts';
import type { RunStatus } from '../../src/model/run-status.ts';
import type { RunAppend } from '../../src/model/store.ts';
import type { Prepared } from './engine-harness.ts';
import { startFacts } from './engine-harness.ts';
import { openRaw } from './raw-limit.ts';

export interface FillOptions {
  readonly runs: number;
  readonly prepared: Prepared;
  readonly statusOf: (index: number) => RunStatus;
  /** The events of a run between its start and its end. */
  readonly eventsOf: (index: number) => readonly RunEvent[];
  /** The runs belong to a process that is gone; left out: to nobody. */
  readonly isOwned?: boolean;
}

const RUNS_A_TRANSACTION = 500;
/** The runs begin here, one a second. */
const FIRST_AT = 1_790_000_000_000;

export const filledRunId = (index: number): RunId =>
  asRunId(`${index.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`);

export const filledAt = (index: number): number => FIRST_AT + index * 1000;

/** Fills a new file; definitions are the caller's to put. */
export function fillDatabase(path: string, options: FillOptions): void {
  const raw = openRaw(path, 'normal');
  for (let first = 0; first < options.runs; first += RUNS_A_TRANSACTION) {
    const count = Math.min(RUNS_A_TRANSACTION, options.runs - first);
    const group = Array.from({ length: count }, (_, index) => runOf(options, first + index));
    for (const transaction of raw.prepare([group])) raw.write(transaction);
  }
  raw.close();
}

function runOf(options: FillOptions, index: number): RunAppend {
  const runId = filledRunId(index);
  const status = options.statusOf(index);
  const at = filledAt(index);
  const hasEnded = status === 'completed' || status === 'failed' || status === 'cancelled';
  const start = {
    ...startFacts(),
    template: `template-${index % 50}`,
    agentId: `agent-${index % 7}`,
  };
  return {
    runId,
    owner: asNodeId('gone'),
    epoch: 1,
    expectedSeq: 0,
    events: options.eventsOf(index),
    create: {
      runId,
      definitionHash: options.prepared.hash,
      start,
      createdAt: at,
      idempotency: null,
      place: null,
      claimableFrom: at,
    },
    patch: {
      status,
      paused: false,
      updatedAt: at + 100,
      endedAt: hasEnded ? at + 100 : null,
      error: null,
      waitingFor: status === 'suspended' ? [{ step_id: 'wait', kind: 'signal', name: 'go' }] : [],
      wakeAt: null,
      release: options.isOwned !== true,
    },
    decisions: [],
    settled: [],
    sends: [],
    children: [],
  };
}
