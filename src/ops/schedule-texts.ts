/** What the texts of a schedule's fields mean; what is wrong with one is a text too. */
import { parseDuration } from '../model/time.ts';

export const DEFAULT_CATCH_UP_MS = 3_600_000;
const MAX_JITTER_MS = 24 * 3_600_000;

/** Milliseconds of a `catch_up`, null for `all`; or what is wrong with it. */
export function readCatchUp(text: string | 0): { ms: number | null } | { problem: string } {
  if (text === 'all') return { ms: null };
  if (text === 0 || text.trim() === '0') return { ms: 0 };
  const parsed = parseDuration(text);
  if (!parsed.ok) return { problem: `${parsed.message}; or 0, or "all"` };
  return { ms: Math.round(parsed.ms) };
}

/** Milliseconds of a `jitter`; or what is wrong with it. */
export function readJitter(text: string): { ms: number } | { problem: string } {
  const parsed = parseDuration(text);
  if (!parsed.ok) return { problem: parsed.message };
  if (parsed.ms > MAX_JITTER_MS) return { problem: `"${text}" is over a day` };
  return { ms: Math.round(parsed.ms) };
}
