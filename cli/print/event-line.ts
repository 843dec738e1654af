/**
 * An event of the log on one line.
 */
import { isJsonObject } from '../../src/model/json.ts';
import type { EventView } from '../../src/ops/shapes.ts';
import { shortId } from './run-id.ts';
import type { Style } from './style.ts';
import { crop, inlineJson, oneLine, padTo } from './text.ts';

const TYPE_WIDTH = 20;

/** `   12  14:03:59.120  step_completed  build  {"output": …}`; with `run` its id leads. */
export function eventLineOf(
  event: EventView,
  style: Style,
  width: number | null,
  show: { readonly run: boolean } = { run: false },
): string {
  const time = new Date(event.timestamp).toISOString().slice(11, 23);
  const type = padTo(oneLine(event.event_type), TYPE_WIDTH);
  const step = event.step_id === undefined ? '' : `${style.bold(oneLine(event.step_id))}  `;
  const isEmpty = !isJsonObject(event.payload) || Object.keys(event.payload).length === 0;
  const payload = isEmpty ? '' : style.dim(inlineJson(event.payload ?? null));
  const run = show.run ? `${shortId(event.workflow_id)}  ` : '';
  const head = `${run}${String(event.sequence).padStart(5)}  ${style.dim(time)}`;
  const line = `${head}  ${type}  ${step}${payload}`.trimEnd();
  return width === null ? line : crop(line, width);
}
