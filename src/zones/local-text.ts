/** What a clock on a wall of a zone shows. */
import type { Zone } from './zone.ts';

/** Returns the wall time of an instant with its distance from UTC: `2026-03-29 03:00:00 GMT+02:00`. */
export function localText(zone: Zone, atMs: number): string {
  const { offset } = zone.periodAt(Math.floor(atMs / 1000));
  const wall = new Date(atMs + offset * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `${wall} GMT${offsetText(offset)}`;
}

function offsetText(offset: number): string {
  if (offset === 0) return '';
  const size = Math.abs(offset);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  const shown = size % 60 === 0 ? parts.slice(0, 2) : parts;
  return `${offset < 0 ? '-' : '+'}${shown.map((part) => String(part).padStart(2, '0')).join(':')}`;
}
