/**
 * Time zones: which names there are, and which instant a wall-clock time is.
 *
 * A wall time that a zone skips (clocks go forward) stands for the end of the gap; one that it has
 * twice (clocks go back) for the first. What the zone's rules are is the platform's IANA database.
 */

/** A time as a clock on the wall shows it. `month` is 1 to 12. */
export interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export interface Zones {
  /** True for a name of the IANA database, in any spelling of its letters. */
  has(name: string): boolean;
  /** The instant of a wall time in a zone, epoch milliseconds. */
  instant(zone: string, wall: WallTime): number;
}

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;
/** Not `+02:00`: an offset knows nothing of summer time. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

/** Zones of this platform; formats are kept, because making one costs a hundred times its use. */
export function createZones(): Zones {
  const formats = new Map<string, Intl.DateTimeFormat>();
  const formatOf = (zone: string): Intl.DateTimeFormat => {
    const known = formats.get(zone);
    if (known !== undefined) return known;
    const made = new Intl.DateTimeFormat('en-US', { ...FIELDS, timeZone: zone });
    formats.set(zone, made);
    return made;
  };
  return {
    has(name) {
      if (!NAME.test(name)) return false;
      try {
        formatOf(name);
        return true;
      } catch (thrown) {
        if (thrown instanceof RangeError) return false;
        throw thrown;
      }
    },
    instant(zone, wall) {
      const format = formatOf(zone);
      return instantOf((atMs) => offsetAt(format, atMs), utcOf(wall));
    },
  };
}

const FIELDS: Intl.DateTimeFormatOptions = {
  calendar: 'gregory',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  era: 'short',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
};

/** The wall time as if it were UTC. */
function utcOf({ year, month, day, hour, minute, second }: WallTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** What the zone's clocks are ahead of UTC at an instant, milliseconds. */
function offsetAt(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const wall = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  );
  return wall - Math.floor(atMs / SECOND_MS) * SECOND_MS;
}

function instantOf(offset: (atMs: number) => number, wallMs: number): number {
  const before = offset(wallMs - DAY_MS);
  const after = offset(wallMs + DAY_MS);
  const fits = [before, after]
    .map((ahead) => ({ at: wallMs - ahead, ahead }))
    .filter(({ at, ahead }) => offset(at) === ahead)
    .map(({ at }) => at);
  return fits.length > 0
    ? Math.min(...fits)
    : changeBetween(offset, wallMs - DAY_MS, wallMs + DAY_MS);
}

/** The first second with the later offset. */
function changeBetween(offset: (atMs: number) => number, fromMs: number, toMs: number): number {
  const late = offset(toMs);
  let [low, high] = [Math.floor(fromMs / SECOND_MS), Math.floor(toMs / SECOND_MS)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offset(middle * SECOND_MS) === late) high = middle;
    else low = middle;
  }
  return high * SECOND_MS;
}
