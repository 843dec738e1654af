/**
 * Figures as a Markdown table for people, and as JSON for programs.
 */
import type { Bar, Figure, Unit } from './figure.ts';
import type { Machine } from './machine.ts';

export interface Report {
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string>>;
  readonly figures: readonly Figure[];
}

const HEADINGS = ['figure', 'settings', 'median', 'p10 – p90', 'raw limit', '× raw', 'bar', ''];

/** Three digits that matter; thousands without a point. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
  return String(Number(value.toPrecision(3)));
}

const withUnit = (value: number | null, unit: Unit): string => {
  if (value === null) return '';
  return unit === '×' || unit === '%'
    ? `${formatNumber(value)}${unit}`
    : `${formatNumber(value)} ${unit}`;
};

function formatBar(bar: Bar | null, unit: Unit): string {
  if (bar === null) return '';
  const parts: string[] = [];
  if (bar.max !== undefined) parts.push(`≤ ${withUnit(bar.max, unit)}`);
  if (bar.min !== undefined) parts.push(`≥ ${withUnit(bar.min, unit)}`);
  if (bar.ratio !== undefined) parts.push(`≤ ${bar.ratio} × raw`);
  return parts.join(', ');
}

const MARKS = { true: '✓', false: '✗', null: '' } as const;

function rowOf(figure: Figure): string[] {
  const { unit, low, high } = figure;
  return [
    figure.note === '' ? figure.name : `${figure.name} (${figure.note})`,
    figure.settings,
    withUnit(figure.median, unit),
    figure.samples < 2 ? '' : `${formatNumber(low)} – ${formatNumber(high)}`,
    withUnit(figure.raw, unit),
    figure.ratio === null ? '' : formatNumber(figure.ratio),
    formatBar(figure.bar, unit),
    MARKS[`${figure.met}`],
  ];
}

const tableRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** One table, suite by suite, with the machine above it. */
export function toMarkdown({ machine, settings, figures }: Report): string {
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB, ${machine.os}`,
    `Bun ${machine.bun}, SQLite ${machine.sqlite}, ${machine.file_system}, load ${machine.load}`,
    ...Object.entries(settings).map(([name, value]) => `${name}: ${value}`),
  ];
  const lines = [...facts.map((fact) => `- ${fact}`), ''];
  lines.push(tableRow(HEADINGS), tableRow(HEADINGS.map(() => '---')));
  let suite = '';
  for (const figure of figures) {
    if (figure.suite !== suite) {
      suite = figure.suite;
      lines.push(tableRow([`**${suite}**`, ...HEADINGS.slice(1).map(() => '')]));
    }
    lines.push(tableRow(rowOf(figure)));
  }
  return lines.join('\n');
}

export const toJson = (report: Report): string => JSON.stringify(report, null, 2);

/** One line for whoever watches the measuring. */
export const progressLine = (figure: Figure): string => {
  const [name, settings, value, , raw, ratio, bar, mark] = rowOf(figure);
  const limit = raw === '' ? '' : `, raw ${raw} (× ${ratio})`;
  return `${figure.suite}: ${name} [${settings}] ${value}${limit}${bar === '' ? '' : `, ${bar} ${mark}`}`;
};
