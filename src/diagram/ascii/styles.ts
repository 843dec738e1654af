/**
 * Colours of a drawing, as SGR parameters. They repeat what marks and words already say.
 */
import type { StepStatus } from '../../model/run-status.ts';
import { type DiagramNode, STATUS_MARKS } from '../model.ts';

export const BOLD = '1';
export const DIM = '2';

const STATUS_COLOR: Readonly<Record<StepStatus, string>> = {
  pending: '',
  scheduled: '36',
  running: '36',
  retrying: '33',
  suspended: '35',
  completed: '32',
  failed: '31',
  skipped: '2',
};

/** The colour of a status; empty for none. */
export const statusColor = (status: StepStatus | undefined): string =>
  status === undefined ? '' : STATUS_COLOR[status];

/** The same colour, bold. */
export function boldColor(status: StepStatus | undefined): string {
  const color = statusColor(status);
  return color === '' || color === DIM ? BOLD : `${BOLD};${color}`;
}

/** A step's name as shown, led by its status mark when it has one. */
export function markedLabel(node: DiagramNode, label: string, unicode: boolean): string {
  if (node.status === undefined) return label;
  const { mark, plain } = STATUS_MARKS[node.status];
  return `${unicode ? mark : plain} ${label}`;
}
