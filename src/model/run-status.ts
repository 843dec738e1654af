/** Statuses of runs and steps as they are spelled on every surface. */

export const RUN_STATUSES = [
  'pending',
  'active',
  'suspended',
  'completed',
  'failed',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** How a run will end that is active only until nothing of it is at work any more. */
export const ENDINGS = ['completed', 'failed', 'cancelled', 'timed_out'] as const;
export type Ending = (typeof ENDINGS)[number];

export const STEP_STATUSES = [
  'pending',
  'scheduled',
  'running',
  'retrying',
  'suspended',
  'completed',
  'failed',
  'skipped',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** True when nothing will happen to the run by itself any more. */
export const isRunEnded = (status: RunStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';

export const isStepEnded = (status: StepStatus): boolean =>
  status === 'completed' || status === 'failed' || status === 'skipped';
