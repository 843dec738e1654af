/**
 * A look at what the engine of this process has to do: read when somebody asks, kept by nobody.
 */
import type { EngineMetrics } from '../model/engine.ts';
import type { Breakers } from './breakers.ts';
import type { RunTable } from './run-table.ts';
import type { Slots } from './slots.ts';

/** The parts that are looked at. */
export interface Measured {
  readonly slots: Slots;
  readonly breakers: Breakers;
  readonly runs: RunTable;
}

/** The figures as they are now. */
export const engineMetrics = (
  { slots, breakers, runs }: Measured,
  size: number,
): EngineMetrics => ({
  executing: slots.taken,
  slots: size,
  queued: slots.waiting(),
  liveRuns: runs.live.size,
  breakers: breakers.states(),
});
