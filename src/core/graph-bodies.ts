/**
 * What is particular to each step type: composites with their lists, waits, reasoning.
 */
import type { StepConfigDef, StepDef } from '../model/definition.ts';
import type { DurationSource, Template, ValueSource } from '../model/expression.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonArray, type Json } from '../model/json.ts';
import type {
  ConditionPlan,
  ListPlan,
  LoopPlan,
  ParallelPlan,
  ReasoningPlan,
  StepBody,
  WaitPlan,
} from '../model/plan.ts';
import { looksLikeRfc3339, parseRfc3339 } from '../model/time.ts';
import { compileAction } from './graph-action.ts';
import { indexOfList, type Place, type PlanContext, report, withIds } from './graph-context.ts';
import { childLists } from './graph-reads.ts';
import { compileDuration, compileExpression, compileTemplate, hasTemplate } from './graph-text.ts';

/** The body of a step by its type. */
export function compileBody(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
): StepBody {
  switch (def.type ?? 'action') {
    case 'action':
      return compileAction(cx, place, def, path);
    case 'condition':
      return compileCondition(cx, place, def, path);
    case 'loop':
      return compileLoop(cx, place, def, path);
    case 'parallel':
      return compileParallel(cx, place, def, path);
    case 'wait':
      return compileWait(cx, place, def.config ?? {}, [...path, 'config']);
    case 'reasoning':
      return compileReasoning(cx, place, def.config ?? {}, [...path, 'config']);
  }
}

/** The lists of a composite, in the order they are written. */
function listsOf(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
  inside: { readonly names: ReadonlySet<string>; readonly concurrent: boolean } = {
    names: place.names,
    concurrent: place.frame?.concurrent ?? false,
  },
): ListPlan[] {
  return childLists(def).map(({ defs, path: inner, key }) => {
    const pathOf = (index: number): IssuePath => [...path, ...inner, index];
    const at = { pathOf, outer: place.frame, key, ...inside, sequence: true };
    return cx.compileList(cx, defs, at).plan;
  });
}

function compileCondition(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
): ConditionPlan {
  const { config = {} } = def;
  const source = config.expression ?? '';
  const lists = listsOf(cx, place, def, path);
  const keys = Object.keys(config.branches ?? {});
  return {
    type: 'condition',
    expression: compileExpression(cx, place, source, [...path, 'config', 'expression']),
    branches: new Map(keys.map((key, i) => [key, lists[i] as ListPlan])),
    fallback: config.default === undefined ? null : (lists[keys.length] ?? null),
  };
}

function compileLoop(cx: PlanContext, place: Place, def: StepDef, path: IssuePath): LoopPlan {
  const { config = {} } = def;
  const mode = config.mode === 'while' || config.mode === 'until' ? config.mode : 'for_each';
  const names = new Set([...place.names, 'loop']);
  const maxConcurrency = mode === 'for_each' ? (config.max_concurrency ?? 1) : 1;
  const concurrent = maxConcurrency > 1;
  const [body = NO_LIST] = listsOf(cx, place, def, path, { names, concurrent });
  const ids = indexOfList(cx, config.body ?? []);
  const { over, condition } = config;
  return {
    type: 'loop',
    mode,
    over:
      mode === 'for_each' && over !== undefined
        ? compileOver(cx, place, over, [...path, 'config', 'over'])
        : null,
    condition:
      mode === 'for_each' || condition === undefined
        ? null
        : withIds(cx, ids.keys(), () =>
            compileExpression(cx, { ...place, names, test: ids }, condition, [
              ...path,
              'config',
              'condition',
            ]),
          ),
    body,
    maxIter: config.max_iter ?? null,
    maxConcurrency,
  };
}

const NO_LIST: ListPlan = { steps: [], result: -1, leaves: [], indexById: new Map() };

function compileOver(cx: PlanContext, place: Place, over: Json, path: IssuePath): ValueSource {
  if (isJsonArray(over)) {
    return { kind: 'template', template: compileTemplate(cx, place, over, path) };
  }
  const source = typeof over === 'string' ? over : '';
  return { kind: 'expression', expression: compileExpression(cx, place, source, path) };
}

function compileParallel(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
): ParallelPlan {
  return {
    type: 'parallel',
    mode: def.config?.mode === 'race' ? 'race' : 'all',
    branches: listsOf(cx, place, def, path),
    maxConcurrency: def.config?.max_concurrency ?? null,
    settle: def.config?.settle ?? false,
  };
}

