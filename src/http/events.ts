/**
 * `GET /api/v1/events`: every event of every run as it is committed, by whatever process, as
 * server-sent events. `?workflow_id=` one run's (from its beginning), `?types=` some types;
 * `Last-Event-ID`, `?after=` or `?after_id=` say where to go on. A place that is none of this database is
 * answered by an event `reset`, with the place behind which the stream goes on.
 */
import { AppError, messageOf } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { Logger } from '../model/ports.ts';
import type { Store } from '../model/store.ts';
import { requireAccess } from '../ops/access.ts';
import type { Ops } from '../ops/catalog.ts';
import { cursorAt, type EventPlace, givenPlace, placeOf } from '../ops/event-cursor.ts';
import { eventTypes } from '../ops/event-types.ts';
import { resolveRun } from '../ops/run-ref.ts';
import { asAppError, errorResponse } from './api-answer.ts';
import { resetFrame, STREAM_HEADERS, STREAM_OPENING } from './api-stream.ts';
import { createEventClient, type EventClient } from './events-client.ts';
import { createEventHub, type EventHub } from './events-hub.ts';
import type { Handler } from './server.ts';

export interface EventsDeps {
  readonly ops: Pick<Ops, 'followEvents'>;
  readonly store: Store;
  readonly log: Logger;
  /** Between two beats, milliseconds. */
  readonly beatMs?: number;
}

export interface EventStreams {
  readonly handle: Handler;
  /** Clients that are connected. */
  count(): number;
  /** Ends every stream. */
  close(): void;
}

const BEAT_MS = 15_000;
const MAX_CLIENTS = 1000;
const PARAMETERS: readonly string[] = ['workflow_id', 'after', 'after_id', 'types'];

interface Parts extends EventsDeps {
  readonly hub: EventHub;
  readonly clients: Set<EventClient>;
}

/** Streams of one process. */
export function createEventStreams(deps: EventsDeps): EventStreams {
  const parts: Parts = { ...deps, hub: createEventHub(deps.ops, deps.log), clients: new Set() };
  const { clients } = parts;
  return {
    async handle(request, { caller }) {
      try {
        requireAccess(caller.role, 'read', 'events');
        return open(parts, request);
      } catch (thrown) {
        return errorResponse(asAppError(thrown, deps.log, 'events'));
      }
    },
    count: () => clients.size,
    close() {
      for (const client of clients) client.close();
    },
  };
}

function open(parts: Parts, request: Request): Response {
  const { clients, store, hub, log } = parts;
  const place = beginningOf(store, request);
  if (clients.size >= MAX_CLIENTS) {
    throw new AppError('ACTION_UNAVAILABLE', `${MAX_CLIENTS} clients follow events already`, {
      hint: 'close some and connect again',
    });
  }
  const { after, runId, types } = place;
  const client = createEventClient({ store, hub, after, runId, types });
  clients.add(client);
  let beat: ReturnType<typeof setInterval> | undefined;
  const end = (): void => {
    clearInterval(beat);
    clients.delete(client);
    client.close();
  };
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(openingOf(store, place)));
        beat = setInterval(() => {
          if (client.beat()) return;
          end();
          controller.close();
        }, parts.beatMs ?? BEAT_MS);
      },
      async pull(controller) {
        const text = await client.next().catch((thrown: unknown) => {
          log.warn('a stream of events ended', { error: messageOf(thrown) });
          return null;
        });
        if (text !== null) return controller.enqueue(encoder.encode(text));
        end();
        controller.close();
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, { headers: STREAM_HEADERS });
}

interface Beginning extends EventPlace {
  readonly runId: RunId | undefined;
  readonly types: ReadonlySet<string> | null;
}

/** Tells the place at once: who is cut off before the first event goes on from there. */
function openingOf(store: Store, { after, isAnew }: EventPlace): string {
  const cursor = cursorAt(store, after);
  return isAnew ? `${STREAM_OPENING}${resetFrame(cursor)}` : `: open\nid: ${cursor}\n\n`;
}

function beginningOf(store: Store, request: Request): Beginning {
  const query = new URL(request.url).searchParams;
  for (const key of query.keys()) {
    if (!PARAMETERS.includes(key)) {
      throw new AppError('VALIDATION_ERROR', `events: there is no parameter ${key}`, {
        hint: `there are ${PARAMETERS.join(', ')}`,
      });
    }
  }
  const run = query.get('workflow_id');
  const runId = run === null ? undefined : resolveRun(store, run);
  const types = eventTypes(
    'types',
    query.getAll('types').flatMap((text) => text.split(',')),
  );
  const inAddress = askedPlace(store, query);
  // A client that reconnects sends the address it began with, and where it had come to.
  const reached = given(request.headers.get('last-event-id'));
  const asked = reached === null ? inAddress : placeOf(store, reached, 'Last-Event-ID');
  const unasked = { after: runId === undefined ? store.lastEventId() : 0, isAnew: false };
  return {
    ...(asked ?? unasked),
    runId,
    types: types.length === 0 ? null : new Set(types),
  };
}

function askedPlace(store: Store, query: URLSearchParams): EventPlace | null {
  const after = given(query.get('after'));
  const id = given(query.get('after_id'));
  if (id !== null && !/^\d+$/.test(id)) {
    throw new AppError(
      'VALIDATION_ERROR',
      'events: after_id must be the id of an event, 0 or more',
      {
        hint: 'a cursor is given as after',
      },
    );
  }
  return givenPlace(store, {
    ...(after === null ? {} : { after }),
    ...(id === null ? {} : { after_id: Number(id) }),
  });
}

const given = (text: string | null): string | null => (text === '' ? null : text);
