/**
 * Figures as Prometheus reads them (text format 0.0.4), and the one that is kept as a histogram.
 */

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  /** Behind the family's name: `_sum`. */
  readonly suffix?: string;
}

/** Samples of one name. Without samples nothing is said of it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The text of families, in their order. */
export const metricsText = (families: readonly Family[]): string =>
  families
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, type, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples
          .map(
            ({ labels = {}, value, suffix = '' }) =>
              `${name}${suffix}${labelText(labels)} ${value}\n`,
          )
          .join('')}`,
    )
    .join('');

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** A gauge or counter of one value. */
export const single = (
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  value: number,
): Family => ({ name, help, type, samples: [{ value }] });

export interface Histogram {
  observe(labels: Labels, value: number): void;
  family(): Family;
}

interface Series {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Series of different labels beyond this many are counted together, so that memory stays bounded. */
const MAX_SERIES = 500;

/** A histogram with these upper bounds, ascending; observations of equal labels are one series. */
export function createHistogram(name: string, help: string, bounds: readonly number[]): Histogram {
  const all = new Map<string, Series>();
  const seriesOf = (labels: Labels): Series => {
    const key = Object.values(labels).join('\n');
    const known = all.get(key);
    if (known !== undefined) return known;
    if (all.size >= MAX_SERIES && !isOthers(labels)) return seriesOf(othersOf(labels));
    const made = { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
    all.set(key, made);
    return made;
  };
  return {
    observe(labels, value) {
      const series = seriesOf(labels);
      series.sum += value;
      series.count += 1;
      const at = bounds.findIndex((bound) => value <= bound);
      if (at >= 0) series.counts[at] = (series.counts[at] ?? 0) + 1;
    },
    family: () => ({
      name,
      help,
      type: 'histogram',
      samples: [...all.values()].flatMap((series) => samplesOf(series, bounds)),
    }),
  };
}

const OTHERS = 'other';

const isOthers = (labels: Labels): boolean =>
  Object.values(labels).every((value) => value === OTHERS);

function othersOf(labels: Labels): Labels {
  const names = Object.keys(labels);
  return Object.fromEntries(names.map((name) => [name, OTHERS]));
}

function samplesOf({ labels, counts, sum, count }: Series, bounds: readonly number[]): Sample[] {
  let below = 0;
  const buckets = bounds.map((bound, at) => {
    below += counts[at] ?? 0;
    return { labels: { ...labels, le: String(bound) }, value: below, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value: sum, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}
