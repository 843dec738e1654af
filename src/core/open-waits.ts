/**
 * Names what each open step waits for: somebody, a time, a child run, or room to start.
 *
 * Wider than what the run's row and events keep (`waitingFor`), which is only what nobody but somebody
 * else can end. A step that is at work waits for nothing.
 */
import type { RunState, StepState } from '../model/run-state.ts';

export interface OpenWait {
  readonly step_id: string;
  readonly kind:
    | 'decision'
    | 'outcome_unknown'
    | 'signal'
    | 'child'
    | 'timer'
    | 'retry'
    | 'start'
    | 'settling';
  /**
   * Of a signal its name, of a child its run, of a start what it waits for (`slot`, `vault`, …); of what
   * the run's end waits for how that will be.
   */
  readonly name?: string;
  /** When it ends by itself, epoch milliseconds. */
  readonly dueAt?: number;
  /** Of a retry: the next attempt, the attempts there are, and the code of the failure before. */
  readonly attempt?: number;
  readonly attempts?: number;
  readonly code?: string;
}

/** What the open steps wait for, in the order in which they began to. */
export function openWaits(state: RunState): OpenWait[] {
  const waits: OpenWait[] = [];
  for (const step of state.open) {
    const wait = waitOf(step);
    if (wait !== null) waits.push({ step_id: step.path, ...wait });
  }
  return waits;
}

type Wait = Omit<OpenWait, 'step_id'>;

function waitOf(step: StepState): Wait | null {
  switch (step.status) {
    case 'scheduled':
      return { kind: 'start', name: step.waitingFor ?? 'slot' };
    case 'retrying':
      return {
        kind: 'retry',
        attempt: step.attempt,
        attempts: (step.plan.retry?.max ?? 0) + 1,
        ...(step.retryAt === null ? {} : { dueAt: step.retryAt }),
        ...(step.error === null ? {} : { code: step.error.code }),
      };
    case 'running':
    case 'suspended':
      return subWait(step);
    default:
      return null;
  }
}

function subWait({ sub, dueAt }: StepState): Wait | null {
  switch (sub?.kind) {
    case 'decision': {
      if (sub.resolved !== null) return null;
      const kind = sub.ask.kind === 'outcome_unknown' ? 'outcome_unknown' : 'decision';
      return { kind, ...due(sub.ask.due_at ?? dueAt) };
    }
    case 'wait':
      if (sub.done !== null) return null;
      return sub.signal === null
        ? { kind: 'timer', ...due(sub.dueAt) }
        : { kind: 'signal', name: sub.signal, ...due(sub.dueAt ?? dueAt) };
    case 'child':
      return sub.ended ? null : { kind: 'child', name: sub.childId };
    default:
      return null;
  }
}

const due = (at: number | null): { readonly dueAt?: number } => (at === null ? {} : { dueAt: at });
