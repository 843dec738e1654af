/**
 * Compiles a definition into the plan the engine runs: the graph of each list, parsed durations,
 * compiled expressions and templates.
 *
 * Owns everything that must hold for a plan to make sense: references name steps that have ended,
 * nothing waits for itself, texts compile. The shape of a definition is checked before, in
 * `src/validate`. Pure, linear in the size of the definition.
 */
import type { Definition, StepDef } from '../model/definition.ts';
import { HOOK_COMPLETE, HOOK_ERROR } from '../model/ids.ts';
import type { Issue } from '../model/issue.ts';
import type { ListPlan, Plan } from '../model/plan.ts';
import {
  createPlanContext,
  type Frame,
  type Place,
  type PlanContext,
  type PlanDeps,
  withIds,
} from './graph-context.ts';
import { compileList } from './graph-list.ts';
import { compileDuration, compileTemplate } from './graph-text.ts';

export interface CompiledPlan {
  /** Null when there is a problem that no check newer than the first rules found. */
  readonly plan: Plan | null;
  readonly problems: Issue[];
}

const STEP_NAMES: ReadonlySet<string> = new Set(['steps', 'inputs', 'workflow', 'context', 'step']);
const HOOK_ERROR_NAMES: ReadonlySet<string> = new Set([...STEP_NAMES, 'error']);
const OUTPUT_NAMES: ReadonlySet<string> = new Set(['steps', 'inputs', 'workflow', 'context']);
const START_NAMES: ReadonlySet<string> = new Set(['inputs', 'workflow', 'context']);
const INPUT_NAMES: ReadonlySet<string> = new Set(['workflow', 'context']);

const outside = (names: ReadonlySet<string>): Place => ({ frame: null, names, test: null });

/** A definition's plan, or every problem that keeps it from having one. Never throws. */
export function compilePlan(definition: Definition, deps: PlanDeps): CompiledPlan {
  const cx = createPlanContext(definition, deps, compileList);
  for (const [name, value] of Object.entries(definition.inputs ?? {})) {
    const options = { stepIds: cx.visibleIds, secrets: () => true };
    const compiled = deps.compiler.template(value, options);
    if (compiled.ok && compiled.value.secrets.length > 0) cx.secretInputs.add(name);
  }
  const { plan: top, frame } = compileList(cx, definition.steps, {
    pathOf: (index) => ['steps', index],
    outer: null,
    key: '',
    names: STEP_NAMES,
    concurrent: false,
    sequence: definition.order === 'sequence',
  });
  const behind = withIds(cx, frame.indexById.keys(), () => compileBehind(cx, definition, frame));
  const { timeout } = definition;
  const start = outside(START_NAMES);
  const plan: Plan = {
    hash: deps.hash,
    rules: deps.rules,
    title: titleOf(definition),
    top,
    ...behind,
    inputs: compileTemplate(cx, outside(INPUT_NAMES), definition.inputs ?? {}, ['inputs'], {
      secrets: () => true,
    }),
    context: definition.context ?? {},
    timeout: timeout === undefined ? null : compileDuration(cx, start, timeout, ['timeout']),
    onTimeout: definition.on_timeout ?? 'fail',
    failFast: definition.fail_fast ?? false,
    maxConcurrency: definition.max_concurrency ?? null,
    concurrency: compileConcurrency(cx, start, definition.concurrency),
    workingDir: definition.working_dir ?? null,
    outputSchema: deps.outputSchema,
    secretNames: [...cx.secretNames],
  };
  const compiles = cx.problems.every(
    ({ check, severity }) => check !== undefined || severity === 'warning',
  );
  return { plan: compiles ? plan : null, problems: cx.problems };
}

/** `concurrency`, its key compiled; null without one. */
function compileConcurrency(
  cx: Parameters<typeof compileTemplate>[0],
  start: Parameters<typeof compileTemplate>[1],
  concurrency: Definition['concurrency'],
): Plan['concurrency'] {
  if (concurrency === undefined) return null;
  const { group = null, key, limit = null, when_full: whenFull = 'queue' } = concurrency;
  const path = ['concurrency', 'key'];
  const compiled = key === undefined ? null : compileTemplate(cx, start, key, path);
  return { group, key: compiled, limit, whenFull };
}

/** What comes when every step of the top list has ended: the output and the hooks. */
function compileBehind(
  cx: PlanContext,
  definition: Definition,
  top: Frame,
): Pick<Plan, 'output' | 'onComplete' | 'onError'> {
  const { output, on_complete: complete, on_error: error } = definition;
  const place: Place = { frame: top, names: OUTPUT_NAMES, test: null };
  return {
    output: output === undefined ? null : compileTemplate(cx, place, output, ['output']),
    onComplete: hookPlan(cx, complete, top, 'on_complete', HOOK_COMPLETE, STEP_NAMES),
    onError: hookPlan(cx, error, top, 'on_error', HOOK_ERROR, HOOK_ERROR_NAMES),
  };
}

/** A hook is a list of one step, named by where it stands. */
function hookPlan(
  cx: PlanContext,
  def: StepDef | undefined,
  top: Frame,
  field: string,
  id: string,
  names: ReadonlySet<string>,
): ListPlan | null {
  if (def === undefined) return null;
  const place = {
    pathOf: () => [field],
    outer: top,
    key: id,
    names,
    concurrent: false,
    sequence: false,
  };
  return compileList(cx, [{ ...def, id }], place).plan;
}

function titleOf(definition: Definition): string | null {
  const name = definition.metadata?.name;
  return typeof name === 'string' ? name : null;
}
