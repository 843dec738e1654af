/**
 * A command as data: what is started, under which control, and how it ended.
 */
import type { RecordedProcess } from '../model/event.ts';

/** Limits a step demands; one that cannot be had is an error, never dropped. */
export interface CommandLimits {
  readonly memoryBytes?: number;
  /** Cores, may be a fraction. */
  readonly cpu?: number;
  readonly pids?: number;
  /** False: no network at all. */
  readonly network?: boolean;
}

export interface Command {
  /** Program and its arguments; a program with a slash is a path, else it is looked up in PATH. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The starter's variables, of which a short list goes through. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** The step's own variables; they all go through. */
  readonly env: Readonly<Record<string, string>>;
  /** Names that are not taken over from the starter; `*` for all but PATH, HOME, LANG and TZ. */
  readonly dropped?: readonly string[];
  readonly stdin: string | null;
  readonly maxOutputBytes: number;
  readonly limits: CommandLimits;
}

export interface CommandControl {
  /** From the moment it is released. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /** Something was left out before a text that is behind a gap. */
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string, isBehindGap?: boolean) => void;
  /** The characters of a text from one place to another, with nothing that may not be seen in part. */
  readonly cut: (text: string, from: number, to: number) => string;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + n when signal n ended it, as a shell says it. */
  readonly exitCode: number;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly truncated: boolean;
  /** What ended it before its time. */
  readonly stopped: 'timeout' | 'abort' | null;
}

/** A command that waits to be released; it has not run anything yet. */
export interface PreparedCommand {
  readonly process: RecordedProcess;
  /** Lets it run; resolves when its whole process group is gone. */
  run(control: CommandControl): Promise<CommandResult>;
  /** Ends it without ever having run anything. */
  discard(): void;
}

export interface CommandRunner {
  prepare(command: Command): PreparedCommand;
}
