/**
 * Reads the packed form in which `moment-timezone` ships the IANA database: per zone the names and
 * offsets of its periods, which one comes when, and the minutes from change to change, in base 60.
 */
import { type Period, type Zone, zoneOfPeriods } from './zone.ts';

/** The file `data/packed/latest.json` of the package. */
export interface PackedZones {
  /** The IANA release, such as 2026f. */
  readonly version: string;
  /** `name|abbreviations|offsets|indices|changes|population` */
  readonly zones: readonly string[];
  /** `target|alias` */
  readonly links: readonly string[];
}

const SECONDS_PER_MINUTE = 60;
const BASE = 60;

/** Digits of base 60: 0–9, a–z, A–X. */
function digit(char: string): number {
  const code = char.charCodeAt(0);
  if (code > 96) return code - 87;
  return code > 64 ? code - 29 : code - 48;
}

/** Minutes in base 60 with a fraction, as whole seconds. */
function secondsOf(text: string): number {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.slice(negative ? 1 : 0).split('.');
  let seconds = 0;
  for (const char of whole) seconds = seconds * BASE + digit(char);
  seconds *= SECONDS_PER_MINUTE;
  let unit = SECONDS_PER_MINUTE;
  for (const char of fraction) {
    unit /= BASE;
    seconds += digit(char) * unit;
  }
  return Math.round(negative ? -seconds : seconds);
}

const words = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean);

/** Unpacks one zone under the name that was asked for. */
function unpackZone(name: string, packed: string): Zone {
  const [, names, offsets, indices = '', changes] = packed.split('|');
  const abbreviations = words(names);
  // Packed offsets count what the clocks are behind UTC.
  const ahead = words(offsets).map((text) => -secondsOf(text) + 0);
  const steps = words(changes).map(secondsOf);
  let from = Number.NEGATIVE_INFINITY;
  let at = 0;
  const periods: Period[] = [...indices].map((char, i) => {
    if (i > 0) {
      at += steps[i - 1] ?? 0;
      from = at;
    }
    const index = digit(char);
    return { from, offset: ahead[index] ?? 0, abbreviation: abbreviations[index] ?? '' };
  });
  return zoneOfPeriods(name, periods);
}

/** Finds zones of a packed database by name; each is unpacked when it is first asked for. */
export function packedZones(data: PackedZones): {
  readonly release: string;
  readonly names: () => readonly string[];
  readonly find: (name: string) => Zone | null;
} {
  const texts = new Map<string, string>();
  for (const text of data.zones) texts.set(text.slice(0, text.indexOf('|')), text);
  for (const link of data.links) {
    const [target = '', alias = ''] = link.split('|');
    const text = texts.get(target);
    if (text !== undefined) texts.set(alias, text);
  }
  const unpacked = new Map<string, Zone>();
  return {
    release: data.version,
    names: () => [...texts.keys()].sort(),
    find(name) {
      const known = unpacked.get(name);
      if (known !== undefined) return known;
      const text = texts.get(name);
      if (text === undefined) return null;
      const zone = unpackZone(name, text);
      unpacked.set(name, zone);
      return zone;
    },
  };
}
