/** Guards over the exit code of a command that fails its step: they never see another code than 0. */
import type { Issue } from '../model/issue.ts';
import { isJsonObject, ownValue } from '../model/json.ts';
import { warningAt } from './issues.ts';
import type { PlannedStep } from './plan-walk.ts';
import { type TextPlace, textsOfStep } from './text-walk.ts';

/** Warns where what comes next is chosen by a code that is always 0 there. */
export function zeroExitCodes(steps: readonly PlannedStep[]): Issue[] {
  const guards = steps.flatMap(({ def, path }) => textsOfStep(def, path)).filter(isGuard);
  return steps.flatMap((step) => {
    if (guards.length === 0 || !failsOnExitCode(step)) return [];
    const { def } = step;
    const code = new RegExp(`\\bsteps\\.${def.id}\\.(?:output\\.)?exit_code\\b`);
    const reader = guards.find(({ text }) => code.test(text));
    if (reader === undefined) return [];
    const message = `"${def.id}" fails when its command does not exit with 0, so steps.${def.id}.exit_code is 0 wherever this is looked at`;
    const hint = `to choose by the code give "${def.id}" the params {"fail_on_error": false}`;
    return [warningAt(reader.path, 'ZERO_EXIT_CODE', message, hint)];
  });
}

const GUARDS: ReadonlySet<string> = new Set(['condition', 'expression']);

/** A condition of a step or loop, or the expression of a condition step. */
const isGuard = ({ path }: TextPlace): boolean =>
  GUARDS.has(String(path.at(-1))) && path.at(-2) !== 'params';

/** True for a command whose other exit codes end the step, with nothing that deals with its failure. */
function failsOnExitCode({ plan }: PlannedStep): boolean {
  const { body } = plan;
  if (body.type !== 'action' || body.action !== 'shell.exec') return false;
  if (plan.ignoreErrors || plan.fallback !== null || !isJsonObject(body.params.raw)) return false;
  return ownValue(body.params.raw, 'fail_on_error') === true;
}
