/** Finding a zone by a name that a person wrote. */
import { type ZoneSource, zoneSource } from './source.ts';
import type { Zone } from './zone.ts';

const spellings = new WeakMap<ZoneSource, ReadonlyMap<string, string>>();

/** Finds a zone by its name in any spelling of its letters; null when there is none. */
export function findZone(name: string, source: ZoneSource = zoneSource()): Zone | null {
  const exact = source.find(name);
  if (exact !== null) return exact;
  const spelled = spellingsOf(source).get(name.toLowerCase());
  return spelled === undefined ? null : source.find(spelled);
}

function spellingsOf(source: ZoneSource): ReadonlyMap<string, string> {
  const known = spellings.get(source);
  if (known !== undefined) return known;
  const names = new Map(source.names().map((name) => [name.toLowerCase(), name]));
  spellings.set(source, names);
  return names;
}
