/** How the version of a template is written: `3`, `"3"`, `"v3"`, `latest`. */

/** A version by number, or the newest one at the moment of use. */
export type VersionRef = number | 'latest';

export const VERSION_FORMS = 'a version such as 3, "v3" or "latest"';

const NUMBERED = /^v?(\d{1,15})$/i;

/** Reads a version; null when the value is none. */
export function readVersion(value: unknown): VersionRef | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 1 ? value : null;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (text.toLowerCase() === 'latest') return 'latest';
  const digits = NUMBERED.exec(text)?.[1];
  return digits === undefined || Number(digits) < 1 ? null : Number(digits);
}

/** The number to look a version up by; null for the newest. */
export const versionNumber = (version: VersionRef | null | undefined): number | null =>
  version === undefined || version === 'latest' ? null : version;
