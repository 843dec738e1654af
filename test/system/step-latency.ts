/**
 * How long the small steps of one run take while other runs do their worst.
 *
 * The measured run is a loop of file looks, one commit each, that goes on until the others are done;
 * a step's latency is the time from the end of the one before it to its own end, as the log has it,
 * so waiting for others is in it.
 */

import { eventually } from '../support/patience.ts';
import { LONG, type System } from './support.ts';

export interface Latency {
  readonly steps: number;
  /** Those that ended while the others did their worst. */
  readonly meanwhileSteps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Small steps until somebody says stop. */
const LOOKS = {
  steps: [
    {
      id: 'all',
      type: 'loop',
      config: {
        mode: 'until',
        condition: 'has(context.stop)',
        max_iter: 10_000,
        body: [{ id: 'look', action: 'fs.stat', params: { path: '.' } }],
      },
    },
  ],
};

/** Measures small steps, one after the other, for as long as `meanwhile` takes. */
export async function measureLatency(
  system: System,
  meanwhile: () => Promise<unknown>,
): Promise<Latency> {
  const { workflow_id: id } = await system.run(LOOKS, { wait: 0 });
  await eventually(async () => (await lookEnds(system, id)).length > 10);
  const before = (await lookEnds(system, id)).length;
  await meanwhile();
  const meanwhileSteps = (await lookEnds(system, id)).length - before;
  const stop = { workflow_id: id, signal_type: 'data' as const, payload: { stop: true } };
  const { status } = await system.ops.signal(system.me, { ...stop, wait: LONG });
  if (status !== 'completed') throw new Error(`the measured run ended ${status}`);
  const ends = await lookEnds(system, id);
  const waits = ends.slice(1).map((end, i) => end - (ends[i] ?? end));
  waits.sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.floor((waits.length - 1) * share)] ?? 0;
  return { steps: ends.length, meanwhileSteps, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

async function lookEnds(system: System, id: string): Promise<number[]> {
  return (await system.log(id))
    .filter((event) => event.event_type === 'step_completed' && event.step_id?.endsWith('.look'))
    .map((event) => Date.parse(event.timestamp));
}
