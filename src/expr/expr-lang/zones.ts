/**
 * Timezones: UTC, fixed offsets and the IANA names the runtime knows. No zone of this machine.
 */
import { secondsOf } from './civil.ts';
import { KIND, type Zone } from './time-values.ts';

export const UTC: Zone = { [KIND]: 'zone', name: 'UTC', offsetAt: () => 0 };

/** A zone that is always the same distance from UTC. */
export function fixedZone(offset: number, name = ''): Zone {
  return offset === 0 && name === '' ? UTC : { [KIND]: 'zone', name, offsetAt: () => offset };
}

/** The zone of an IANA name, or null when there is none of that name. */
export function namedZone(name: string): Zone | null {
  if (name === 'UTC' || name === '') return UTC;
  const format = formatter(name);
  return format && { [KIND]: 'zone', name, offsetAt: (seconds) => offsetIn(format, seconds) };
}

/** Seconds since 1970 of a local time; in a gap or an overlap the offset before it counts. */
export function localToUnix(zone: Zone, localSeconds: number): number {
  const guess = zone.offsetAt(localSeconds);
  return localSeconds - zone.offsetAt(localSeconds - guess);
}

function formatter(timeZone: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z]/.test(timeZone)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function offsetIn(format: Intl.DateTimeFormat, seconds: number): number {
  const field: Record<string, number> = {};
  let before = false;
  for (const { type, value } of format.formatToParts(seconds * 1000)) {
    if (type === 'era') before = value.startsWith('B');
    else field[type] = Number(value);
  }
  const year = before ? 1 - (field.year ?? 1) : (field.year ?? 1);
  const { month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
  return secondsOf(year, month, day, hour, minute, second) - seconds;
}
