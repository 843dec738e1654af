/**
 * The live list on a terminal: what steps print scrolls above, their states stand below.
 *
 * Draws at most five times a second, and only when something changed or time is shown. Asks for a
 * snapshot of the run instead of keeping a second truth about it.
 */
import { formatDuration } from '../../src/model/time.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import { listedSteps } from '../print/listed-steps.ts';
import { tagOf } from '../print/marks.ts';
import { counted, crop, oneLine } from '../print/text.ts';
import type { OutputStream } from '../terminal.ts';
import type { Progress } from './display.ts';
import { createOutputLines } from './output-lines.ts';
import { createRegion, type Region } from './region.ts';
import { stepList } from './step-list.ts';

const DRAW_MS = 200;
/** Elapsed times go on even when nothing happens. */
const IDLE_DRAWS = 5;
const DEFAULT_COLUMNS = 80;
const MAX_ROWS = 16;
const STEP_ENDS = new Set(['step_completed', 'step_failed', 'step_skipped', 'step_retry_attempt']);

/** Live progress on a terminal's stream. */
export function createLiveProgress(
  stream: OutputStream,
  snapshot: () => Promise<StatusOutput>,
): Progress {
  const region = createRegion(stream);
  const lines = createOutputLines(stream.style);
  let held = '';
  let paused = false;
  let closed = false;
  let dirty = true;
  let idle = 0;
  let drawing = false;

  const put = (text: string): void => {
    if (text === '') return;
    if (paused) held += text;
    else region.above(text);
  };
  const draw = async (): Promise<void> => {
    const run = await snapshot();
    if (!(closed || paused)) region.draw(linesOf(run, stream));
  };
  const tick = (): void => {
    idle += 1;
    if (paused || drawing || !(dirty || idle >= IDLE_DRAWS)) return;
    dirty = false;
    idle = 0;
    drawing = true;
    draw()
      .catch((thrown: unknown) => put(`${String(thrown)}\n`))
      .finally(() => {
        drawing = false;
      });
  };
  const timer = setInterval(tick, DRAW_MS);

  return {
    event(event) {
      dirty = true;
      if (event.step_id !== undefined && STEP_ENDS.has(event.event_type)) {
        put(lines.flush(event.step_id));
      }
    },
    output: (chunk) => put(lines.push(chunk)),
    note: (line) => put(`${line}\n`),
    pause() {
      paused = true;
      region.clear();
    },
    resume() {
      paused = false;
      dirty = true;
      flushHeld(region);
    },
    close() {
      closed = true;
      clearInterval(timer);
      region.clear();
      paused = false;
      put(held + lines.flush());
      held = '';
      region.clear();
    },
  };

  function flushHeld(target: Region): void {
    if (held !== '') target.above(held);
    held = '';
  }
}

/** The list with a line about the run below it. */
export function linesOf(run: StatusOutput, stream: OutputStream): string[] {
  const width = (stream.columns() ?? DEFAULT_COLUMNS) - 1;
  const { style } = stream;
  const nowMs = Date.now();
  const rows = Math.max(3, Math.min(MAX_ROWS, Math.floor(stream.rows() / 2)));
  const steps = listedSteps(run.steps).filter((step) => !step.step_id.includes('.'));
  const done = steps.filter((step) => ['completed', 'skipped'].includes(step.status)).length;
  const name = run.name ?? run.template ?? 'run';
  const spent = formatDuration(Math.max(0, nowMs - Date.parse(run.started_at)));
  const what = `${done}/${counted(steps.length, 'step')}`;
  const foot = `${oneLine(name)}  ${what}  ${spent}  ${run.workflow_id.slice(0, 8)}`;
  return [
    ...stepList(run.steps, { style, width, rows, nowMs }),
    `${tagOf(run.status, style)}  ${style.dim(crop(foot, width - 14))}`,
  ];
}
