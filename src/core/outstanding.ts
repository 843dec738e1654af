/**
 * `outstanding(state)`: what must be in flight now, read off the state.
 *
 * The shell makes what is in flight equal to this after every commit; what is no longer asked for is
 * aborted. `commandsOf` answers for one step, so a commit costs what it touched.
 */
import type { Command } from '../model/command.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import { runLimitAt } from './deadlines.ts';
import { onlySettles } from './settling.ts';

/** Every command of a run. */
export function outstanding(state: RunState): Command[] {
  const commands = runCommands(state);
  for (const step of state.open) commands.push(...commandsOf(state, step));
  return commands;
}

/** Commands of the run itself: the timer of its limit. */
export function runCommands(state: RunState): Command[] {
  const dueAt = state.status === 'active' ? runLimitAt({ state }) : null;
  if (dueAt === null) return [];
  return [{ kind: 'timer', path: null, seq: state.activeSeq, timer: 'run_timeout', dueAt }];
}

/** Commands of one step; none once the run or the step has ended. */
export function commandsOf(state: RunState, step: StepState): Command[] {
  if (isRunEnded(state.status)) return [];
  const commands = openCommands(state, step);
  // After a restore nothing happens by itself, not even by time, until somebody resumes the run.
  if (state.pauseReason !== 'restored') return commands;
  return commands.filter((command) => command.kind !== 'timer');
}

function openCommands(state: RunState, step: StepState): Command[] {
  switch (step.status) {
    case 'scheduled':
      return scheduledCommands(state, step);
    case 'retrying':
      return step.retryAt === null ? [] : [timer(step, 'retry', step.retryAt)];
    case 'running':
    case 'suspended':
      return runningCommands(step);
    default:
      return [];
  }
}

function scheduledCommands(state: RunState, step: StepState): Command[] {
  if (state.paused || step.waitingFor === 'concurrency' || step.waitingFor === 'settling')
    return [];
  if (step.interrupted === 'ask' || step.interrupted === 'fail') return [];
  return [{ kind: 'slot', path: step.path, seq: step.seq }];
}

function runningCommands(step: StepState): Command[] {
  const commands: Command[] = [];
  if (step.dueAt !== null && step.heldSince === null)
    commands.push(timer(step, 'timeout', step.dueAt));
  const { sub } = step;
  const body = step.plan.body;
  if (sub?.kind === 'wait') {
    if (sub.dueAt !== null && sub.done === null) commands.push(timer(step, 'wait', sub.dueAt));
  } else if (sub?.kind === 'decision') {
    const due = sub.ask.due_at;
    if (due !== undefined && sub.resolved === null) commands.push(timer(step, 'decision', due));
  } else if (body.type === 'action' && body.via !== 'child') {
    commands.push({
      kind: 'execute',
      path: step.path,
      seq: step.seq,
      action: body.action,
      params: step.params ?? {},
      secretRefs: step.secretRefs,
      attempt: step.attempt,
      dueAt: step.dueAt,
      repeat: step.interruptions,
      generation: step.generation,
    });
  }
  return commands;
}

const timer = (
  step: StepState,
  name: Extract<Command, { kind: 'timer' }>['timer'],
  dueAt: number,
): Command => ({ kind: 'timer', path: step.path, seq: step.seq, timer: name, dueAt });

/** The earliest time at which something of a run is due by itself, or null. */
export function nextDueAt(state: RunState): number | null {
  let earliest: number | null = null;
  for (const command of outstanding(state)) {
    if (command.kind !== 'timer') continue;
    if (earliest === null || command.dueAt < earliest) earliest = command.dueAt;
  }
  return earliest;
}

/** True when nothing of a run is in flight but timers: it may be parked until one is due. */
export function isParkable(state: RunState): boolean {
  if (isRunEnded(state.status)) return true;
  // It comes to its end when this process is told that something is gone.
  if (onlySettles(state)) return false;
  for (const step of state.open) {
    // Whatever it waits for ends with something of this process, which must be there to be told.
    if (step.status === 'scheduled' && !state.paused) return false;
    for (const command of commandsOf(state, step)) {
      if (command.kind === 'execute' || command.kind === 'slot') return false;
    }
  }
  return true;
}
