/**
 * Rules of time zones from several releases over one database: the newest one that any process had
 * decides, and a process with older rules that differ leaves the schedule to others. Pure.
 */

/** Which rules of its zone a schedule goes by. */
export interface ZoneRules {
  /** The IANA release, such as 2026f, or `unknown`. */
  readonly release: string;
  /** The first of the three years that the hash is over. */
  readonly fromYear: number;
  /** Of the changes of the zone in these years. */
  readonly hash: string;
}

const RELEASE = /^(\d{4})([a-z]*)$/;

/** Compares two releases such as 2026f: negative, 0 or positive; null when one of them is not known. */
export function compareReleases(one: string, other: string): number | null {
  const [a, b] = [RELEASE.exec(one), RELEASE.exec(other)];
  if (a === null || b === null) return null;
  const [letters, otherLetters] = [a[2] ?? '', b[2] ?? ''];
  if (a[1] !== b[1]) return Number(a[1]) - Number(b[1]);
  // After z comes aa.
  if (letters.length !== otherLetters.length) return letters.length - otherLetters.length;
  return letters === otherLetters ? 0 : letters < otherLetters ? -1 : 1;
}

const isKnown = (release: string): boolean => RELEASE.test(release);

/** True when a process with these rules writes them in the place of what a row holds. */
export function replacesRules(own: ZoneRules, row: ZoneRules | null): boolean {
  if (row === null) return true;
  if (own.release === row.release) return isKnown(own.release) ? own.fromYear > row.fromYear : true;
  const order = compareReleases(own.release, row.release);
  return order === null ? isKnown(own.release) : order > 0;
}

/** True when a process with these rules, of the years of the row's, must not fire its schedule. */
export function isOverruled(own: ZoneRules, row: ZoneRules | null): boolean {
  if (row === null || own.hash === row.hash || own.release === row.release) return false;
  return !replacesRules(own, row);
}
