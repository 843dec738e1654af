/**
 * Rules between the fields of a definition that are neither shape nor graph: hooks, decisions,
 * concurrency of loops.
 *
 * Missing steps, cycles, fallbacks and what may be read are found while the plan is compiled.
 */
import type { Definition, StepDef } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { errorAt } from './issues.ts';
import { type StepVisit, stepsOf } from './walk.ts';

/** Everything wrong between the fields; paths are relative to the definition. */
export function checkSemantics(definition: Definition): Issue[] {
  const issues: Issue[] = [];
  for (const visit of stepsOf(definition)) {
    if (visit.hook !== null) issues.push(...checkHook(visit));
    if (visit.def.type === 'reasoning') issues.push(...checkDecision(visit.def, visit.path));
  }
  return issues;
}

/** A hook runs when the run has ended, so nothing in it may wait for somebody. */
function checkHook({ def, path, isHook }: StepVisit): Issue[] {
  const issues: Issue[] = [];
  if (def.type === 'reasoning') {
    issues.push(errorAt([...path, 'type'], 'a hook cannot ask for a decision'));
  }
  if (def.type === 'wait' && def.config?.signal !== undefined) {
    issues.push(errorAt([...path, 'config', 'signal'], 'a hook cannot wait for a signal'));
  }
  if (!isHook) return issues;
  for (const field of ['depends_on', 'trigger_rule'] as const) {
    if (def[field] === undefined) continue;
    const message = `a hook has no \`${field}\`: it runs when all steps have ended`;
    issues.push(errorAt([...path, field], message));
  }
  return issues;
}

function checkDecision(def: StepDef, path: IssuePath): Issue[] {
  const issues: Issue[] = [];
  const options = def.config?.options ?? [];
  const ids = new Set<string>();
  options.forEach(({ id }, i) => {
    if (ids.has(id)) {
      const at = [...path, 'config', 'options', i, 'id'];
      issues.push(errorAt(at, `the option "${id}" is there twice`));
    }
    ids.add(id);
  });
  const fallback = def.config?.fallback;
  if (fallback !== undefined && options.length > 0 && !ids.has(fallback)) {
    const message = `the fallback "${fallback}" is none of the options (${[...ids].join(', ')})`;
    issues.push(errorAt([...path, 'config', 'fallback'], message));
  }
  return issues;
}
