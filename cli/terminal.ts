/**
 * The process's streams as commands use them: what is a terminal, how wide, whether colours are wanted.
 *
 * A reader that went away (`opcode logs | head`) ends what is followed, quietly; a run that is being
 * executed goes on.
 */
import { withoutReordering } from '../src/model/terminal-text.ts';
import { createStyle, type Style } from './print/style.ts';

export interface OutputStream {
  write(text: string | Uint8Array): void;
  readonly isTerminal: boolean;
  readonly style: Style;
  /** Columns of the terminal; null when it is none. */
  columns(): number | null;
  rows(): number;
}

export interface Terminal {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: { readonly isTerminal: boolean; readAll(): Promise<string> };
  /** Aborted when the reader of stdout went away. */
  readonly closed: AbortSignal;
  /** Resolves when everything written has left the process. */
  flushed(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

/** The terminal of this process. */
export function processTerminal(env: Environment): Terminal {
  const gone = new AbortController();
  const stdout = outputOf(process.stdout, env, () => gone.abort());
  const stderr = outputOf(process.stderr, env, () => undefined);
  return {
    stdout,
    stderr,
    stdin: {
      isTerminal: process.stdin.isTTY === true,
      readAll: () => new Response(Bun.stdin.stream()).text(),
    },
    closed: gone.signal,
    flushed: async () => {
      await Promise.all([stdout.drained(), stderr.drained()]);
    },
  };
}

interface CountedStream extends OutputStream {
  drained(): Promise<void>;
}

function outputOf(stream: NodeJS.WriteStream, env: Environment, onGone: () => void): CountedStream {
  const isTerminal = stream.isTTY === true;
  const isDumb = env.TERM === 'dumb';
  const noColor = (env.NO_COLOR ?? '') !== '';
  let open = true;
  // Counted here: the stream itself calls an empty write done before what was written earlier is.
  let unwritten = 0;
  let onDrained: () => void = () => undefined;
  const settle = (): void => {
    if (!open || unwritten === 0) onDrained();
  };
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    open = false;
    onGone();
    settle();
  });
  return {
    isTerminal,
    style: createStyle({
      enabled: isTerminal && !noColor && !isDumb,
      unicode: !isDumb && utf8(env),
    }),
    write(text) {
      if (!open) return;
      unwritten += 1;
      // Whatever a command forgot: on a terminal nothing is shown in another order than it has.
      const shown = isTerminal && typeof text === 'string' ? withoutReordering(text) : text;
      stream.write(shown, () => {
        unwritten -= 1;
        settle();
      });
    },
    columns: () => (isTerminal ? (stream.columns ?? DEFAULT_COLUMNS) : null),
    rows: () => stream.rows ?? DEFAULT_ROWS,
    drained: () =>
      new Promise((resolve) => {
        onDrained = resolve;
        settle();
      }),
  };
}

/** A terminal shows UTF-8 unless its locale says plainly that it does not. */
function utf8(env: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((each) => (each ?? '') !== '');
  if (env.TERM === 'linux') return false;
  return locale === undefined || (locale !== 'C' && locale !== 'POSIX');
}
