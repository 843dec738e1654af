/**
 * `GET /api/v1/events`: every event of every run as it is committed, by whatever process, as
 * server-sent events. `?workflow_id=` one run's (from its beginning), `?types=` some types;
 * `Last-Event-ID` or `?after_id=` say where to go on.
 */
import { AppError, messageOf } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { Logger } from '../model/ports.ts';
import type { Store } from '../model/store.ts';
import { requireAccess } from '../ops/access.ts';
import type { Ops } from '../ops/catalog.ts';
import { eventTypes } from '../ops/event-types.ts';
import { resolveRun } from '../ops/run-ref.ts';
import { asAppError, errorResponse } from './api-answer.ts';
import { STREAM_HEADERS, STREAM_OPENING } from './api-stream.ts';
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
const PARAMETERS: readonly string[] = ['workflow_id', 'after_id', 'types'];

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
  const place = placeOf(store, request);
  if (clients.size >= MAX_CLIENTS) {
    throw new AppError('ACTION_UNAVAILABLE', `${MAX_CLIENTS} clients follow events already`, {
      hint: 'close some and connect again',
    });
  }
  const client = createEventClient({ store, hub, ...place });
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
        controller.enqueue(encoder.encode(STREAM_OPENING));
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

interface Place {
  readonly after: number;
  readonly runId: RunId | undefined;
  readonly types: ReadonlySet<string> | null;
}

function placeOf(store: Store, request: Request): Place {
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
  const last = store.lastEventId();
  // A client that reconnects sends the address it began with, and where it had come to.
  const asked =
    idOf('Last-Event-ID', request.headers.get('last-event-id')) ??
    idOf('after_id', query.get('after_id'));
  return {
    // Behind the end of the table is a place in another database: what is new here is new to it.
    after: Math.min(asked ?? (runId === undefined ? last : 0), last),
    runId,
    types: types.length === 0 ? null : new Set(types),
  };
}

function idOf(name: string, text: string | null): number | null {
  if (text === null || text === '') return null;
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new AppError('VALIDATION_ERROR', `events: ${name} must be the id of an event, 0 or more`);
}
