/**
 * An event of the log on one line.
 */
import { isJsonObject } from '../../src/model/json.ts';
import type { EventView } from '../../src/ops/shapes.ts';
import type { OutputStream } from '../terminal.ts';
import { shortId } from './run-id.ts';
import { clockText } from './run-table.ts';
import type { Style } from './style.ts';
import { crop, inlineJson, oneLine, padTo, widthOf } from './text.ts';

const TYPE_WIDTH = 20;
/** Less of a payload than this says nothing. */
const LEAST_PAYLOAD = 8;

export interface Shown {
  /** True to begin the line with the run's id. */
  readonly run: boolean;
  /** Today's date: times of that day are shown without it; absent, every time has its date. */
  readonly nowMs: number | null;
}

/** Now, for lines that are read now; null for those that go to a file. */
export const todayOf = ({ isTerminal }: Pick<OutputStream, 'isTerminal'>): number | null =>
  isTerminal ? Date.now() : null;

/**
 * `   12  14:03:59.120  step_completed  build  {"output": …}`. Only the payload is cropped to the width of
 * the terminal.
 */
export function eventLineOf(
  event: EventView,
  { style, width }: { readonly style: Style; readonly width: number | null },
  show: Shown,
): string {
  const time = `${clockText(event.timestamp, show.nowMs)}${event.timestamp.slice(19, 23)}`;
  const type = padTo(oneLine(event.event_type), TYPE_WIDTH);
  const step = event.step_id === undefined ? '' : `${style.bold(oneLine(event.step_id))}  `;
  const isEmpty = !isJsonObject(event.payload) || Object.keys(event.payload).length === 0;
  const payload = isEmpty ? '' : style.dim(inlineJson(event.payload ?? null));
  const run = show.run ? `${shortId(event.workflow_id)}  ` : '';
  const head = `${run}${String(event.sequence).padStart(5)}  ${style.dim(time)}`;
  const told = `${head}  ${type}  ${step}`;
  const room = width === null ? null : width - widthOf(told);
  if (room !== null && room < LEAST_PAYLOAD) return told.trimEnd();
  return `${told}${room === null ? payload : crop(payload, room)}`.trimEnd();
}
