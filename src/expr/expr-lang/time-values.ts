/**
 * What dates, durations and timezones of the Expr language are made of. They carry a symbol, so no
 * JSON can pass for one.
 */

export const KIND = Symbol('expr value');

/** An instant with the zone it is shown in. `ns` counts nanoseconds since 1970. */
export interface ExprDate {
  readonly [KIND]: 'date';
  readonly ns: bigint;
  readonly zone: Zone;
}

/** A length of time in nanoseconds. */
export interface ExprDuration {
  readonly [KIND]: 'duration';
  readonly ns: bigint;
}

/** A month (1 to 12) or weekday (0 is Sunday): counts as its int, and has a name. */
export interface NamedInt {
  readonly [KIND]: 'month' | 'weekday';
  readonly int: number;
}

/** A timezone: what is added to UTC at an instant, both in seconds. */
export interface Zone {
  readonly [KIND]: 'zone';
  readonly name: string;
  readonly offsetAt: (unixSeconds: number) => number;
  /** What the time is called at an instant, such as CEST; empty when it has no name. */
  readonly abbreviationAt: (unixSeconds: number) => string;
  /** The instant of a local time in a period of that abbreviation, or null when there is none. */
  readonly instantNamed: (abbreviation: string, localSeconds: number) => number | null;
}
