/**
 * Timezones: UTC, fixed offsets and the IANA names. No zone of this machine.
 */
import { zoneSource } from '../../zones/source.ts';
import type { Period, Zone as ZoneRules } from '../../zones/zone.ts';
import { KIND, type Zone } from './time-values.ts';

export const UTC: Zone = constantZone('UTC', 0, 'UTC');

/** A zone that is always the same distance from UTC; without a name it is written as its offset. */
export function fixedZone(offset: number, name = ''): Zone {
  return offset === 0 && name === '' ? UTC : constantZone(name, offset, name);
}

function constantZone(name: string, offset: number, abbreviation: string): Zone {
  return {
    [KIND]: 'zone',
    name,
    offsetAt: () => offset,
    abbreviationAt: () => abbreviation,
    instantNamed: (wanted, local) => (wanted === abbreviation ? local - offset : null),
  };
}

/**
 * The zone of an IANA name as the database spells it, or null when there is none of that name.
 * There is no zone of this machine: `Local` is UTC.
 */
export function namedZone(name: string): Zone | null {
  if (name === 'UTC' || name === '' || name === 'Local') return UTC;
  const zone = zoneSource().find(name);
  return (
    zone && {
      [KIND]: 'zone',
      name,
      offsetAt: (seconds) => zone.periodAt(seconds).offset,
      abbreviationAt: (seconds) => zone.periodAt(seconds).abbreviation,
      instantNamed: (wanted, local) => instantNamed(zone, wanted, local),
    }
  );
}

/** Longer than any zone's history. */
const ALL_TIME = 1e12;

/** First a period that holds the moment itself, else any period of that name. */
function instantNamed(zone: ZoneRules, wanted: string, local: number): number | null {
  const here = zone.periodAt(local - zone.periodAt(local).offset);
  if (here.abbreviation === wanted) return local - here.offset;
  const named = [zone.periodAt(-ALL_TIME), ...zone.changesBetween(-ALL_TIME, ALL_TIME)].filter(
    ({ abbreviation }) => abbreviation === wanted,
  );
  const holds = ({ offset }: Period): boolean =>
    zone.periodAt(local - offset).abbreviation === wanted;
  const found = named.find(holds) ?? named[0];
  return found === undefined ? null : local - found.offset;
}

/** Seconds since 1970 of a local time; in a gap or an overlap the offset before it counts. */
export function localToUnix(zone: Zone, localSeconds: number): number {
  const guess = zone.offsetAt(localSeconds);
  return localSeconds - zone.offsetAt(localSeconds - guess);
}
