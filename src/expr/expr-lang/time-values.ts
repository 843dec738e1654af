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

/** A timezone: what is added to UTC at an instant, both in seconds. */
export interface Zone {
  readonly [KIND]: 'zone';
  readonly name: string;
  readonly offsetAt: (unixSeconds: number) => number;
}
