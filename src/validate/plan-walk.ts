/**
 * A definition and its plan side by side: every step with its compiled form and where it is written.
 */
import { childLists } from '../core/graph-reads.ts';
import type { Definition, StepDef } from '../model/definition.ts';
import type { Reference, Template, ValueSource } from '../model/expression.ts';
import type { IssuePath } from '../model/issue.ts';
import type { ListPlan, Plan, StepBody, StepPlan } from '../model/plan.ts';

export interface PlannedStep {
  readonly def: StepDef;
  readonly plan: StepPlan;
  readonly path: IssuePath;
  readonly list: ListPlan;
  /** The composite around it, or null in a top list or hook. */
  readonly owner: PlannedStep | null;
}

/** Every step, hooks included; a composite comes before what it holds. */
export function* plannedSteps(definition: Definition, plan: Plan): Generator<PlannedStep> {
  yield* listSteps(definition.steps, plan.top, ['steps'], null);
  for (const [field, list] of [
    ['on_complete', plan.onComplete],
    ['on_error', plan.onError],
  ] as const) {
    const def = definition[field];
    const step = list?.steps[0];
    if (def !== undefined && list !== null && step !== undefined) {
      yield* withBelow({ def, plan: step, path: [field], list, owner: null });
    }
  }
}

function* listSteps(
  defs: readonly StepDef[],
  list: ListPlan,
  path: IssuePath,
  owner: PlannedStep | null,
): Generator<PlannedStep> {
  for (const [i, def] of defs.entries()) {
    const plan = list.steps[i];
    if (plan !== undefined) yield* withBelow({ def, plan, path: [...path, i], list, owner });
  }
}

function* withBelow(step: PlannedStep): Generator<PlannedStep> {
  yield step;
  const lists = listsBelow(step.plan.body);
  for (const [i, child] of childLists(step.def).entries()) {
    const list = lists[i];
    if (list !== undefined) {
      yield* listSteps(child.defs, list, [...step.path, ...child.path], step);
    }
  }
}

/** The lists a composite holds, in the order they are written. */
export function listsBelow(body: StepBody): readonly ListPlan[] {
  switch (body.type) {
    case 'condition':
      return [...body.branches.values(), ...(body.fallback === null ? [] : [body.fallback])];
    case 'loop':
      return [body.body];
    case 'parallel':
      return body.branches;
    default:
      return [];
  }
}

/** What a step reads itself, without what is below it. */
export function referencesOf(step: StepPlan): Reference[] {
  const { guard, timeout, retry, body } = step;
  const durations = [timeout, retry?.delay ?? null, retry?.maxDelay ?? null];
  return [
    ...(guard?.references ?? []),
    ...durations.flatMap((source) =>
      source?.kind === 'template' ? source.template.references : [],
    ),
    ...bodyReferences(body),
  ];
}

const sourceReferences = (source: ValueSource | null): readonly Reference[] => {
  if (source === null) return [];
  return source.kind === 'template' ? source.template.references : source.expression.references;
};

const templateReferences = (template: Template | null): readonly Reference[] =>
  template?.references ?? [];

function bodyReferences(body: StepBody): readonly Reference[] {
  switch (body.type) {
    case 'action':
      return [...body.params.references, ...(body.expression?.references ?? [])];
    case 'condition':
      return body.expression.references;
    case 'loop':
      return [...sourceReferences(body.over), ...(body.condition?.references ?? [])];
    case 'parallel':
      return [];
    case 'wait':
      return [...sourceReferences(body.until), ...templateReferences(body.signal)];
    case 'reasoning':
      return [
        ...body.prompt.references,
        ...body.data.flatMap(({ source }) => sourceReferences(source)),
        ...templateReferences(body.targetAgent),
      ];
  }
}
