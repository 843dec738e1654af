/** A run's state as plain data, for comparing a live state with one folded from its log. */
import { expect } from 'bun:test';
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
