/**
 * The display that fits: a live list on a terminal, plain lines elsewhere, nothing when it was asked to
 * be quiet.
 */
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { Terminal } from '../terminal.ts';
import type { Progress } from './display.ts';
import { createLiveProgress } from './live.ts';
import { createPlainProgress } from './plain.ts';

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
