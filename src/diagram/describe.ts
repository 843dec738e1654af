/**
 * What a step does, in the few words a box has room for.
 *
 * Reads the wire shape only; expressions are shown as written, shortened. Nothing is validated here:
 * an odd field gives an odd text, never an exception.
 */
import type { DecisionOption, StepConfigDef, StepDef, StepType } from '../model/definition.ts';
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';
import type { DiagramNote } from './model.ts';
import { cleanText, truncate } from './text.ts';

/** Columns an expression or description may take before it is cut. */
const MAX_TEXT_COLUMNS = 72;
/** Options of a decision that are named; the rest are counted. */
const MAX_NAMED_OPTIONS = 6;

/** The text in one line, cut at 72 columns. */
export const shortText = (text: string): string => truncate(cleanText(text), MAX_TEXT_COLUMNS);

/** An expression without the `${{ }}` around the whole of it. */
function shortExpression(source: Json | undefined): string {
  if (isJsonArray(source)) return `${source.length} ${source.length === 1 ? 'item' : 'items'}`;
  if (isJsonObject(source)) return 'an object';
  const text = cleanText(String(source ?? '?'));
  const inner = /^\$\{\{((?:(?!\}\}|\$\{\{).)*)\}\}$/.exec(text);
  return shortText(inner?.[1] ?? text);
}

/** The kind of a step; a step without `type` is an action. */
export const kindOf = (step: StepDef): StepType => step.type ?? 'action';

/** The action a step calls, or undefined when it is of another type. */
export function actionOf(step: StepDef): string | undefined {
  if (kindOf(step) !== 'action') return undefined;
  return step.action ?? (step.run === undefined ? undefined : 'shell.exec');
}

/** One short line: `http.get`, `$ npm test`, `if inputs.ok`, `wait 5m`, `decision`. */
export function summaryOf(step: StepDef): string {
  const config = step.config ?? {};
  switch (kindOf(step)) {
    case 'action':
      return actionSummary(step);
    case 'condition':
      return conditionSummary(config);
    case 'loop':
      return loopSummary(config);
    case 'parallel':
      return config.mode === 'race' ? 'parallel, first one wins' : 'parallel';
    case 'wait':
      return waitSummary(config);
    case 'reasoning':
      return decisionSummary(config);
  }
}

function actionSummary(step: StepDef): string {
  if (step.run !== undefined)
    return `${step.shell === 'bash' ? 'bash' : ''}$ ${shortText(step.run)}`;
  const action = cleanText(step.action ?? 'action');
  const child = step.params?.template_name;
  return action === 'workflow.run' && typeof child === 'string'
    ? `${action} ${shortText(child)}`
    : action;
}

function conditionSummary(config: StepConfigDef): string {
  const keys = Object.keys(config.branches ?? {});
  const isYesNo = keys.every((key) => key === 'true' || key === 'false');
  return `${isYesNo ? 'if' : 'match'} ${shortExpression(config.expression)}`;
}

function loopSummary(config: StepConfigDef): string {
  if (config.mode === 'while' || config.mode === 'until') {
    return `${config.mode} ${shortExpression(config.condition)}`;
  }
  return `for each of ${shortExpression(config.over)}`;
}

function waitSummary(config: StepConfigDef): string {
  if (config.signal !== undefined) return `wait for signal ${shortText(config.signal)}`;
  if (config.until !== undefined) return `wait until ${shortExpression(config.until)}`;
  return `wait ${shortExpression(config.duration)}`;
}

function decisionSummary(config: StepConfigDef): string {
  if (config.target_agent !== undefined) return `decision by ${shortText(config.target_agent)}`;
  if (config.by === 'person') return 'decision by a person';
  return config.by === 'agent' ? 'decision by an agent' : 'decision';
}

/** Guards, options and policies of a step, in the order in which they matter to a reader. */
export function notesOf(step: StepDef): DiagramNote[] {
  const notes: DiagramNote[] = [];
  const policy = (text: string | null): void => {
    if (text !== null) notes.push({ kind: 'policy', text });
  };
  if (step.condition !== undefined) {
    notes.push({ kind: 'guard', text: `only if ${shortExpression(step.condition)}` });
  }
  if (kindOf(step) === 'reasoning') {
    for (const text of optionTexts(step.config?.options ?? []))
      notes.push({ kind: 'choice', text });
  }
  policy(ruleText(step));
  policy(retryText(step));
  policy(limitText(step));
  policy(loopLimitText(step));
  if (step.on_error?.strategy === 'ignore') policy(ignoredText(step.on_error.on));
  return notes;
}

const ignoredText = (codes: readonly string[] | undefined): string =>
  codes === undefined ? 'errors ignored' : truncate(`${codes.join(', ')} ignored`, 48);

function optionTexts(options: readonly DecisionOption[]): string[] {
  if (options.length === 0) return ['any answer'];
  const named = options.slice(0, MAX_NAMED_OPTIONS).map((option) => {
    const id = truncate(cleanText(option.id), 32);
    return option.outcome === 'stop' ? `${id} (stops)` : id;
  });
  const rest = options.length - named.length;
  return rest > 0 ? [...named, `${rest} more`] : named;
}

function ruleText(step: StepDef): string | null {
  switch (step.trigger_rule) {
    case 'all_completed':
      return 'when all completed';
    case 'none_failed':
      return 'when none failed';
    case 'all_done':
      return 'when all ended';
    case 'any_failed':
      return 'when one failed';
    default:
      return null;
  }
}

function retryText(step: StepDef): string | null {
  const retry = step.retry;
  if (retry === undefined || retry.max < 1) return null;
  const backoff =
    retry.backoff === undefined || retry.backoff === 'none' ? '' : `, ${retry.backoff}`;
  return `retry ${retry.max}x${backoff}${retry.delay === undefined ? '' : ` ${retry.delay}`}`;
}

function limitText(step: StepDef): string | null {
  const limit = step.timeout ?? step.config?.timeout;
  if (limit === undefined) return null;
  const config = step.config;
  const then =
    config?.fallback !== undefined
      ? `, then ${truncate(cleanText(config.fallback), 24)}`
      : config?.on_timeout === 'continue'
        ? ', then goes on'
        : '';
  return `limit ${shortText(limit)}${then}`;
}

function loopLimitText(step: StepDef): string | null {
  const config = step.config;
  const parts: string[] = [];
  if (config?.max_iter !== undefined) parts.push(`at most ${config.max_iter}`);
  if ((config?.max_concurrency ?? 1) > 1) parts.push(`${config?.max_concurrency} at once`);
  return parts.length === 0 ? null : parts.join(', ');
}
