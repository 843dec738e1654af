/**
 * Visits every step of a definition, hooks and nested ones included, with where it is written.
 */
import { childLists } from '../core/graph-reads.ts';
import type { Definition, StepDef } from '../model/definition.ts';
import type { IssuePath } from '../model/issue.ts';

export interface StepVisit {
  readonly def: StepDef;
  readonly path: IssuePath;
  /** The hook it is or stands in, else null. */
  readonly hook: 'on_complete' | 'on_error' | null;
  /** True for the hook step itself. */
  readonly isHook: boolean;
}

/** Every step, in the order they are written; a composite comes before what it holds. */
export function* stepsOf(definition: Definition): Generator<StepVisit> {
  for (const [i, def] of definition.steps.entries()) yield* visit(def, ['steps', i], null);
  for (const hook of ['on_complete', 'on_error'] as const) {
    const def = definition[hook];
    if (def !== undefined) yield* visit(def, [hook], hook);
  }
}

function* visit(def: StepDef, path: IssuePath, hook: StepVisit['hook']): Generator<StepVisit> {
  yield { def, path, hook, isHook: path.length === 1 };
  for (const list of childLists(def)) {
    for (const [i, inner] of list.defs.entries()) {
      yield* visit(inner, [...path, ...list.path, i], hook);
    }
  }
}
