/**
 * One client of the event stream: a place in the table that moves on as the client reads.
 *
 * Behind the end it pages from the table, only as fast as the client reads; at the end it joins the
 * shared reader. A client that reads too slowly to keep what is live goes back to the table: it loses
 * nothing and holds no memory. One that reads nothing at all for a while is given up.
 * Invariant: ids leave in rising order, each at most once, and none that fits is left out.
 */
import type { RunId } from '../model/ids.ts';
import type { Store } from '../model/store.ts';
import { cursorAt, placedEventOf } from '../ops/event-cursor.ts';
import { type EventHub, type LiveEvent, liveEventOf } from './events-hub.ts';

export interface EventClientDeps {
  readonly store: Pick<Store, 'tail' | 'lastEventId' | 'databaseId'>;
  readonly hub: EventHub;
  /** The id to begin after. */
  readonly after: number;
  readonly runId: RunId | undefined;
  /** Null: every type. */
  readonly types: ReadonlySet<string> | null;
}

export interface EventClient {
  /** The next text of the stream, when there is some; null when the client was given up. */
  next(): Promise<string | null>;
  /** Called in an even measure: keeps the connection alive; false when it was given up. */
  beat(): boolean;
  close(): void;
}

/** Events taken from the table at once. */
const PAGE = 200;
/** Text that waits for a client to read it, before it goes back to the table. */
export const MAX_WAITING_CHARS = 1024 * 1024;
/** What leaves at once. */
const PIECE_CHARS = 64 * 1024;
/** Beats a client may leave unread. */
const MAX_UNREAD_BEATS = 4;

interface State {
  /** Behind which the next event comes: what has left. */
  sent: number;
  /** Behind which the reader's next event comes: what has left or waits. */
  seen: number;
  waiting: { readonly id: number; readonly frame: string }[];
  waitingChars: number;
  /** Ends the subscription; null while paging. */
  live: (() => void) | null;
  /** Wakes who waits in `next`. */
  wake: ((text: string | null) => void) | null;
  unreadBeats: number;
  /** A beat came while the table was being read. */
  isBeatDue: boolean;
  isClosed: boolean;
}

/** A client at a place in the table. */
export function createEventClient(deps: EventClientDeps): EventClient {
  const state: State = {
    sent: deps.after,
    seen: deps.after,
    waiting: [],
    waitingChars: 0,
    live: null,
    wake: null,
    unreadBeats: 0,
    isBeatDue: false,
    isClosed: false,
  };
  const close = (): void => {
    state.isClosed = true;
    state.live?.();
    state.live = null;
    state.waiting = [];
    wake(state, null);
  };
  return {
    async next() {
      while (!state.isClosed) {
        state.unreadBeats = 0;
        if (state.live === null) page(deps, state);
        const text = take(state);
        if (text !== '') return text;
        if (state.live !== null) {
          return new Promise((resolve) => {
            state.wake = resolve;
          });
        }
        // A page without anything for this client: others get their turn before the next.
        await new Promise((resolve) => setImmediate(resolve));
        if (state.isBeatDue) return beatText(deps, state);
      }
      return null;
    },
    beat() {
      if (state.wake !== null) wake(state, beatText(deps, state));
      else if (++state.unreadBeats >= MAX_UNREAD_BEATS) close();
      else state.isBeatDue = true;
      return !state.isClosed;
    },
    close,
  };
}

/** Also tells how far the stream is, where nothing of it was for this client. */
function beatText({ store }: EventClientDeps, state: State): string {
  state.isBeatDue = false;
  return `: beat\nid: ${cursorAt(store, state.sent)}\n\n`;
}

function wake(state: State, text: string | null): void {
  const { wake: waker } = state;
  state.wake = null;
  waker?.(text);
}

const fits = ({ runId, types }: EventClientDeps, event: LiveEvent): boolean =>
  (runId === undefined || event.runId === runId) && (types === null || types.has(event.type));

/** Reads on in the table; at its end joins the reader, in the same turn, so that nothing is between. */
function page(deps: EventClientDeps, state: State): void {
  const end = deps.store.lastEventId();
  const found = deps.store.tail(state.seen, PAGE, deps.runId);
  for (const stored of found) keep(deps, state, liveEventOf(placedEventOf(deps.store, stored)));
  if (found.length === PAGE) return;
  state.seen = Math.max(state.seen, end);
  state.live = deps.hub.subscribe(state.seen, (event) => {
    if (event.id <= state.seen) return;
    keep(deps, state, event);
    if (state.waitingChars > MAX_WAITING_CHARS) backToTable(state);
    else if (state.wake !== null) {
      const text = take(state);
      if (text !== '') wake(state, text);
    }
  });
}

function keep(deps: EventClientDeps, state: State, event: LiveEvent): void {
  state.seen = event.id;
  if (!fits(deps, event)) {
    if (state.waiting.length === 0) state.sent = event.id;
    return;
  }
  state.waiting.push(event);
  state.waitingChars += event.frame.length;
}

function backToTable(state: State): void {
  state.live?.();
  state.live = null;
  state.waiting = [];
  state.waitingChars = 0;
  state.seen = state.sent;
}

/** What waits, as much as leaves at once. */
function take(state: State): string {
  let text = '';
  let count = 0;
  for (const { id, frame } of state.waiting) {
    if (text.length >= PIECE_CHARS) break;
    text += frame;
    state.sent = id;
    count++;
  }
  state.waiting.splice(0, count);
  state.waitingChars -= text.length;
  if (state.waiting.length === 0) state.sent = state.seen;
  return text;
}
