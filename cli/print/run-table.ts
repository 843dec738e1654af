/**
 * Runs as lines of a table.
 */
import { formatDuration } from '../../src/model/time.ts';
import type { RunSummary } from '../../src/ops/shapes.ts';
import type { OutputStream } from '../terminal.ts';
import { tagOf } from './marks.ts';
import { shortId } from './run-id.ts';
import { table } from './table.ts';
import { crop, oneLine } from './text.ts';

/** Columns of the name of what is no template; that of `exec` is a whole command line. */
const MAX_NAME = 32;

const HEADINGS = ['run', 'status', 'workflow', 'started', 'took', 'about'];

/** A table of runs; the last column says why one waits or failed. */
export function runTable(runs: readonly RunSummary[], stream: OutputStream): string[] {
  const { style } = stream;
  const rows = runs.map((run) => [
    shortId(run.workflow_id),
    tagOf(run.status, style),
    workflowText(run),
    localTime(run.created_at),
    formatDuration(run.duration_ms),
    aboutText(run),
  ]);
  return table(HEADINGS, rows, { style, width: stream.columns() });
}

function workflowText({ template, name, version }: RunSummary): string {
  const text = template === null ? crop(oneLine(name ?? ''), MAX_NAME) : oneLine(template);
  return version === null ? text : `${text} v${version}`;
}

/** What a run is about just now: its error, or what it waits for. */
function aboutText(run: RunSummary): string {
  if (run.error !== undefined) return oneLine(`[${run.error.code}] ${run.error.message}`);
  if (run.paused === true) return 'paused';
  return run.waiting_for.map((wait) => oneLine(wait.text)).join('; ');
}

/** The time of day, behind its date unless that is today, in the local zone; without `nowMs` always. */
export function clockText(time: string, nowMs: number | null): string {
  const clock = new Date(time).toTimeString().slice(0, 8);
  const isToday =
    nowMs !== null && new Date(time).toDateString() === new Date(nowMs).toDateString();
  return isToday ? clock : `${localTime(time).slice(0, 10)} ${clock}`;
}

/** `2025-11-24 14:03` in the local zone. */
export function localTime(time: string): string {
  const date = new Date(time);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
