/**
 * Limits on memory, cores, processes and network of a command. One that a step demands and that
 * cannot be had here is an error, never silently dropped.
 */
import { AppError } from '../model/error.ts';
import type { CommandLimits } from './command.ts';

export interface AppliedLimits {
  /** Programs put before the command. */
  readonly prefix: readonly string[];
  /** Puts the blocked process under its limits. */
  enter(pid: number): void;
  /** Takes away what was set up, after the group is gone. */
  remove(): void;
}

/** @throws AppError ISOLATION_ERROR when a limit cannot be had */
export function applyLimits(limits: CommandLimits): AppliedLimits {
  const wanted = Object.keys(limits);
  if (wanted.length > 0) {
    throw new AppError('ISOLATION_ERROR', `limits cannot be had here: ${wanted.join(', ')}`);
  }
  return { prefix: [], enter: () => undefined, remove: () => undefined };
}
