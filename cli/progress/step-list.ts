/**
 * The steps of a run as a short list: top-level steps always, nested ones while something is open in
 * them, the least interesting left out when there are more than fit. Pure: data in, lines out.
 */
import { isStepEnded } from '../../src/model/run-status.ts';
import { formatDuration } from '../../src/model/time.ts';
import type { StepView } from '../../src/ops/shapes.ts';
import { markOf, STATUS_WIDTH, wordOf } from '../print/marks.ts';
import { clockText } from '../print/run-table.ts';
import { type StepItem, stepTree } from '../print/step-tree.ts';
import type { Style } from '../print/style.ts';
import { counted, crop, oneLine, padTo, widthOf } from '../print/text.ts';

export interface StepListOptions {
  readonly style: Style;
  readonly width: number;
  /** Lines at most. */
  readonly rows: number;
  /** Epoch milliseconds; open steps show how long they have been going on. */
  readonly nowMs: number;
}

const TIME_WIDTH = 7;
const LEAST_DETAIL = 8;
/** Of the width, for indentation, mark and label. */
const NAME_SHARE = 0.5;

/** Lines of the list, each at most `width` columns. */
export function stepList(
  steps: Readonly<Record<string, StepView>>,
  options: StepListOptions,
): string[] {
  const items = stepTree(steps, isTelling, (step) => !isStepEnded(step.status));
  const { shown, left } = fitting(items, options.rows);
  const widest = Math.max(0, ...shown.map((item) => widthOf(nameOf(item, options.style))));
  const nameWidth = Math.min(widest, Math.floor(options.width * NAME_SHARE));
  const lines = shown.map((item) => lineOf(item, nameWidth, options));
  return left === '' ? lines : [...lines, options.style.dim(crop(`  ${left}`, options.width))];
}

/** Indentation, mark and label. */
const nameOf = ({ depth, label, step }: StepItem, style: Style): string =>
  `${'  '.repeat(depth)}${markOf(step.status, style)} ${label}`;

function lineOf(item: StepItem, nameWidth: number, options: StepListOptions): string {
  const { style, width, nowMs } = options;
  const { step } = item;
  const name = padTo(crop(nameOf(item, style), nameWidth), nameWidth);
  const word = padTo(wordOf(step.status, style), STATUS_WIDTH);
  const head = `  ${name}  ${word}  ${elapsedText(step, nowMs).padStart(TIME_WIDTH)}`;
  const detail = oneLine(detailOf(step, nowMs));
  const room = width - widthOf(head) - 2;
  return room < LEAST_DETAIL || detail === ''
    ? crop(head, width)
    : `${head}  ${style.dim(crop(detail, room))}`;
}

function elapsedText(step: StepView, nowMs: number): string {
  if (step.started_at === undefined || step.status === 'skipped') return '';
  const isOpen = !isStepEnded(step.status);
  const spent = isOpen ? nowMs - Date.parse(step.started_at) : step.duration_ms;
  return spent === undefined ? '' : formatDuration(Math.max(0, spent));
}

/** What a step is about just now, in a few words. */
export function detailOf(step: StepView, nowMs: number): string {
  if (step.error !== undefined) {
    const again = step.status === 'retrying' ? `${retryText(step, nowMs)}: ` : '';
    return `${again}${step.error.code} ${step.error.message}`;
  }
  if (step.skip_reason !== undefined) return step.skip_reason.replaceAll('_', ' ');
  if (step.waiting_for !== undefined) return `waits for ${step.waiting_for}`;
  if (step.due_at !== undefined && step.type === 'wait')
    return `until ${clockText(step.due_at, nowMs)}`;
  const isMore = (step.attempts ?? 1) > 1;
  const attempt = isMore ? ` (attempt ${step.attempts})` : '';
  return isStepEnded(step.status) ? attempt.trim() : `${step.action ?? step.type}${attempt}`;
}

function retryText(step: StepView, nowMs: number): string {
  if (step.retry_at === undefined) return 'again soon';
  const left = Date.parse(step.retry_at) - nowMs;
  return left <= 0 ? 'again now' : `again in ${formatDuration(left)}`;
}

/** Of nested steps, those that are open or went wrong. */
const isTelling = (step: StepView): boolean =>
  step.status === 'failed' || !(isStepEnded(step.status) || step.status === 'pending');

/** Drops the later pending steps first, then the earlier finished ones. */
function fitting(
  items: readonly StepItem[],
  rows: number,
): { shown: readonly StepItem[]; left: string } {
  if (items.length <= rows) return { shown: items, left: '' };
  const room = Math.max(1, rows - 1);
  const kept = new Set(items);
  const drop = (candidates: readonly StepItem[]): number => {
    const gone = candidates.slice(0, Math.max(0, kept.size - room));
    for (const item of gone) kept.delete(item);
    return gone.length;
  };
  const are = (...statuses: string[]): StepItem[] =>
    items.filter((item) => statuses.includes(item.step.status));
  const pending = drop(are('pending', 'scheduled').reverse());
  const done = drop(are('completed', 'skipped'));
  const open = drop(are('running', 'suspended', 'retrying', 'failed').reverse());
  const parts = [
    done === 0 ? '' : `${counted(done, 'step')} done`,
    open === 0 ? '' : `${counted(open, 'more step')} going on`,
    pending === 0 ? '' : `${counted(pending, 'step')} to come`,
  ].filter((part) => part !== '');
  return { shown: items.filter((item) => kept.has(item)), left: `… ${parts.join(', ')}` };
}
