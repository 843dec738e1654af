/** A run's state as plain data, for comparing a live state with one folded from its log. */
import { expect } from 'bun:test';
import { fold } from '../../src/core/evolve.ts';
import { readSnapshot, writeSnapshot } from '../../src/core/snapshot.ts';
import { newState } from '../../src/core/state.ts';
import type { RunEvent } from '../../src/model/event.ts';
import type { RunState, StepState } from '../../src/model/run-state.ts';

/** Everything a state holds but its worklists and what is only remembered for speed. */
function plainState(state: RunState): unknown {
  const {
    plan: _plan,
    agenda: _agenda,
    touched: _touched,
    top,
    hook,
    steps,
    open,
    ...rest
  } = state;
  return {
    ...rest,
    context: { ...state.context },
    lists: [top, ...(hook === null ? [] : [hook.list])].map(plainList),
    hook: hook === null ? null : { kind: hook.kind, output: hook.output, error: hook.error },
    paths: [...steps.keys()].sort(),
    open: [...open].map((step) => step.path).sort(),
  };
}

type List = RunState['top'];

const plainList = (list: List): unknown => ({
  prefix: list.prefix,
  index: list.index,
  open: list.open,
  failure: list.failure,
  ran: list.ran,
  steps: list.steps.map(plainStep),
});

function plainStep(step: StepState): unknown {
  const { node: _node, plan, list: _list, sub, output, ...rest } = step;
  const composite = plan.body.type !== 'action' && sub !== null && sub.kind !== 'wait';
  return { ...rest, id: plan.id, output: composite ? 'assembled' : output, sub: plainSub(sub) };
}

function plainSub(sub: StepState['sub']): unknown {
  if (sub === null) return null;
  switch (sub.kind) {
    case 'condition':
      return { ...sub, list: sub.list === null ? null : plainList(sub.list) };
    case 'loop':
      return {
        ...sub,
        iterations: sub.iterations.map(plainList),
        running: [...sub.running].sort(),
        ended: [...sub.ended].sort(),
      };
    case 'parallel':
      return { ...sub, branches: sub.branches.map(plainList) };
    case 'child':
      return { kind: sub.kind, childId: sub.childId, suspended: sub.suspended };
    default:
      return sub;
  }
}

/** Two states are the same to whoever decides on them. */
export function expectSameState(live: RunState, folded: RunState): void {
  expect(plainState(folded)).toEqual(plainState(live));
}

/** What a snapshot of a log's beginning gives, with its rest folded onto it, is the state of the whole. */
export function expectSnapshotsHold(
  { runId, plan }: Pick<RunState, 'runId' | 'plan'>,
  events: readonly RunEvent[],
  cuts: readonly number[] = [events.length, events.length - 1, Math.floor(events.length / 2)],
): void {
  // As a file keeps them: JSON knows no negative zero.
  const log = JSON.parse(JSON.stringify(events)) as RunEvent[];
  const whole = fold(newState(runId, plan), log);
  for (const cut of cuts) {
    const before = fold(newState(runId, plan), log.slice(0, cut));
    const text = writeSnapshot(before);
    const read = text === null ? null : readSnapshot(text, runId, plan);
    if (read === null) throw new Error(`no snapshot after ${cut} events`);
    expectSameState(before, read);
    expect(orders(read)).toEqual(orders(before));
    const rest = fold(read, log.slice(cut));
    expectSameState(whole, rest);
    expect(orders(rest)).toEqual(orders(fold(before, log.slice(cut))));
  }
}

/** Orders that deciding follows: of the steps, of those in flight, of what is in their sets. */
const orders = (state: RunState): unknown => [
  [...state.steps.keys()],
  [...state.open].map(({ path }) => path),
  [...state.steps.values()].map(({ sub }) =>
    sub?.kind === 'loop' ? [[...sub.running], [...sub.ended]] : null,
  ),
];
