/**
 * What steps print, masked, streamed to listeners at once and to the store in small batches.
 */
import type { ActionContext } from '../model/action.ts';
import type { OutputChunk } from '../model/engine.ts';
import { messageOf } from '../model/error.ts';
import type { EventPayloads } from '../model/event.ts';
import type { RunId } from '../model/ids.ts';
import type { Clock, Logger } from '../model/ports.ts';
import type { LogChunk, LogStore } from '../model/store.ts';

export interface StreamMasker {
  /** Masked text that is certain; what might be the beginning of a secret is held back. */
  push(stream: 'stdout' | 'stderr', text: string, isBehindGap?: boolean): string;
  /** What was held back. */
  flush(stream: 'stdout' | 'stderr'): string;
}

interface OutputStream {
  readonly write: ActionContext['onOutput'];
  close(): void;
}

export interface OutputLog {
  /** `secrets` is asked at each piece: they may become more while the step runs. */
  open(runId: RunId, path: string, attempt: number, secrets: () => readonly string[]): OutputStream;
  /** A line of `workflow.log`, which is masked already; it comes with a commit. */
  note(runId: RunId, path: string, payload: EventPayloads['log']): void;
  /** Writes what is still in memory. */
  flush(): void;
}

/** Milliseconds between writes of printed text, and characters kept in memory at most. */
const FLUSH_MS = 200;
const FLUSH_CHARS = 64 * 1024;

/** Collects printed text; a store that cannot take it loses log lines, never the run. */
export function createOutputLog(
  store: LogStore,
  clock: Clock,
  log: Logger,
  emit: (chunk: OutputChunk) => void,
  createMasker: (secrets: () => readonly string[]) => StreamMasker,
): OutputLog {
  let pending: Omit<LogChunk, 'offset'>[] = [];
  let chars = 0;
  let cancel: (() => void) | null = null;

  const flush = (): void => {
    cancel?.();
    cancel = null;
    if (pending.length === 0) return;
    const chunks = pending;
    pending = [];
    chars = 0;
    try {
      store.appendLogs(chunks);
    } catch (thrown) {
      log.warn('printed output could not be stored', { error: messageOf(thrown) });
    }
  };
  const add = (chunk: Omit<LogChunk, 'offset'>): void => {
    emit(chunk);
    pending.push(chunk);
    chars += chunk.text.length;
    if (chars >= FLUSH_CHARS) flush();
    else cancel ??= clock.after(FLUSH_MS, flush);
  };

  return {
    open(runId, path, attempt, secrets) {
      const masker = createMasker(secrets);
      const put = (stream: 'stdout' | 'stderr', text: string): void => {
        if (text !== '') add({ runId, path, attempt, stream, text, at: clock.now() });
      };
      return {
        write: (stream, text, isBehindGap) => put(stream, masker.push(stream, text, isBehindGap)),
        close() {
          put('stdout', masker.flush('stdout'));
          put('stderr', masker.flush('stderr'));
          // Whoever reads the logs after the step has ended finds all of it.
          flush();
        },
      };
    },
    note(runId, path, payload) {
      const stream = payload.level === 'warn' || payload.level === 'error' ? 'stderr' : 'stdout';
      const text = `${noteText(payload)}\n`;
      add({ runId, path, attempt: 1, stream, text, at: clock.now() });
    },
    flush,
  };
}

/** The message, with its level unless that is the usual one, and its data as JSON. */
function noteText({ level, message, data }: EventPayloads['log']): string {
  const tag = level === 'info' ? '' : `[${level}] `;
  return `${tag}${message}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`;
}
