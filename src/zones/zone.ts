/**
 * One time zone as the list of its changes: what its clocks are ahead of UTC at any instant, and which
 * instant a wall-clock time is. Pure; where the list comes from is another file's matter.
 *
 * Times are whole seconds since 1970 in UTC.
 */

/** What a zone's clocks show from one change to the next. */
export interface Period {
  /** Seconds since 1970; `-Infinity` for the first period. */
  readonly from: number;
  /** Seconds that the clocks are ahead of UTC. */
  readonly offset: number;
  /** What the time is called, such as CEST or -03. */
  readonly abbreviation: string;
}

export interface Zone {
  /** The name, spelled as in the IANA database. */
  readonly name: string;
  /** Returns the period that an instant lies in. */
  periodAt(seconds: number): Period;
  /** Returns the periods that begin after `from` and not after `to`, earliest first. */
  changesBetween(from: number, to: number): readonly Period[];
}

/** Makes a zone from its periods, earliest first; at least one. */
export function zoneOfPeriods(name: string, periods: readonly Period[]): Zone {
  const first = periods[0];
  if (first === undefined) throw new Error(`the time zone ${name} has no period`);
  /** Index of the last period that begins at or before an instant. */
  const indexAt = (seconds: number): number => {
    let [low, high] = [0, periods.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((periods[middle] as Period).from <= seconds) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  let last = 0;
  return {
    name,
    periodAt(seconds) {
      const kept = periods[last] as Period;
      const next = periods[last + 1];
      if (kept.from <= seconds && (next === undefined || seconds < next.from)) return kept;
      last = indexAt(seconds);
      return periods[last] as Period;
    },
    changesBetween: (from, to) =>
      from >= to ? [] : periods.slice(indexAt(from) + 1, indexAt(to) + 1),
  };
}

const DAY = 86_400;

/** Where a wall-clock time lies: at one instant, at two, or in a gap that clocks skip. */
export type WallInstants =
  | { readonly kind: 'once'; readonly at: number }
  | { readonly kind: 'twice'; readonly first: number; readonly second: number }
  /** `end` is the instant at which the gap ends, `offset` what the clocks are ahead from then on. */
  | { readonly kind: 'gap'; readonly end: number; readonly offset: number };

/** Finds the instants of a wall-clock time, given as seconds as if it were UTC. */
export function instantsOf(zone: Zone, wall: number): WallInstants {
  // No zone is further from UTC than a day, so every change that matters lies in these two days.
  const around = [zone.periodAt(wall - DAY), ...zone.changesBetween(wall - DAY, wall + DAY)];
  const fits = around
    .filter(({ from, offset }, i) => {
      const at = wall - offset;
      return at >= from && at < (around[i + 1]?.from ?? Number.POSITIVE_INFINITY);
    })
    .map(({ offset }) => wall - offset);
  const [first, second] = fits;
  if (first === undefined) return gapAt(around, wall);
  return second === undefined ? { kind: 'once', at: first } : { kind: 'twice', first, second };
}

/** The gap that holds a wall time which no period shows. */
function gapAt(around: readonly Period[], wall: number): WallInstants {
  for (const [i, { from, offset }] of around.entries()) {
    const before = around[i - 1];
    if (before !== undefined && wall >= from + before.offset && wall < from + offset) {
      return { kind: 'gap', end: from, offset };
    }
  }
  throw new Error(`no period around the wall time ${wall}`);
}
