/**
 * From the release of a command to the moment nobody of its process group is left.
 *
 * The command's result is there when its leader has ended and its output is read. What it left
 * running in the background gets a moment to print, then is ended too: a step leaves nothing behind,
 * and a next attempt never meets the one before. (A process that opens a session of its own, like a
 * daemon, is no longer in the group and lives on.)
 */
import { constants } from 'node:os';
import { type Capture, createCapture } from './capture.ts';
import type { Command, CommandControl, CommandResult } from './command.ts';
import { delay, endGroup, isGroupAlive } from './process-group.ts';

export interface OutputSource {
  open(): ReadableStream<Uint8Array>;
  close(): void;
}

export interface Child {
  readonly pid: number;
  /** Our end of the pipe it waits on. */
  readonly gate: number;
  readonly stdout: OutputSource;
  readonly stderr: OutputSource;
  readonly exited: Promise<unknown>;
  exit(): { readonly code: number | null; readonly signal: string | null };
}

interface Times {
  readonly killGraceMs: number;
  readonly drainMs: number;
  readonly leftoverGraceMs: number;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Releases the command and resolves with its result when its group is gone. Never rejects. */
export async function runToEnd(
  child: Child,
  release: () => void,
  command: Command,
  control: CommandControl,
  times: Times,
): Promise<CommandResult> {
  const began = performance.now();
  const out = createCapture(command.maxOutputBytes, control.cut);
  const err = createCapture(command.maxOutputBytes, control.cut);
  const stops = watchStops(child, control, times.killGraceMs);
  const readers = [
    readOutput(child.stdout, out, (text) => control.onOutput('stdout', text)),
    readOutput(child.stderr, err, (text) => control.onOutput('stderr', text)),
  ];
  release();
  await child.exited;
  const durationMs = Math.round(performance.now() - began);
  const drained = Promise.all(readers.map((reader) => reader.done));
  await within(drained, times.drainMs);
  stops.cancel();
  await stops.ended();
  if (isGroupAlive(child.pid)) await endGroup(child.pid, { graceMs: times.leftoverGraceMs });
  await Promise.all(readers.map((reader) => reader.close()));
  for (const [stream, capture] of [
    ['stdout', out],
    ['stderr', err],
  ] as const) {
    const rest = capture.rest();
    if (rest !== '') control.onOutput(stream, rest, capture.truncated);
  }
  return {
    stdout: out.text(),
    stderr: err.text(),
    ...exitOf(child),
    durationMs,
    truncated: out.truncated || err.truncated,
    stopped: stops.reason(),
  };
}

function exitOf(child: Child): { exitCode: number; signal: string | null } {
  const { code, signal } = child.exit();
  if (signal === null) return { exitCode: code ?? 0, signal: null };
  return { exitCode: 128 + signalNumber(signal), signal };
}

function signalNumber(name: string): number {
  const { signals } = constants;
  return Object.hasOwn(signals, name) ? signals[name as keyof typeof signals] : 0;
}

interface Stops {
  reason(): CommandResult['stopped'];
  /** Resolves when the group that was told to end is gone. */
  ended(): Promise<void>;
  cancel(): void;
}

/** Ends the group at the timeout or when the step is stopped. */
function watchStops(child: Child, control: CommandControl, graceMs: number): Stops {
  let reason: CommandResult['stopped'] = null;
  let ending: Promise<void> = Promise.resolve();
  const stop = (why: 'timeout' | 'abort'): void => {
    const { code, signal } = child.exit();
    if (reason !== null || code !== null || signal !== null) return;
    reason = why;
    ending = endGroup(child.pid, { graceMs }).then(() => undefined);
  };
  const onAbort = (): void => stop('abort');
  const { timeoutMs, signal } = control;
  const timer =
    timeoutMs === null
      ? null
      : setTimeout(() => stop('timeout'), Math.min(timeoutMs, LONGEST_TIMER_MS));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    reason: () => reason,
    ended: () => ending,
    cancel() {
      if (timer !== null) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

interface Reader {
  /** Resolves when the last writer has closed its end. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

function readOutput(
  source: OutputSource,
  capture: Capture,
  onText: (text: string) => void,
): Reader {
  const reader = source.open().getReader();
  const read = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const text = capture.push(value);
      if (text !== '') onText(text);
    }
  };
  const done = read();
  return {
    done,
    async close() {
      await reader.cancel();
      await done;
      source.close();
    },
  };
}

/** Waits for a promise, but no longer than that. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([promise, delay(ms, timer.signal)]);
  timer.abort();
}
