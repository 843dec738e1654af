/**
 * A plan in the order it runs, one line a step, for people and agents to check before running it.
 */
import type { ActionPlan, ListPlan, Plan, StepBody, StepPlan } from '../model/plan.ts';
import { formatDuration } from '../model/time.ts';

/** Lines beyond this are counted, not written. */
const MAX_LINES = 200;

/** Lines such as `2. deploy  shell.exec  after build, test  if inputs.ok`. */
export function planLines(plan: Plan): string[] {
  const lines: string[] = [];
  listLines(lines, plan.top, '', '');
  hookLines(lines, plan.onComplete, 'on_complete');
  hookLines(lines, plan.onError, 'on_error');
  if (lines.length <= MAX_LINES) return lines;
  const rest = lines.length - MAX_LINES;
  return [...lines.slice(0, MAX_LINES), `… and ${rest} more steps`];
}

function hookLines(lines: string[], list: ListPlan | null, name: string): void {
  const [step] = list?.steps ?? [];
  if (step !== undefined) stepLines(lines, step, [], '', name);
}

function listLines(lines: string[], list: ListPlan, indent: string, prefix: string): void {
  inOrder(list).forEach((step, i) => {
    const label = `${prefix}${i + 1}`;
    const deps = step.deps.map((index) => list.steps[index]?.id ?? '');
    const owner = step.fallbackOf === null ? undefined : list.steps[step.fallbackOf];
    stepLines(lines, step, deps, indent, `${label}.`, owner);
  });
}

/** Written order, except that a step never comes before what it waits for. Linear in the edges. */
function inOrder(list: ListPlan): StepPlan[] {
  const waiting = list.steps.map(({ deps }) => new Set(deps).size);
  const ordered: StepPlan[] = [];
  const placed = new Set<number>();
  let ready = list.steps.filter(({ deps }) => deps.length === 0).map(({ index }) => index);
  while (ready.length > 0) {
    const next: number[] = [];
    for (const index of ready) {
      const step = list.steps[index];
      if (step === undefined) continue;
      ordered.push(step);
      placed.add(index);
      for (const follower of new Set(step.dependents)) {
        waiting[follower] = (waiting[follower] ?? 0) - 1;
        if (waiting[follower] === 0) next.push(follower);
      }
    }
    ready = next.sort((a, b) => a - b);
  }
  return [...ordered, ...list.steps.filter(({ index }) => !placed.has(index))];
}

function stepLines(
  lines: string[],
  step: StepPlan,
  deps: readonly string[],
  indent: string,
  label: string,
  fallbackOf?: StepPlan,
): void {
  const parts = [`${indent}${label} ${step.id}`, bodyText(step.body)];
  if (fallbackOf !== undefined)
    parts.push(`only if ${fallbackOf.id} fails${withCodes(fallbackOf)}`);
  else if (deps.length > 0) parts.push(`after ${deps.join(', ')}`);
  if (step.guard !== null) parts.push(`if ${step.guard.source}`);
  if (step.retry !== null) parts.push(`retry ${step.retry.max}`);
  if (step.ignoreErrors) parts.push(`errors ignored${withCodes(step)}`);
  lines.push(parts.join('  '));
  nestedLines(lines, step.body, `${indent}  `);
}

/** The codes that `on_error.on` names, for the end of a phrase. */
const withCodes = ({ handledCodes }: StepPlan): string =>
  handledCodes === null ? '' : ` with ${handledCodes.join(', ')}`;

function bodyText(body: StepBody): string {
  switch (body.type) {
    case 'action':
      return actionText(body);
    case 'condition':
      return `condition ${body.expression.source}`;
    case 'loop':
      return loopText(body);
    case 'parallel':
      return body.mode === 'race' ? 'race' : 'parallel';
    case 'wait':
      return waitText(body);
    case 'reasoning':
      return decisionText(body);
  }
}

const actionText = (body: ActionPlan): string =>
  body.effect === 'unsafe' ? `${body.action} (cannot be repeated safely)` : body.action;

function loopText(body: Extract<StepBody, { type: 'loop' }>): string {
  if (body.mode !== 'for_each') return `${body.mode} ${body.condition?.source ?? ''}`;
  const { over } = body;
  const text =
    over?.kind === 'expression' ? over.expression.source : JSON.stringify(over?.template.raw);
  const together = body.maxConcurrency > 1 ? `, ${body.maxConcurrency} at once` : '';
  return `for each of ${text}${together}`;
}

function waitText(body: Extract<StepBody, { type: 'wait' }>): string {
  if (body.signal !== null) return `wait for signal ${JSON.stringify(body.signal.raw)}`;
  if (body.until !== null) return 'wait until a time';
  return body.duration?.kind === 'ms' ? `wait ${formatDuration(body.duration.ms)}` : 'wait';
}

function decisionText(body: Extract<StepBody, { type: 'reasoning' }>): string {
  const ids = body.options.map((option) => option.id).join(' | ');
  const who = body.by === 'any' ? '' : ` by ${body.by === 'person' ? 'a person' : 'an agent'}`;
  return `decision${who}: ${ids === '' ? 'any text' : ids}`;
}

function nestedLines(lines: string[], body: StepBody, indent: string): void {
  if (body.type === 'condition') {
    for (const [key, list] of body.branches) listLines(lines, list, indent, `${key}: `);
    if (body.fallback !== null) listLines(lines, body.fallback, indent, 'default: ');
  } else if (body.type === 'loop') listLines(lines, body.body, indent, '');
  else if (body.type === 'parallel') {
    body.branches.forEach((list, i) => {
      listLines(lines, list, indent, `branch ${i}: `);
    });
  }
}