function compileWait(
  cx: PlanContext,
  place: Place,
  config: StepConfigDef,
  path: IssuePath,
): WaitPlan {
  return {
    type: 'wait',
    duration: optionalDuration(cx, place, config.duration, [...path, 'duration']),
    until:
      config.until === undefined ? null : compileUntil(cx, place, config.until, [...path, 'until']),
    signal: optionalTemplate(cx, place, config.signal, [...path, 'signal']),
    timeout: optionalDuration(cx, place, config.timeout, [...path, 'timeout']),
    onTimeout: config.on_timeout ?? 'fail',
  };
}

function optionalDuration(
  cx: PlanContext,
  place: Place,
  value: string | undefined,
  path: IssuePath,
): DurationSource | null {
  return value === undefined ? null : compileDuration(cx, place, value, path);
}

function optionalTemplate(
  cx: PlanContext,
  place: Place,
  value: Json | undefined,
  path: IssuePath,
): Template | null {
  return value === undefined ? null : compileTemplate(cx, place, value, path);
}

const DATE = /^\s*\d{4}-\d{2}-\d{2}/;

function compileUntil(cx: PlanContext, place: Place, until: string, path: IssuePath): ValueSource {
  const looksLikeTime = DATE.test(until) && !hasTemplate(until);
  const isTime = !looksLikeTime || parseRfc3339(until) !== null;
  if (!isTime) reportUntil(cx, until, path);
  if (looksLikeTime || hasTemplate(until)) {
    // A registered text means what it did when it was registered.
    const text = isTime ? until : rolledOver(until);
    return { kind: 'template', template: compileTemplate(cx, place, text, path) };
  }
  return { kind: 'expression', expression: compileExpression(cx, place, until, path) };
}

function reportUntil(cx: PlanContext, until: string, path: IssuePath): void {
  const shown = `"${until.slice(0, 60)}"`;
  if (looksLikeRfc3339(until)) {
    const hint = 'look at month, day, hour, minute, second and offset';
    report(cx, path, `${shown} is no time that exists`, { hint, check: 'NO_SUCH_TIME' });
    return;
  }
  const hint = 'write it with a zone, such as "2026-01-31T09:00:00Z"';
  report(cx, path, `${shown} is not an RFC 3339 time`, { hint });
}

/** The day after the last of a month as the first of the next one, as it was once read. */
function rolledOver(until: string): string {
  const atMs = Date.parse(until.replace(' ', 'T'));
  return Number.isNaN(atMs) ? until : new Date(atMs).toISOString();
}

function compileReasoning(
  cx: PlanContext,
  place: Place,
  config: StepConfigDef,
  path: IssuePath,
): ReasoningPlan {
  return {
    type: 'reasoning',
    prompt: compileTemplate(cx, place, config.prompt_context ?? '', [...path, 'prompt_context']),
    options: config.options ?? [],
    data: Object.entries(config.data_inject ?? {}).map(([key, value]) => ({
      key,
      source: compileInjected(cx, place, value, [...path, 'data_inject', key]),
    })),
    timeout: optionalDuration(cx, place, config.timeout, [...path, 'timeout']),
    fallback: config.fallback ?? null,
    targetAgent: optionalTemplate(cx, place, config.target_agent, [...path, 'target_agent']),
    by: config.by ?? 'any',
  };
}

/** A text that begins with a name that can be read here, alone or followed by a path. */
const FIRST_NAME = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:$|[.[])/;

/** A text with `${{` is a template, one that begins with a known name an expression, else itself. */
function compileInjected(cx: PlanContext, place: Place, value: Json, path: IssuePath): ValueSource {
  const name = typeof value === 'string' ? FIRST_NAME.exec(value)?.[1] : undefined;
  const known = name !== undefined && isKnownRoot(name, place);
  if (typeof value === 'string' && known && !hasTemplate(value)) {
    return { kind: 'expression', expression: compileExpression(cx, place, value, path) };
  }
  return { kind: 'template', template: compileTemplate(cx, place, value, path) };
}

const isKnownRoot = (name: string, place: Place): boolean =>
  name === 'secrets' || place.names.has(name === 'iter' ? 'loop' : name);
