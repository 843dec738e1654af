/**
 * The answer to `opcode status`: what goes on, what waits and why, what failed lately.
 */
import type { RunStatus } from '../../src/model/run-status.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import type { RunSummary } from '../../src/ops/shapes.ts';
import type { OutputStream } from '../terminal.ts';
import { tagOf } from './marks.ts';
import { shortId } from './run-id.ts';
import { runTable } from './run-table.ts';
import { oneLine } from './text.ts';

type Overview = Awaited<ReturnType<Ops['overview']>>;

const ORDER: readonly RunStatus[] = [
  'active',
  'pending',
  'suspended',
  'completed',
  'failed',
  'cancelled',
];

/** Lines of the overview; a hint for beginners when there is nothing yet. */
export function overviewLines(overview: Overview, stream: OutputStream): string[] {
  const { style } = stream;
  const counts = ORDER.filter((status) => (overview.counts[status] ?? 0) > 0);
  if (counts.length === 0) {
    return [
      ...outdated(overview, stream),
      'Nothing has run yet.',
      `Try ${style.cyan('opcode examples quickstart --run')}, or ${style.cyan('opcode run <file>')}.`,
    ];
  }
  const numbers = counts.map((status) => `${tagOf(status, style)} ${overview.counts[status]}`);
  return [
    numbers.join('   '),
    ...section('Running', overview.running, stream),
    ...section('Waiting', overview.waiting, stream),
    ...decisions(overview, stream),
    ...section('Failed lately', overview.failed, stream),
    ...undelivered(overview, stream),
    ...outdated(overview, stream),
  ];
}

/** Templates that run as they are and could not be defined like this today. */
function outdated({ outdated: templates }: Overview, { style }: OutputStream): string[] {
  if (templates.length === 0) return [];
  const lines = templates.map(({ template, version, issues }) => {
    const [first] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
    return `  ${oneLine(template)} v${version}  ${oneLine(`${first?.path ?? ''}: ${first?.message ?? ''}`)}${more}`;
  });
  return ['', style.bold('Run as before, and refused when they are defined anew'), ...lines];
}

function section(title: string, runs: readonly RunSummary[], stream: OutputStream): string[] {
  if (runs.length === 0) return [];
  return ['', stream.style.bold(title), ...runTable(runs, stream)];
}

function undelivered({ undelivered: channels }: Overview, { style }: OutputStream): string[] {
  if (channels.length === 0) return [];
  const lines = channels.map(({ channel, waiting, gave_up, last_error }) => {
    const given = gave_up === 0 ? '' : `, ${gave_up} given up`;
    const error = last_error === null ? '' : `: ${oneLine(last_error)}`;
    return `  ${channel}  ${waiting} waiting${given}${error}`;
  });
  return ['', style.bold('Not delivered'), ...lines];
}

function decisions({ pending_decisions: pending }: Overview, { style }: OutputStream): string[] {
  if (pending.length === 0) return [];
  const lines = pending.map((decision) => {
    const options = decision.options.map((option) => oneLine(option.id)).join('|');
    const choice = options === '' ? '<answer>' : options;
    return `  ${style.cyan(`opcode decide ${shortId(decision.workflow_id)} ${oneLine(decision.step_id)} ${choice}`)}`;
  });
  return ['', style.bold('Decisions'), ...lines];
}
