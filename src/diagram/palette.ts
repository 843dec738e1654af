/**
 * The colours of a status in Mermaid, SVG and PNG: light fills with dark text, readable on white.
 */
import type { StepStatus } from '../model/run-status.ts';

interface StatusColors {
  readonly fill: string;
  readonly stroke: string;
}

export const TEXT_COLOR = '#1f2933';
export const MUTED_COLOR = '#52606d';
export const LINE_COLOR = '#616e7c';
export const CLUSTER_COLORS: StatusColors = { fill: '#f8fafc', stroke: '#cbd2d9' };
const NO_STATUS_COLORS: StatusColors = { fill: '#ffffff', stroke: '#7b8794' };

const BUSY: StatusColors = { fill: '#e0f2fe', stroke: '#0284c7' };

export const STATUS_COLORS: Readonly<Record<StepStatus, StatusColors>> = {
  pending: { fill: '#f5f7fa', stroke: '#9aa5b1' },
  scheduled: BUSY,
  running: BUSY,
  retrying: { fill: '#fef3c7', stroke: '#d97706' },
  suspended: { fill: '#f3e8ff', stroke: '#9333ea' },
  completed: { fill: '#dcfce7', stroke: '#16a34a' },
  failed: { fill: '#fee2e2', stroke: '#dc2626' },
  skipped: { fill: '#f5f7fa', stroke: '#cbd2d9' },
};

/** The colours for a status, or those of a picture without statuses. */
export const colorsOf = (status: StepStatus | undefined): StatusColors =>
  status === undefined ? NO_STATUS_COLORS : STATUS_COLORS[status];
