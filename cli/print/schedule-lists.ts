/** Schedules, their times and what became of these, as tables. */
import { formatDuration } from '../../src/model/time.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import type { OccurrenceView, ScheduleView } from '../../src/ops/schedule-schemas.ts';
import type { OutputStream } from '../terminal.ts';
import { shortId } from './run-id.ts';
import { localTime } from './run-table.ts';
import { table } from './table.ts';
import { oneLine } from './text.ts';

const look = (stream: OutputStream) => ({ style: stream.style, width: stream.columns() });

/** One line a schedule; one that was asked for by name with its history. */
export function scheduleLines(schedules: readonly ScheduleView[], stream: OutputStream): string[] {
  const rows = schedules.map((each) => [
    oneLine(each.name),
    oneLine(each.template) + (each.version === null ? '' : ` v${each.version}`),
    oneLine(each.expression),
    each.timezone,
    stateOf(each),
    each.next[0] === undefined ? '' : exactTime(each.next[0]),
    each.last === undefined ? '' : resultOf(each.last),
  ]);
  const headings = [
    'schedule',
    'template',
    'expression',
    'zone',
    'state',
    hereText('next'),
    'last',
  ];
  const lines = rows.length === 0 ? [] : table(headings, rows, look(stream));
  const histories = schedules.flatMap(({ history = [] }) => historyLines(history, stream));
  return histories.length === 0 ? lines : [...lines, '', ...histories];
}

function stateOf({ enabled, paused_reason: reason, next, ...view }: ScheduleView): string {
  if (view.zone_problem !== undefined) return `not fired here: ${oneLine(view.zone_problem)}`;
  if (enabled) return next.length === 0 ? 'over' : 'enabled';
  return reason === undefined ? 'disabled' : `paused: ${oneLine(reason)}`;
}

/** With seconds where they say something. */
export function exactTime(time: string): string {
  const seconds = time.slice(17, 19);
  return seconds === '00' ? localTime(time) : `${localTime(time)}:${seconds}`;
}

/** A heading over times of this machine's zone, which need not be that of the schedule. */
const hereText = (heading: string): string =>
  `${heading} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;

const resultOf = ({ outcome, run }: OccurrenceView): string => run?.status ?? outcome;

/** One line a time, newest first. */
export function historyLines(
  occurrences: readonly OccurrenceView[],
  stream: OutputStream,
): string[] {
  if (occurrences.length === 0) return [];
  const rows = occurrences.map((each) => [
    exactTime(each.due_at),
    each.outcome + (each.origin === 'schedule' ? '' : ` (${each.origin})`),
    each.run === undefined ? '' : shortId(each.run.workflow_id),
    each.run === undefined ? '' : each.run.status + (each.run.removed ? ' (removed)' : ''),
    typeof each.run?.duration_ms === 'number' ? formatDuration(each.run.duration_ms) : '',
    oneLine(each.reason ?? ''),
  ]);
  return table([hereText('due'), 'outcome', 'run', 'result', 'took', 'reason'], rows, look(stream));
}

type Next = Awaited<ReturnType<Ops['schedule_next']>>;

/** One line a time, as the clock in its zone shows it and in UTC. */
export const nextLines = ({ times }: Next, stream: OutputStream): string[] =>
  table(
    ['local', 'UTC'],
    times.map(({ at, local }) => [local, at]),
    look(stream),
  );
