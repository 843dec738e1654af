/**
 * Timezones: UTC, fixed offsets and the IANA names. No zone of this machine.
 */
import { zoneSource } from '../../zones/source.ts';
import { KIND, type Zone } from './time-values.ts';

export const UTC: Zone = { [KIND]: 'zone', name: 'UTC', offsetAt: () => 0 };

/** A zone that is always the same distance from UTC. */
export function fixedZone(offset: number, name = ''): Zone {
  return offset === 0 && name === '' ? UTC : { [KIND]: 'zone', name, offsetAt: () => offset };
}

/** The zone of an IANA name as the database spells it, or null when there is none of that name. */
export function namedZone(name: string): Zone | null {
  if (name === 'UTC' || name === '') return UTC;
  const zone = zoneSource().find(name);
  return zone && { [KIND]: 'zone', name, offsetAt: (seconds) => zone.periodAt(seconds).offset };
}

/** Seconds since 1970 of a local time; in a gap or an overlap the offset before it counts. */
export function localToUnix(zone: Zone, localSeconds: number): number {
  const guess = zone.offsetAt(localSeconds);
  return localSeconds - zone.offsetAt(localSeconds - guess);
}
