/**
 * One measured figure and how it is made: rounds of samples, median, spread, the raw limit of the
 * same rounds, the bar it is held against.
 *
 * Nothing here judges: a bar that is missed is shown, it does not fail anything.
 */

export type Unit = 'µs' | 'ms' | 'runs/s' | 'steps/s' | '×' | 'MB' | '%' | '/s';

/** What a figure is held against; `ratio` is against its raw limit. */
export interface Bar {
  readonly max?: number;
  readonly min?: number;
  readonly ratio?: number;
}

export interface Figure {
  readonly suite: string;
  readonly name: string;
  /** What was set: store, sync, size. */
  readonly settings: string;
  readonly unit: Unit;
  readonly median: number;
  /** 10th and 90th percentile of all samples. */
  readonly low: number;
  readonly high: number;
  readonly samples: number;
  /** The same rows written bare, same unit; null where nothing is written. */
  readonly raw: number | null;
  /** Median over rounds of measured / raw. */
  readonly ratio: number | null;
  readonly bar: Bar | null;
  readonly met: boolean | null;
  readonly note: string;
}

export interface FigureOptions {
  readonly settings: string;
  readonly unit: Unit;
  readonly bar?: Bar;
  readonly note?: string;
}

/** Samples of one round, and of the raw limit right after it. */
export interface Round {
  readonly samples: readonly number[];
  readonly raw?: readonly number[];
}

/** The value below which the share `q` of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** A figure from its rounds. */
export function figureOf(
  suite: string,
  name: string,
  rounds: readonly Round[],
  options: FigureOptions,
): Figure {
  const samples = rounds.flatMap((round) => round.samples);
  const raws = rounds.flatMap((round) => round.raw ?? []);
  const ratios = rounds.flatMap((round) =>
    round.raw === undefined ? [] : [median(round.samples) / median(round.raw)],
  );
  const value = median(samples);
  const ratio = ratios.length === 0 ? null : median(ratios);
  const bar = options.bar ?? null;
  return {
    suite,
    name,
    settings: options.settings,
    unit: options.unit,
    median: value,
    low: quantile(samples, 0.1),
    high: quantile(samples, 0.9),
    samples: samples.length,
    raw: raws.length === 0 ? null : median(raws),
    ratio,
    bar,
    met: bar === null ? null : isMet(bar, value, ratio),
    note: options.note ?? '',
  };
}

function isMet(bar: Bar, value: number, ratio: number | null): boolean {
  if (bar.max !== undefined && value > bar.max) return false;
  if (bar.min !== undefined && value < bar.min) return false;
  return bar.ratio === undefined || (ratio !== null && ratio <= bar.ratio);
}
