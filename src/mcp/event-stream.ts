/**
 * Server-sent events: a response that stays open. It begins with a comment, because the headers of an
 * empty stream are held back, and sends one every 15 s, because proxies end what is silent.
 *
 * What a reader leaves unread is kept, up to a limit; beyond it the connection is given up, so that
 * nobody who stops reading costs memory.
 */

const BEAT_MS = 15_000;
/** What a reader may leave unread when more is to be sent. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

export interface EventStream {
  readonly response: Response;
  /** False when the reader is gone or too slow; it is gone then. */
  send(event: string, data: string): boolean;
  close(): void;
}

/** A stream of events; `onGone` when the reader went away or was given up. */
export function eventStream(onGone: () => void): EventStream {
  const outlet = createOutlet(onGone);
  return {
    response: new Response(outlet.body, { headers: HEADERS }),
    send: (event, data) => outlet.write(encode(`event: ${event}\ndata: ${data}\n\n`)),
    close: outlet.close,
  };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Outlet {
  readonly body: ReadableStream<Uint8Array>;
  write(bytes: Uint8Array): boolean;
  close(): void;
}

/** The body of a stream of events, and the one who writes it. */
function createOutlet(onGone: () => void): Outlet {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const end = (): ReadableStreamDefaultController<Uint8Array> | null => {
    clearInterval(beat);
    const ended = controller;
    controller = null;
    return ended;
  };
  const write = (bytes: Uint8Array): boolean => {
    if (controller === null) return false;
    if ((controller.desiredSize ?? 0) < -MAX_UNREAD_BYTES) {
      // An error, not an end: what is unread is let go with the connection.
      end()?.error(new Error('the reader is too slow'));
      onGone();
      return false;
    }
    controller.enqueue(bytes);
    return true;
  };
  const beat = setInterval(() => write(encode(': beat\n\n')), BEAT_MS);
  const body = new ReadableStream<Uint8Array>(
    {
      start(made) {
        controller = made;
        write(encode(': open\n\n'));
      },
      cancel() {
        end();
        onGone();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  return { body, write, close: () => end()?.close() };
}

/** The same response, as such a stream when it is one of events; `onEnd` when it is over. */
export function withOpening(response: Response, onEnd: () => void): Response {
  const { body, headers, status } = response;
  if (body === null || headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    onEnd();
    return response;
  }
  const reader = body.getReader();
  const outlet = createOutlet(() => {
    reader.cancel().then(onEnd, onEnd);
  });
  const pump = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!outlet.write(next.value)) return;
    }
    outlet.close();
    onEnd();
  };
  pump().catch(() => {
    // The one who writes has broken off; for the reader the stream is over.
    outlet.close();
    onEnd();
  });
  return new Response(outlet.body, { status, headers });
}
