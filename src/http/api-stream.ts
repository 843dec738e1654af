/**
 * An operation that yields items, as server-sent events: one event an item, then one named `end`; an
 * error on the way is one named `error`. One that has neither was broken off: it goes on behind its last
 * item. Taken only as fast as the client reads.
 */

import type { AppError } from '../model/error.ts';
import { printJson } from '../model/json-text.ts';
import { anewFrom } from '../ops/event-cursor.ts';
import { errorBody, errorResponse } from './api-answer.ts';

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** The headers of an empty stream are held back, so it begins with a comment. */
export const STREAM_OPENING = ': open\n\n';

const BEAT_MS = 15_000;
const BEAT = ': beat\n\n';

/** Stands among the items for "what came before is of another database; on from here". */
const RESET = Symbol('reset');

type Follow<I> = (input: I) => AsyncIterable<object>;

/** The items of a stream; for a place that is none of this database a reset, then what is new. */
export async function* resettable<I extends object>(
  follow: Follow<I>,
  input: I,
): AsyncGenerator<object> {
  try {
    yield* follow(input);
  } catch (thrown) {
    const asOf = anewFrom(thrown);
    if (asOf === null) throw thrown;
    yield { [RESET]: asOf };
    yield* follow({ ...input, after: asOf, after_id: undefined });
  }
}

export interface Streamed {
  readonly items: AsyncIterable<object>;
  /** Aborted when the items end because the server does, not because there are no more. */
  readonly stopping: AbortSignal;
  /** Called once, when the stream is over, however it ended. */
  readonly end: () => void;
  readonly problem: (thrown: unknown) => AppError;
}

/** The stream; what is wrong from the beginning is answered with its status. */
export async function streamResponse({
  items,
  stopping,
  end,
  problem,
}: Streamed): Promise<Response> {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  let next: Promise<string> | null = null;
  let isOver = false;
  const textOfNext = async (): Promise<string> => {
    const step = await iterator.next();
    isOver = step.done === true;
    if (step.done !== true) return frameOf(step.value);
    return stopping.aborted ? '' : 'event: end\ndata: {}\n\n';
  };
  next = textOfNext();
  try {
    await Promise.race([next, turn()]);
  } catch (thrown) {
    end();
    return errorResponse(problem(thrown));
  }
  const textOrBeat = async (): Promise<string> => {
    next ??= textOfNext();
    const beat = beatAfter(BEAT_MS);
    try {
      const text = await Promise.race([next, beat.over]);
      if (text !== BEAT) next = null;
      return text;
    } catch (thrown) {
      isOver = true;
      return `event: error\ndata: ${JSON.stringify(errorBody(problem(thrown)))}\n\n`;
    } finally {
      beat.cancel();
    }
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(STREAM_OPENING)),
      async pull(controller) {
        controller.enqueue(encoder.encode(await textOrBeat()));
        if (!isOver) return;
        end();
        controller.close();
      },
      cancel: end,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  return new Response(body, { headers: STREAM_HEADERS });
}

/** Everything that can be said without waiting has been said by then. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function beatAfter(ms: number): { readonly over: Promise<string>; cancel(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(BEAT), ms);
  });
  return { over, cancel: () => clearTimeout(timer) };
}

/** Tells that the place a client asked for is none of this database, and where the stream goes on. */
export const resetFrame = (asOf: string): string =>
  `id: ${asOf}\nevent: reset\ndata: ${JSON.stringify({ as_of: asOf })}\n\n`;

interface Placed {
  readonly [RESET]?: string;
  readonly cursor?: string;
  readonly offset?: number;
}

/** An item with the place to go on from: an event's cursor, a chunk's offset. */
function frameOf(item: object): string {
  const { [RESET]: asOf, cursor, offset } = item as Placed;
  if (asOf !== undefined) return resetFrame(asOf);
  const place = cursor ?? offset;
  const line = place === undefined ? '' : `id: ${place}\n`;
  return `${line}data: ${printJson(item)}\n\n`;
}
