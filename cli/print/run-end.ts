/**
 * How a run is told when it is left: one line about it, then its error, or what it waits for with the
 * commands that help.
 */

import { isJsonObject, type Json, ownValue } from '../../src/model/json.ts';
import { isRunEnded } from '../../src/model/run-status.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { DecisionView } from '../../src/ops/shapes.ts';
import { codeTag } from '../errors.ts';
import { tagOf } from './marks.ts';
import { shortId } from './run-id.ts';
import type { Style } from './style.ts';
import { indent, oneLine, printable } from './text.ts';

/** The parts of a run that are told. */
export type ToldRun = Pick<
  StatusOutput,
  | 'workflow_id'
  | 'status'
  | 'ending'
  | 'paused'
  | 'name'
  | 'template'
  | 'version'
  | 'error'
  | 'duration_ms'
  | 'has_executor'
  | 'pending_decisions'
  | 'waiting_for'
  | 'next'
>;

/** `✓ completed  deploy  3.2s  01934…` */
function headLine(run: ToldRun, style: Style): string {
  const name = oneLine(run.template ?? run.name ?? 'run');
  const version = run.version === null ? '' : style.dim(` v${run.version}`);
  const paused = run.paused ? style.yellow('  paused') : '';
  const ending = run.ending === undefined ? '' : style.yellow(`  ending: ${run.ending}`);
  const spent = style.dim(formatDuration(run.duration_ms));
  return `${tagOf(run.status, style)}  ${style.bold(name)}${version}${ending}${paused}  ${spent}  ${run.workflow_id}`;
}

/** The head line and everything a person needs to go on; `tails`: what a failed command printed. */
export function runEndLines(
  run: ToldRun,
  style: Style,
  show: { readonly tails: boolean } = { tails: true },
): string[] {
  const lines = [headLine(run, style)];
  if (run.error !== undefined) {
    lines.push(...errorLinesOf(run.error, style, show));
    if (run.status === 'failed') lines.push(...adviceLines(run, style));
  }
  if (isRunEnded(run.status)) return lines;
  for (const wait of run.waiting_for) {
    if (!['decision', 'outcome_unknown'].includes(wait.kind))
      lines.push(`  ${printable(wait.text)}`);
  }
  for (const decision of run.pending_decisions) lines.push(...decisionLines(decision, style));
  const commands = commandsFor(run);
  if (commands.length > 0) lines.push(...commands.map((command) => `  ${style.cyan(command)}`));
  return lines;
}

/** A line that says that nothing moves, when that is so; else null. */
export function noExecutorLine(run: ToldRun, style: Style): string | null {
  const isIdle = run.status === 'suspended' && run.waiting_for.length > 0;
  if (isRunEnded(run.status) || run.has_executor || isIdle) return null;
  const what = style.yellow('No process executes this run; nothing moves until one does.');
  return `${what} ${style.cyan(`opcode recover ${shortId(run.workflow_id)}`)}`;
}

const TAILS = ['stderr_tail', 'stdout_tail'] as const;

function errorLinesOf(
  error: NonNullable<ToldRun['error']>,
  style: Style,
  show: { readonly tails: boolean },
): string[] {
  const attempts = (error.attempts ?? 1) > 1 ? ` after ${error.attempts} attempts` : '';
  const where = error.step_id === undefined ? '' : ` in ${style.bold(oneLine(error.step_id))}`;
  const lines = [`${codeTag(error.code, style)} ${printable(error.message)}${where}${attempts}`];
  for (const tail of show.tails ? TAILS : []) {
    const text = detail(error.details, tail);
    if (typeof text !== 'string' || text.trim() === '') continue;
    lines.push(
      style.dim(`  ${tail.replace('_tail', '')}:`),
      indent(printable(text.trimEnd()), '    '),
    );
  }
  return lines;
}

/** What `next` advises, as commands: a retry only where it can help. */
function adviceLines({ workflow_id, next }: ToldRun, style: Style): string[] {
  if (next === undefined) return [];
  const id = shortId(workflow_id);
  const { tool, arguments: args = {}, why } = next;
  const line = (what: string, command: string): string =>
    `  ${style.dim(what)} ${style.cyan(command)}`;
  if (tool === 'signal') return [line('Try again:', `opcode retry ${id}`)];
  if (tool === 'run') {
    const from = ownValue(args, 'from_step');
    const begin = typeof from === 'string' ? ` --from ${oneLine(from)}` : '';
    return [line('Correct the workflow, then:', `opcode rerun ${id}${begin}`)];
  }
  const lines = [`  ${printable(why)}`];
  const step = ownValue(args, 'step_id');
  if (typeof step !== 'string') return lines;
  return [...lines, `  ${style.cyan(`opcode status ${id} ${oneLine(step)}`)}`];
}

const detail = (details: Json | undefined, key: string): Json | undefined =>
  isJsonObject(details) ? ownValue(details, key) : undefined;

function decisionLines(decision: DecisionView, style: Style): string[] {
  const who = decision.target_agent === undefined ? '' : ` from ${oneLine(decision.target_agent)}`;
  const prompt = oneLine(
    typeof decision.prompt === 'string' ? decision.prompt : JSON.stringify(decision.prompt),
  );
  const options = decision.options.map((option) => oneLine(option.id)).join('|');
  const choice = options === '' ? '<answer>' : options;
  return [
    `  ${style.magenta('?')} ${style.bold(oneLine(decision.step_id))}${who}: ${prompt}`,
    `    ${style.cyan(`opcode decide ${shortId(decision.workflow_id)} ${oneLine(decision.step_id)} ${choice}`)}`,
  ];
}

/** Commands that move a run that waits for something else than a decision. */
function commandsFor(run: ToldRun): string[] {
  const id = shortId(run.workflow_id);
  if (run.paused) return [`opcode resume ${id}`];
  return run.waiting_for
    .filter((wait) => wait.kind === 'signal')
    .map((wait) => `opcode signal ${id} data --name ${wait.name ?? ''} --data '{}'`);
}
