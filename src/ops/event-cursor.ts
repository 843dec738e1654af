/**
 * Places in the stream of events: numbers inside, opaque cursors at the edges.
 *
 * A cursor names its database. A place that no event of this database can follow (one of the database
 * before a restore, or ahead of the newest event) means: begin anew, behind the newest event.
 */
import { AppError } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { EventLogStore, StoredEvent } from '../model/store.ts';
import type { PlacedEvent } from './shapes.ts';
import { eventOf } from './wire.ts';

/** As much of the store as places need. */
export type EventPlaces = Pick<EventLogStore, 'databaseId' | 'lastEventId'>;

/** An event id to go on behind; `isAnew` when it is not the one that was asked for. */
export interface EventPlace {
  readonly after: number;
  readonly isAnew: boolean;
}

/** A place as callers give it: a cursor, or the bare id of an event. */
interface GivenPlace {
  readonly after?: string | number | undefined;
  readonly after_id?: number | undefined;
}

/** Writes the place behind an event. */
export const cursorAt = (store: Pick<EventPlaces, 'databaseId'>, id: number): string =>
  `${store.databaseId()}.${id}`;

/** The place behind the newest event. */
export const newestCursor = (store: EventPlaces): string => cursorAt(store, store.lastEventId());

/** An event with the place behind it. */
export const placedEventOf = (
  store: Pick<EventPlaces, 'databaseId'>,
  stored: StoredEvent,
): PlacedEvent => ({ ...eventOf(stored), cursor: cursorAt(store, stored.id) });

const CURSOR = /^([0-9a-f]{12})\.(.+)$/;
const DIGITS = /^\d+$/;

/**
 * Reads a cursor or the bare id of an event; `name` is where it was given.
 * @throws VALIDATION_ERROR when it is neither
 */
export function placeOf(store: EventPlaces, given: string | number, name: string): EventPlace {
  const text = String(given);
  const [, database = null, rest = text] = CURSOR.exec(text) ?? [];
  const isForeign = database !== null && database !== store.databaseId();
  if (!isForeign && typeof given === 'string' && !DIGITS.test(rest)) {
    throw new AppError(
      'VALIDATION_ERROR',
      `${name} must be a cursor that an answer gave, or the id of an event`,
      { details: { path: name, given: text.slice(0, 100) } },
    );
  }
  const newest = store.lastEventId();
  const id = Number(rest);
  const isAnew = isForeign || id > newest;
  return { after: isAnew ? newest : id, isAnew };
}

/** The place that a caller gave, null for none. @throws VALIDATION_ERROR for two or a bad one */
export function givenPlace(
  store: EventPlaces,
  { after, after_id: id }: GivenPlace,
): EventPlace | null {
  if (after !== undefined && id !== undefined) {
    throw new AppError('VALIDATION_ERROR', 'after and after_id both say where to begin', {
      details: { path: 'after' },
      hint: 'give one of them: after takes cursors and ids',
    });
  }
  if (after !== undefined) return placeOf(store, after, 'after');
  return id === undefined ? null : placeOf(store, id, 'after_id');
}

const ANEW = 'other_events';

/**
 * The id to begin behind, for who can only be told by an error that the place is none here.
 * @throws CONFLICT with `details.as_of`, the place behind the newest event
 */
export function idToBeginBehind(store: EventPlaces, place: EventPlace): number {
  if (!place.isAnew) return place.after;
  throw beginAnew(cursorAt(store, place.after));
}

/** The error that a place is none of the database, and where to go on. */
export const beginAnew = (asOf: string): AppError =>
  new AppError('CONFLICT', 'the place to go on from is not in this database', {
    details: { kind: ANEW, as_of: asOf },
    hint: 'it was restored or replaced since: read anew what you show, then go on with after: details.as_of',
  });

/** Where to go on when an error says that a place was none of this database; null for other errors. */
export function anewFrom(thrown: unknown): string | null {
  if (!(thrown instanceof AppError) || thrown.code !== 'CONFLICT') return null;
  const details = thrown.details ?? null;
  if (!isJsonObject(details) || details.kind !== ANEW) return null;
  return typeof details.as_of === 'string' ? details.as_of : null;
}
