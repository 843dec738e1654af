/** Which crashes count against a step: those in which nothing but it was at work. */
import type { CrashCount, RunState, StepState } from '../model/run-state.ts';

/**
 * The count with one more crash, in which `others` other runs and effects were at work. That of a step
 * which may be repeated starts again at progress of its run.
 */
export function crashesWith(
  { progressSeq }: RunState,
  { plan, crashes }: StepState,
  others: number,
  seq: number,
): CrashCount {
  const isUnsafe = plan.body.type === 'action' && plan.body.effect === 'unsafe';
  const goesOn = crashes !== null && (isUnsafe || progressSeq < crashes.seq);
  const { alone, shared } = goesOn ? crashes : { alone: 0, shared: 0 };
  return others > 0 ? { alone, shared: shared + 1, seq } : { alone: alone + 1, shared, seq };
}

/** "by a crash while it was running", "by 5 crashes while it was running, 3 of which count against it". */
export function crashesText({ interruptions, crashes }: StepState): string {
  if (interruptions === 1) return 'by a crash while it was running';
  const alone = crashes?.alone ?? interruptions;
  const counted = alone === interruptions ? '' : `, ${alone} of which count against it`;
  return `by ${interruptions} crashes while it was running${counted}`;
}
