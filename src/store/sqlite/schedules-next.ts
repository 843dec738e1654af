/** The columns of a schedule's next time: the instant, its place on the clocks, and the rules it goes by. */
import type { LocalTime, NextTime } from '../../model/schedule.ts';
import type { ZoneRules } from '../../model/zone-rules.ts';

export type Value = string | number | null;

/** Columns for where the next time stands; `''` where it stands nowhere. */
export const placeValues = (place: LocalTime | null): readonly [string, number] => [
  place?.local ?? '',
  place?.pass ?? 0,
];

export const rulesValues = (rules: ZoneRules | null): readonly Value[] => [
  rules?.release ?? null,
  rules?.fromYear ?? null,
  rules?.hash ?? null,
];

/** Columns that a change of the next time sets, with their values. */
export function nextColumns(next: Partial<NextTime>): readonly (readonly [string, Value])[] {
  const set: (readonly [string, Value])[] = [];
  if (next.nextAt !== undefined) {
    const [local, pass] = placeValues(next.nextLocal ?? null);
    set.push(['next_at', next.nextAt], ['next_local_at', next.nextAt]);
    set.push(['next_local', local], ['next_pass', pass]);
  }
  if (next.fireAt !== undefined) set.push(['fire_at', next.fireAt]);
  if (next.zoneRules !== undefined) {
    const [release = null, fromYear = null, hash = null] = rulesValues(next.zoneRules);
    set.push(['zone_release', release], ['zone_from', fromYear], ['zone_hash', hash]);
  }
  return set;
}
