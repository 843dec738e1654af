/** Finding a zone by a name that a person wrote. */
import { zoneSource } from './source.ts';
import type { Zone } from './zone.ts';

let spellings:
  | { readonly release: string; readonly names: ReadonlyMap<string, string> }
  | undefined;

/** Finds a zone by its name in any spelling of its letters; null when there is none. */
export function findZone(name: string): Zone | null {
  const source = zoneSource();
  const exact = source.find(name);
  if (exact !== null) return exact;
  const spelled = spellingsOf().get(name.toLowerCase());
  return spelled === undefined ? null : source.find(spelled);
}

function spellingsOf(): ReadonlyMap<string, string> {
  const source = zoneSource();
  const key = `${source.kind} ${source.release}`;
  if (spellings?.release !== key) {
    const names = new Map(source.names().map((name) => [name.toLowerCase(), name]));
    spellings = { release: key, names };
  }
  return spellings.names;
}
