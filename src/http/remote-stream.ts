/**
 * Following a stream of another server: items in order, each once. A connection that breaks is made
 * again behind the last item; a server that stays away ends it with an error.
 */
import { AppError } from '../model/error.ts';
import { beginAnew } from '../ops/event-cursor.ts';
import { errorIn, postTo, type RemoteDeps } from './remote-request.ts';

/** The stream to follow, and the fields of its input that say where to go on behind an item. */
export interface Followed {
  readonly operation: string;
  readonly behind: (id: string) => Input;
}

type Input = Readonly<Record<string, unknown>>;

/** Between two attempts to connect again, milliseconds, and how many fail before it is given up. */
export const AGAIN_MS: readonly number[] = [100, 500, 1000, 2000, 4000, 8000, 15_000];

/** Beats come every 15 s: a connection without any for this long is dead. */
const SILENT_MS = 60_000;

interface Frame {
  readonly event: string;
  readonly id: string | null;
  readonly data: string;
}

/** Where the stream has come to, and how often in a row it broke without having told anything. */
interface Progress {
  after: Input;
  failures: number;
}

/** Items until the server says that it is over, or the caller stops. */
export async function* followRemote<T>(
  deps: RemoteDeps,
  followed: Followed,
  input: object,
  abort: AbortSignal | undefined,
): AsyncGenerator<T> {
  const progress: Progress = { after: {}, failures: 0 };
  while (!(yield* followOnce<T>(deps, followed, input, abort, progress))) {
    const waitMs = AGAIN_MS[progress.failures];
    if (waitMs === undefined) {
      throw new AppError('ACTION_UNAVAILABLE', `${deps.url} ended the stream again and again`);
    }
    progress.failures += 1;
    await pause(waitMs, abort);
  }
}

/** One connection; true when nothing more is to come. */
async function* followOnce<T>(
  deps: RemoteDeps,
  { operation, behind }: Followed,
  input: object,
  abort: AbortSignal | undefined,
  progress: Progress,
): AsyncGenerator<T, boolean> {
  try {
    const asked = { ...input, ...progress.after };
    for await (const frame of framesOf(deps, operation, asked, abort)) {
      progress.failures = 0;
      if (frame.event === 'end') return true;
      throwFailure(frame);
      if (frame.id !== null) progress.after = behind(frame.id);
      if (frame.data !== '') yield JSON.parse(frame.data) as T;
    }
    return abort?.aborted === true;
  } catch (thrown) {
    if (abort?.aborted === true) return true;
    if (mayTryAgain(thrown, progress)) return false;
    throw thrown;
  }
}

function throwFailure({ event, data }: Frame): void {
  if (event === 'error') throw errorIn(data) ?? new Error('the stream failed');
  if (event === 'reset') throw beginAnew(asOfIn(data));
}

function asOfIn(data: string): string {
  const body = JSON.parse(data) as { readonly as_of?: unknown };
  if (typeof body.as_of === 'string') return body.as_of;
  throw new Error('a reset says no place to go on from');
}

function mayTryAgain(thrown: unknown, { failures }: Progress): boolean {
  const isBroken = !(thrown instanceof AppError) || thrown.code === 'ACTION_UNAVAILABLE';
  return isBroken && failures < AGAIN_MS.length;
}

async function* framesOf(
  deps: RemoteDeps,
  operation: string,
  input: object,
  abort: AbortSignal | undefined,
): AsyncGenerator<Frame> {
  const ending = new AbortController();
  const stop = (): void => ending.abort();
  if (abort?.aborted === true) stop();
  abort?.addEventListener('abort', stop, { once: true });
  let silence = setTimeout(stop, SILENT_MS);
  try {
    const response = await postTo(deps, operation, input, ending.signal);
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of response.body ?? []) {
      clearTimeout(silence);
      silence = setTimeout(stop, SILENT_MS);
      text += decoder.decode(bytes, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) yield frameOf(part);
    }
  } finally {
    clearTimeout(silence);
    abort?.removeEventListener('abort', stop);
    stop();
  }
}

function frameOf(text: string): Frame {
  let event = 'message';
  let id: string | null = null;
  const data: string[] = [];
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
  }
  return { event, id, data: data.join('\n') };
}

/** Resolves after a while, or at once when the caller stops. */
export function pause(ms: number, abort: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    abort?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
