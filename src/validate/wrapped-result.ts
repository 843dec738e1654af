/** Reads of the whole output of a step that puts its value into `result`. */
import type { Definition } from '../model/definition.ts';
import type { Issue } from '../model/issue.ts';
import { warningAt } from './issues.ts';
import type { PlannedStep } from './plan-walk.ts';
import { textsBeside, textsOfStep } from './text-walk.ts';

/** Actions whose value is in the field `result` of their output, and who also lists all of them. */
const WRAPPING: ReadonlyMap<string, string> = new Map([
  ['jq', '{result, results}'],
  ['expr.eval', '{result}'],
  ['cel.eval', '{result}'],
]);

/** Warns where the output of such a step is read as if it were the value. */
export function wrappedResults(definition: Definition, steps: readonly PlannedStep[]): Issue[] {
  const readers = [
    ...steps.flatMap(({ def, path }) => textsOfStep(def, path)),
    ...textsBeside(definition),
  ];
  return steps.flatMap(({ def, plan }) => {
    const shape = plan.body.type === 'action' ? WRAPPING.get(plan.body.action) : undefined;
    if (shape === undefined) return [];
    const whole = new RegExp(`\\bsteps\\.${def.id}\\.output(?![\\w.[?-])`);
    const read = readers.find(({ text }) => whole.test(text));
    if (read === undefined) return [];
    const message = `steps.${def.id}.output is ${shape}, not the value`;
    return [warningAt(read.path, 'WRAPPED_RESULT', message, `read steps.${def.id}.result`)];
  });
}
