/**
 * Server-sent events: a response that stays open. It begins with a comment, because the headers of an
 * empty stream are held back, and sends one every 15 s, because proxies end what is silent.
 */

const BEAT_MS = 15_000;
/** What a reader may leave unread before it is given up. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

export interface EventStream {
  readonly response: Response;
  /** False when the reader is gone or too slow. */
  send(event: string, data: string): boolean;
  close(): void;
}

/** A stream of events; `onGone` when the reader went away. */
export function eventStream(onGone: () => void): EventStream {
  const encoder = new TextEncoder();
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const write = (text: string): boolean => {
    if (controller === null) return false;
    if ((controller.desiredSize ?? 0) < -MAX_UNREAD_BYTES) return false;
    controller.enqueue(encoder.encode(text));
    return true;
  };
  const beat = setInterval(() => write(': beat\n\n'), BEAT_MS);
  const end = (): void => {
    clearInterval(beat);
    controller = null;
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(made) {
        controller = made;
        write(': open\n\n');
      },
      cancel() {
        end();
        onGone();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  return {
    response: new Response(body, { headers: HEADERS }),
    send: (event, data) => write(`event: ${event}\ndata: ${data}\n\n`),
    close() {
      controller?.close();
      end();
    },
  };
}

/** The same response, with a comment first when it is a stream of events; `onEnd` when it is over. */
export function withOpening(response: Response, onEnd: () => void): Response {
  const { body, headers, status } = response;
  if (body === null || headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    onEnd();
    return response;
  }
  const reader = body.getReader();
  const opened = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(': open\n\n')),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) controller.enqueue(value);
      else {
        onEnd();
        controller.close();
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  });
  return new Response(opened, { status, headers });
}
