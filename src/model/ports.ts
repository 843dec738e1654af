/**
 * Narrow interfaces through which runtime and operations reach the world; handed in by `app.ts`.
 */
import type { StepFailure } from './error.ts';
import type { RecordedProcess } from './event.ts';
import type { ComputeAnswer, ComputeRequest } from './expression.ts';
import type { Json } from './json.ts';
import type { NodeRow } from './store.ts';

export interface Clock {
  /** Wall time, epoch milliseconds. */
  now(): number;
  /** Milliseconds that never go back, from any origin. */
  monotonic(): number;
  /** Calls back once after `ms` (any size, also beyond 2^31); returns the canceller. */
  after(ms: number, callback: () => void): () => void;
  /** Calls back once, after everything that is ready in this turn of the event loop. */
  soon(callback: () => void): void;
}

/** Processes that were recorded, and processes that execute. */
export interface ProcessControl {
  /**
   * Ends a recorded process group if it is still that process; resolves when it is gone. `lives`: it
   * was killed and still has not gone; `elsewhere`: it runs on another host.
   */
  killRecorded(process: RecordedProcess): Promise<'gone' | 'lives' | 'elsewhere'>;
  /** False when the node's process is known to be gone; null when it cannot be told from here. */
  isAlive(node: NodeRow): boolean | null;
}

/** Compute processes: JSON in, JSON out, with limits on time and memory. */
export interface ComputePool {
  run(request: ComputeRequest): Promise<ComputeAnswer>;
  close(): Promise<void>;
}

/** Secrets by name. `locked`: a vault is there but has no key yet. */
export interface SecretSource {
  resolve(
    name: string,
  ):
    | { readonly ok: true; readonly value: string }
    | { readonly ok: false; readonly error: StepFailure };
}

/** What is told of secrets: their names and where they come from, never a value. */
export interface SecretNames {
  names(): readonly { readonly name: string; readonly source: string }[];
}

/** JSON Schema validation: problems of a value, [] when it fits. */
export type SchemaCheck = (schema: Json, value: Json) => readonly string[];

export interface Randomness {
  uuid(): string;
  /** Lower-case hex SHA-256 of a text. */
  sha256(text: string): string;
}

/** Puts a mask where secrets stand. */
export interface Masker {
  text(value: string): string;
  /** The characters of a text from one place to another; a secret that reaches over an edge is masked too. */
  part(value: string, from: number, to: number): string;
  /** A text whose rest nobody has: what may be the beginning of a secret at its end is masked. */
  cutOff(value: string): string;
  json(value: Json): Json;
  /** `json` for what may be large: others have a turn every few milliseconds. */
  jsonInTurns(value: Json): Promise<Json>;
}

export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
