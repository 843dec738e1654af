/**
 * What a person sees while a run goes on. One interface, three ways: a live list on a terminal, plain
 * lines elsewhere, nothing when it was asked to be quiet.
 */
import type { OutputChunk } from '../../src/model/engine.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { EventView } from '../../src/ops/shapes.ts';
import type { Terminal } from '../terminal.ts';
import { createLiveProgress } from './live.ts';
import { createPlainProgress } from './plain.ts';

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

export interface ProgressOptions {
  readonly terminal: Terminal;
  readonly quiet: boolean;
  /** The run as it is now, for the list. */
  readonly snapshot: () => Promise<StatusOutput>;
}

/** The progress that fits the terminal. */
export function createProgress(options: ProgressOptions): Progress {
  const { terminal, quiet, snapshot } = options;
  if (quiet) return SILENT;
  const { stderr } = terminal;
  return stderr.isTerminal ? createLiveProgress(stderr, snapshot) : createPlainProgress(stderr);
}

const nothing = (): void => undefined;
const SILENT: Progress = {
  event: nothing,
  output: nothing,
  note: nothing,
  pause: nothing,
  resume: nothing,
  close: nothing,
};
