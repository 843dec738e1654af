/**
 * The zone rules of the runtime itself, around one instant: programs before this one had the rules of
 * the zones from there, so what they have recorded is read with them. Nothing else goes by these.
 */
import { type Period, type Zone, zoneOfPeriods } from './zone.ts';

const DAY = 86_400;
/** How far around an instant the rules are looked at, days. */
const AROUND = [-2, -1, 0, 1, 2] as const;

/** Returns the zone as the runtime knows it two days around an instant; null when it has no such zone. */
export function runtimeZone(name: string, atMs: number): Zone | null {
  const offsetAt = offsetsOf(name);
  if (offsetAt === null) return null;
  const at = Math.floor(atMs / 1000);
  const periods: Period[] = [];
  let before = 0;
  for (const days of AROUND) {
    const day = at + days * DAY;
    const offset = offsetAt(day);
    const last = periods.at(-1);
    if (last === undefined)
      periods.push({ from: Number.NEGATIVE_INFINITY, offset, abbreviation: '' });
    else if (last.offset !== offset) {
      periods.push({ from: changeBetween(offsetAt, before, day), offset, abbreviation: '' });
    }
    before = day;
  }
  return zoneOfPeriods(name, periods);
}

/** The first second between two instants at which the offset is that of the later one. */
function changeBetween(offsetAt: (seconds: number) => number, from: number, to: number): number {
  const offset = offsetAt(to);
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === offset) high = middle;
    else low = middle;
  }
  return high;
}

const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;
const formats = new Map<string, Intl.DateTimeFormat | null>();

function offsetsOf(name: string): ((seconds: number) => number) | null {
  let format = formats.get(name);
  if (format === undefined) {
    format = formatOf(name);
    formats.set(name, format);
  }
  if (format === null) return null;
  const known = format;
  return (seconds) => {
    const shown = new Map(
      known.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]),
    );
    const [year = 0, month = 1, ...rest] = PARTS.map((part) => shown.get(part) ?? 0);
    const [day, hour, minute, second] = rest;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - seconds;
  };
}

function formatOf(name: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // The runtime has no zone of this name: nothing before went by it.
    return null;
  }
}
