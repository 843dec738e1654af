/**
 * The filter of a query: which fields a resource takes, and what they mean as values.
 *
 * A field that says nothing about a resource is an error, never passed over: an answer that ignores a
 * part of the question is a wrong answer.
 */
import type * as v from 'valibot';
import { AppError } from '../model/error.ts';
import type { Page } from '../model/store.ts';
import { parseRfc3339 } from '../model/time.ts';
import { FILTER_FIELDS, type queryFilter, type RESOURCES } from './query-schemas.ts';

export type QueryFilter = v.InferOutput<typeof queryFilter> & { readonly limit: number };

/** @throws VALIDATION_ERROR naming a field that the resource does not have */
export function checkFields(resource: (typeof RESOURCES)[number], filter: QueryFilter): void {
  const known = FILTER_FIELDS[resource];
  for (const [key, value] of Object.entries(filter)) {
    if (value === undefined || key === 'limit' || key === 'cursor') continue;
    if (known.some((field) => field === key)) continue;
    throw new AppError('VALIDATION_ERROR', `filter.${key}: ${resource} have no such filter`, {
      hint: `they take ${known.join(', ')}, limit, cursor`,
    });
  }
}

/** Epoch milliseconds of `since` and `until`. @throws VALIDATION_ERROR */
export function timesOf({ since, until }: QueryFilter): { since?: number; until?: number } {
  return {
    ...(since === undefined ? {} : { since: instantOf('since', since) }),
    ...(until === undefined ? {} : { until: instantOf('until', until) }),
  };
}

function instantOf(field: string, text: string): number {
  const ms = parseRfc3339(text);
  if (ms !== null) return ms;
  throw new AppError('VALIDATION_ERROR', `filter.${field}: "${text}" is no time`, {
    hint: 'RFC 3339 with a zone, such as 2026-01-31T12:00:00Z',
  });
}

/** One or several values as a list of known ones. @throws VALIDATION_ERROR */
export function valuesOf<T extends string>(
  field: string,
  given: string | readonly string[],
  known: readonly T[],
): readonly T[] {
  const wanted = (typeof given === 'string' ? given.split(',') : given).map((each) => each.trim());
  return wanted.map((each) => {
    const value = known.find((candidate) => candidate === each);
    if (value !== undefined) return value;
    throw new AppError('VALIDATION_ERROR', `filter.${field}: "${each}" is none of them`, {
      hint: `one or more of ${known.join(', ')}`,
    });
  });
}

/** Rows looked at for one page when a filter is not one of the store's. */
const MAX_SCANNED = 20_000;

/**
 * One page of rows that pass `isWanted`, over pages that the store gives. The cursor continues right
 * behind the last row that was looked at.
 */
export function pageOf<T>(
  fetch: (limit: number, cursor: string | undefined) => Page<T>,
  filter: QueryFilter,
  isWanted: (row: T) => boolean = () => true,
): Page<T> {
  const items: T[] = [];
  let cursor = filter.cursor;
  let scanned = 0;
  do {
    const page = fetch(filter.limit - items.length, cursor);
    items.push(...page.items.filter(isWanted));
    scanned += page.items.length;
    if (page.nextCursor === null) return { items, nextCursor: null };
    cursor = page.nextCursor;
  } while (items.length < filter.limit && scanned < MAX_SCANNED);
  return { items, nextCursor: cursor };
}
