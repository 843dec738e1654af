/**
 * One run as `opcode status <run>` shows it, and one step whole.
 */

import type { JsonObject } from '../../src/model/json.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import { detailOf } from '../progress/step-list.ts';
import type { OutputStream } from '../terminal.ts';
import type { ListedStep } from './listed-steps.ts';
import { tagOf } from './marks.ts';
import { runEndLines } from './run-end.ts';
import { localTime } from './run-table.ts';
import { stepTree } from './step-tree.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';
import { indent, inlineJson, oneLine, readableJson } from './text.ts';

/** Head, facts, steps, error or waits, output. */
export function runLines(run: StatusOutput, stream: OutputStream): string[] {
  const { style } = stream;
  const [head = '', ...rest] = runEndLines(run, style);
  return [
    head,
    ...factLines(run, style),
    '',
    ...stepTable(run, stream),
    ...(rest.length === 0 ? [] : ['', ...rest]),
    ...(run.output === undefined
      ? []
      : ['', style.bold('Output'), indent(readableJson(run.output), '  ')]),
  ];
}

function factLines(run: StatusOutput, style: Style): string[] {
  const facts: [string, string][] = [['started', localTime(run.started_at)]];
  if (run.completed_at !== undefined) facts.push(['ended', localTime(run.completed_at)]);
  if (run.agent_id !== null) facts.push(['by', oneLine(run.agent_id)]);
  if (run.parent !== undefined) facts.push(['parent', run.parent.workflow_id]);
  if (run.from !== undefined) facts.push(['rerun of', run.from.workflow_id]);
  if (Object.keys(run.input).length > 0) facts.push(['input', inlineJson(run.input)]);
  if (Object.keys(run.context).length > 0) facts.push(['context', inlineJson(run.context)]);
  const { masking_incomplete: unmasked = [] } = run;
  if (unmasked.length > 0) facts.push(['unmasked', unmaskedText(unmasked)]);
  return facts.map(([name, value]) => `  ${style.dim(name.padEnd(8))}  ${value}`);
}

const unmaskedText = (names: readonly string[]): string =>
  `${names.map(oneLine).join(', ')}: used before with a value that the process which went on does not know`;

function stepTable(run: StatusOutput, stream: OutputStream): string[] {
  const { style } = stream;
  const nowMs = Date.parse(run.started_at) + run.duration_ms;
  const rows = stepTree(run.steps).map(({ step, depth, label }) => [
    `${'  '.repeat(depth)}${label}`,
    tagOf(step.status, style),
    step.started_at === undefined ? '' : formatDuration(step.duration_ms ?? 0),
    oneLine(detailOf(step, nowMs) || (step.action ?? step.type)),
  ]);
  return table(['step', 'status', 'took', 'about'], rows, { style, width: stream.columns() });
}

/** A step with its input, output and error in full. */
export function stepLines(step: ListedStep, { style }: OutputStream): string[] {
  const took =
    step.duration_ms === undefined ? '' : `  ${style.dim(formatDuration(step.duration_ms))}`;
  const what = step.action === undefined ? step.type : `${step.type} ${step.action}`;
  const lines = [
    `${tagOf(step.status, style)}  ${style.bold(oneLine(step.step_id))}  ${what}${took}`,
  ];
  const part = (title: string, text: string): void => {
    lines.push('', style.bold(title), indent(text, '  '));
  };
  if (step.input !== undefined) part('Input', readableJson(step.input));
  if (step.output !== undefined) part('Output', readableJson(step.output));
  if (step.error !== undefined) part('Error', readableJson({ ...step.error } as JsonObject));
  return lines;
}
