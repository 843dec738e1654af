/**
 * Spawning a command blocked: a shell that waits for a word on a pipe and then becomes the command,
 * in place, with the same pid and start time. When we die first the pipe closes, and the shell ends
 * without having run anything.
 */
import { closeSync, writeSync } from 'node:fs';
import { AppError, messageOf } from '../model/error.ts';
import type { Command } from './command.ts';
import type { Descriptors, Pipe } from './descriptors.ts';
import { signalGroup } from './process-group.ts';
import type { Child, OutputSource } from './run-to-end.ts';

const SHELL = '/bin/sh';
/** Reads one word from descriptor 3; anything but `go` (also its end) means: run nothing. */
const GATE =
  'read -r OPCODE_GATE <&3 && [ "$OPCODE_GATE" = go ] && unset OPCODE_GATE && exec "$@" 3<&-; exit 125';

/**
 * A child that leads a process group of its own and waits.
 * @throws AppError EXECUTION_ERROR when the system cannot start it
 */
export function spawnBlocked(
  argv: readonly string[],
  command: Command,
  env: Record<string, string>,
  descriptors: Descriptors,
): Child {
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    const out = openPipe(descriptors, ours, theirs);
    const err = openPipe(descriptors, ours, theirs);
    const spawned = Bun.spawn([SHELL, '-c', GATE, 'opcode', ...argv], {
      cwd: command.cwd,
      env,
      detached: true,
      stdio: [
        openStdin(descriptors, command.stdin, theirs),
        out?.write ?? 'pipe',
        err?.write ?? 'pipe',
        'pipe',
      ],
    });
    return {
      pid: spawned.pid,
      gate: gateOf(spawned.stdio[3]),
      stdout: out === null ? socketSource(spawned.stdout) : pipeSource(out),
      stderr: err === null ? socketSource(spawned.stderr) : pipeSource(err),
      exited: spawned.exited,
      exit: () => ({
        code: spawned.exitCode,
        signal: spawned.signalCode === null ? null : String(spawned.signalCode),
      }),
    };
  } catch (thrown) {
    for (const descriptor of ours) closeSync(descriptor);
    throw spawnFailure(command, thrown);
  } finally {
    for (const descriptor of theirs) closeSync(descriptor);
  }
}

function openPipe(descriptors: Descriptors, ours: number[], theirs: number[]): Pipe | null {
  const pipe = descriptors.pipe();
  if (pipe === null) return null;
  ours.push(pipe.read);
  theirs.push(pipe.write);
  return pipe;
}

function openStdin(
  descriptors: Descriptors,
  text: string | null,
  theirs: number[],
): number | Buffer | 'ignore' {
  if (text === null || text === '') return 'ignore';
  const bytes = Buffer.from(text);
  const file = descriptors.file(bytes);
  if (file === null) return bytes;
  theirs.push(file);
  return file;
}

function spawnFailure(command: Command, thrown: unknown): AppError {
  const name = command.argv[0];
  if (!messageOf(thrown).includes('E2BIG')) {
    const message = `cannot run ${name}: ${messageOf(thrown)}`;
    return new AppError('EXECUTION_ERROR', message, { cause: thrown });
  }
  // The same arguments are too long every time.
  const longest = longestOf(command);
  return new AppError(
    'LIMIT_EXCEEDED',
    `cannot run ${name}: its arguments and variables are too long for the operating system (${longest})`,
    { cause: thrown, hint: 'give long data by `stdin`, or write it to a file' },
  );
}

function longestOf({ argv, env }: Command): string {
  const sizes = [
    ...argv.map((arg, i) => [i === 0 ? 'the program' : `argument ${i}`, arg] as const),
    ...Object.entries(env).map(([key, value]) => [`the variable ${key}`, value] as const),
  ].map(([what, text]) => ({ what, bytes: Buffer.byteLength(text) }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const [first] = sizes.sort((a, b) => b.bytes - a.bytes);
  return `${first?.what} has ${first?.bytes} bytes, all together ${total}`;
}

function gateOf(descriptor: unknown): number {
  if (typeof descriptor === 'number') return descriptor;
  throw new AppError('INTERNAL', 'the command has no gate');
}

const pipeSource = ({ read }: Pipe): OutputSource => ({
  open: () => Bun.file(read).stream(),
  close: () => closeSync(read),
});

const socketSource = (stream: unknown): OutputSource => ({
  open: () => stream as ReadableStream<Uint8Array>,
  close: () => undefined,
});

/** Lets a blocked child become its command. */
export function release(child: Child): void {
  try {
    writeSync(child.gate, 'go\n');
  } catch (thrown) {
    // It is dead already; how it ended is told by its exit.
    if ((thrown as NodeJS.ErrnoException).code !== 'EPIPE') throw thrown;
  } finally {
    closeSync(child.gate);
  }
}

/** Ends a blocked child that shall never run. */
export function discard(child: Child): void {
  closeSync(child.gate);
  signalGroup(child.pid, 'SIGKILL');
  child.stdout.close();
  child.stderr.close();
}
