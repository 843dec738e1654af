/**
 * What every step has, whatever its type: guard, limits, retry, error handling, defaults.
 */
import type { RetryDef, StepDef } from '../model/definition.ts';
import { HOOK_COMPLETE, HOOK_ERROR } from '../model/ids.ts';
import type { IssuePath } from '../model/issue.ts';
import type { RetryPlan, StepPlan } from '../model/plan.ts';
import { compileBody } from './graph-bodies.ts';
import type { Frame, Place, PlanContext } from './graph-context.ts';
import { compileDuration, compileExpression } from './graph-text.ts';

/** A step's plan without what only its list knows. */
export type StepParts = Omit<StepPlan, 'index' | 'deps' | 'dependents' | 'fallbackOf' | 'fallback'>;

/** Compiles one step of a frame, and everything below it. */
export function compileStep(
  cx: PlanContext,
  frame: Frame,
  def: StepDef,
  path: IssuePath,
): StepParts {
  const place: Place = { frame, names: frame.names, test: null };
  const { defaults } = cx.definition;
  const isHook = def.id === HOOK_COMPLETE || def.id === HOOK_ERROR;
  const interrupt = def.on_interrupt ?? defaults?.on_interrupt ?? cx.definition.on_interrupt;
  const timeout = timeoutOf(cx, place, def, path, isHook);
  return {
    id: def.id,
    guard:
      def.condition === undefined
        ? null
        : compileExpression(cx, place, def.condition, [...path, 'condition']),
    body: compileBody(cx, place, def, path),
    ignoreErrors: def.on_error?.strategy === 'ignore',
    handledCodes: def.on_error?.on ?? null,
    rule: def.trigger_rule ?? 'all_ok',
    timeout,
    retry: retryOf(cx, place, def, path),
    onInterrupt: interrupt ?? null,
    description: def.description ?? null,
  };
}

/** A composite, a wait or a decision takes longer than one action: the defaults bind it when asked to. */
function takesDefaults({ definition, deps }: PlanContext, { type = 'action' }: StepDef): boolean {
  const binds = definition.defaults?.steps;
  return (
    type === 'action' ||
    binds === 'all' ||
    (binds === undefined && deps.rules.defaultsBindEveryStep)
  );
}

/** A hook's limit is its own, never the default of the steps. */
function timeoutOf(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
  isHook: boolean,
): StepPlan['timeout'] {
  if (def.timeout !== undefined) {
    return compileDuration(cx, place, def.timeout, [...path, 'timeout']);
  }
  const timeout = cx.definition.defaults?.timeout;
  if (timeout === undefined || isHook || !takesDefaults(cx, def)) return null;
  return compileDuration(cx, place, timeout, ['defaults', 'timeout']);
}

function retryOf(cx: PlanContext, place: Place, def: StepDef, path: IssuePath): RetryPlan | null {
  if (def.retry !== undefined) return compileRetry(cx, place, def.retry, [...path, 'retry']);
  const retry = cx.definition.defaults?.retry;
  return retry === undefined || !takesDefaults(cx, def)
    ? null
    : compileRetry(cx, place, retry, ['defaults', 'retry']);
}

function compileRetry(cx: PlanContext, place: Place, def: RetryDef, path: IssuePath): RetryPlan {
  const hasDelay = def.delay !== undefined && cx.deps.rules.delayMeansConstant;
  return {
    max: def.max,
    backoff: def.backoff ?? (hasDelay ? 'constant' : 'none'),
    delay:
      def.delay === undefined
        ? { kind: 'ms', ms: 0 }
        : compileDuration(cx, place, def.delay, [...path, 'delay']),
    maxDelay:
      def.max_delay === undefined
        ? null
        : compileDuration(cx, place, def.max_delay, [...path, 'max_delay']),
    jitter: def.jitter ?? 0,
    on: def.on ?? null,
  };
}
