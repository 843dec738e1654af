/**
 * What the actions are given: policies over paths and addresses, and a way to run commands.
 *
 * The ports are as narrow as an action needs; the composition root fills them in.
 */
import type { RecordedProcess } from '../model/event.ts';
import type { Json } from '../model/json.ts';

export type PathAccess = 'read' | 'write';

/** Rules over absolute, resolved paths: the reason why a path is closed, or null. */
export interface PathPolicy {
  check(absolutePath: string, access: PathAccess): string | null;
}

/** Rules over the addresses an http action connects to: the reason of a refusal, or null. */
export interface EgressPolicy {
  /** `address` is the IP address that would be connected to. */
  allow(host: string, address: string): string | null;
}

/** Limits a step demands for its command. */
export interface CommandLimits {
  readonly memoryBytes?: number;
  /** Cores, may be a fraction. */
  readonly cpu?: number;
  readonly pids?: number;
  /** False: no network at all. */
  readonly network?: boolean;
}

export interface ShellCommand {
  /** Program and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The starter's variables, of which the runner lets a short list through. */
  readonly baseEnv: Readonly<Record<string, string>>;
  /** The step's own variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Names that are not taken over from the starter; `*` for all but the usual four. */
  readonly dropped: readonly string[];
  readonly stdin: string | null;
  readonly maxOutputBytes: number;
  readonly limits: CommandLimits;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** Name of the signal that ended it, or null. */
  readonly signal: string | null;
  readonly durationMs: number;
  readonly truncated: boolean;
  /** What ended it before its time. */
  readonly stopped: 'timeout' | 'abort' | null;
}

interface CommandControl {
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /** Something was left out before a text that is behind a gap. */
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string, isBehindGap?: boolean) => void;
  /** The characters of a text from one place to another, with nothing that may not be seen in part. */
  readonly cut: (text: string, from: number, to: number) => string;
}

/** A command that waits to be released; it has not run anything yet. */
interface PreparedCommand {
  readonly process: RecordedProcess;
  run(control: CommandControl): Promise<CommandResult>;
  discard(): void;
}

/** Spawns commands blocked; throws `AppError` when the command cannot be started. */
interface CommandRunner {
  prepare(command: ShellCommand): PreparedCommand;
}

export interface ActionDeps {
  /** Whether an agent (null: anybody) is told of a message at once; without it nobody is. */
  readonly isHeard?: (agent: string | null) => boolean;
  readonly paths: PathPolicy;
  /** Folders and files closed to every action (the product's own home and database). */
  readonly deniedPaths: readonly string[];
  /** Folders inside of those that are open all the same (where runs without a folder work). */
  readonly openPaths: readonly string[];
  /** Folders and files of `/proc`, `/sys` and `/dev` that a setting opens. */
  readonly systemPaths: readonly string[];
  readonly egress: EgressPolicy;
  readonly commands: CommandRunner;
  /**
   * What keeps a value from fitting a JSON Schema, [] when it fits; paths are like `a[0].b`. Throws
   * `AppError` VALIDATION_ERROR when the schema is none, LIMIT_EXCEEDED when it is too much work.
   */
  readonly checkSchema: (
    schema: Json,
    value: Json,
  ) => readonly { readonly path: string; readonly message: string }[];
}
