/**
 * What a display of a run's progress is: events and printed output go in, a person sees them.
 */
import type { OutputChunk } from '../../src/model/engine.ts';
import type { EventView } from '../../src/ops/shapes.ts';

export type ShownOutput = Pick<OutputChunk, 'path' | 'stream' | 'text'>;

export interface Progress {
  event(event: EventView): void;
  /** What a step's process printed. */
  output(chunk: ShownOutput): void;
  /** A line that stays. */
  note(line: string): void;
  /** Clears the way for a question; what comes meanwhile is shown after `resume`. */
  pause(): void;
  resume(): void;
  /** Takes away everything that is not meant to stay. */
  close(): void;
}
