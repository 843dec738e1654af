/**
 * Answers that stay open and calls that wait: each ends as soon as its caller would no longer be let in.
 *
 * Looked at once a second while there are any; a request after the revocation is refused at once anyway.
 */
import type { Caller } from '../ops/operation.ts';
import { refuse } from './guard.ts';

export interface StreamWatch {
  /** The answer, ended when the caller is no longer welcome; a refusal to who has too many open. */
  watched(response: Response, caller: Caller): Response;
  /** Aborts when the caller of a call that is under way is no longer welcome; `done` forgets the call. */
  during(caller: Caller): { readonly signal: AbortSignal; readonly done: () => void };
  close(): void;
}

interface Open {
  readonly caller: Caller;
  /** True for a call that is not answered yet, which is no stream. */
  readonly isCall: boolean;
  readonly end: () => void;
}

const LOOK_MS = 1000;
/** Answers that stay open for one token: nobody takes what is there for all. */
const MAX_OF_TOKEN = 500;

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
  const hasTooMany = ({ tokenId }: Caller): boolean => {
    if (tokenId === undefined || open.size < MAX_OF_TOKEN) return false;
    let count = 0;
    for (const each of open) if (!each.isCall && each.caller.tokenId === tokenId) count += 1;
    return count >= MAX_OF_TOKEN;
  };
  const add = (one: Open): void => {
    open.add(one);
    round ??= setInterval(look, LOOK_MS);
  };
  return {
    during(caller) {
      const controller = new AbortController();
      const one: Open = { caller, isCall: true, end: () => controller.abort() };
      add(one);
      return { signal: controller.signal, done: () => remove(one) };
    },
    watched(response, caller) {
      const { body } = response;
      if (body === null) return response;
      if (hasTooMany(caller)) {
        void body.cancel();
        return refuse(429, `${MAX_OF_TOKEN} streams are open with this token: close some`);
      }
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
              isCall: false,
              end() {
                ended();
                controller.close();
                void reader.cancel();
              },
            };
            add(one);
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
