/**
 * Answers that stay open: each ends as soon as whoever reads it would no longer be let in.
 *
 * Looked at once a second while there are any; a request after the revocation is refused at once anyway.
 */
import type { Caller } from '../ops/operation.ts';

export interface StreamWatch {
  /** The answer, ended when the caller is no longer welcome. */
  watched(response: Response, caller: Caller): Response;
  close(): void;
}

interface Open {
  readonly caller: Caller;
  readonly end: () => void;
}

const LOOK_MS = 1000;

/** Watches over the open answers of one server. */
export function createStreamWatch(isWelcome: (caller: Caller) => boolean): StreamWatch {
  const open = new Set<Open>();
  let round: ReturnType<typeof setInterval> | null = null;
  const look = (): void => {
    for (const each of open) if (!isWelcome(each.caller)) each.end();
  };
  const remove = (one: Open): void => {
    open.delete(one);
    if (open.size > 0 || round === null) return;
    clearInterval(round);
    round = null;
  };
  return {
    watched(response, caller) {
      const { body } = response;
      if (body === null) return response;
      const reader = body.getReader();
      let one: Open | null = null;
      const ended = (): void => {
        if (one !== null) remove(one);
      };
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            one = {
              caller,
              end() {
                ended();
                controller.close();
                void reader.cancel();
              },
            };
            open.add(one);
            round ??= setInterval(look, LOOK_MS);
          },
          async pull(controller) {
            const { done, value } = await readOr(reader, ended);
            if (one !== null && !open.has(one)) return;
            if (!done) return controller.enqueue(value);
            ended();
            controller.close();
          },
          cancel(reason) {
            ended();
            return reader.cancel(reason);
          },
        },
        new CountQueuingStrategy({ highWaterMark: 0 }),
      );
      const { status, statusText, headers } = response;
      return new Response(stream, { status, statusText, headers });
    },
    close() {
      if (round !== null) clearInterval(round);
      open.clear();
    },
  };
}

/** What comes next; `onBroken` when whoever writes has broken off. */
async function readOr(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  onBroken: () => void,
): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }> {
  try {
    return await reader.read();
  } catch (thrown) {
    onBroken();
    throw thrown;
  }
}
