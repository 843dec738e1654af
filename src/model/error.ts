/**
 * Error codes and what each means on every surface.
 *
 * One table maps a code to its HTTP status, JSON-RPC code, process exit code and whether a step that
 * failed with it may be tried again. A step's failure is data (`StepFailure`); `AppError` is what
 * operations throw. Translated only in execute-step, mcp, http and cli.
 */
import type { Json } from './json.ts';

interface CodeMeaning {
  readonly http: number;
  readonly rpc: number;
  readonly exit: number;
  readonly retryable: boolean;
}

const meaning = (http: number, rpc: number, exit: number, retryable: boolean): CodeMeaning => ({
  http,
  rpc,
  exit,
  retryable,
});

export const ERROR_CODES = {
  VALIDATION_ERROR: meaning(400, -32602, 2, false),
  EXECUTION_ERROR: meaning(500, -32000, 1, true),
  TIMEOUT_ERROR: meaning(504, -32001, 1, true),
  NOT_FOUND: meaning(404, -32004, 3, false),
  CONFLICT: meaning(409, -32009, 4, false),
  INVALID_TRANSITION: meaning(409, -32009, 4, false),
  CYCLE_DETECTED: meaning(400, -32602, 2, false),
  CANCELLED: meaning(409, -32010, 8, false),
  REJECTED: meaning(409, -32011, 1, false),
  SIGNAL_FAILED: meaning(500, -32012, 1, true),
  STORE_ERROR: meaning(503, -32013, 1, true),
  INTERPOLATION_ERROR: meaning(400, -32014, 1, false),
  CIRCUIT_OPEN: meaning(503, -32015, 1, true),
  NON_RETRYABLE: meaning(422, -32016, 1, false),
  PERMISSION_DENIED: meaning(403, -32017, 6, false),
  ACTION_UNAVAILABLE: meaning(503, -32018, 1, true),
  ASSERTION_FAILED: meaning(422, -32019, 1, false),
  ISOLATION_ERROR: meaning(500, -32020, 1, true),
  PATH_DENIED: meaning(403, -32021, 6, false),
  VAULT_ERROR: meaning(500, -32022, 1, false),
  OUTPUT_TOO_LARGE: meaning(413, -32023, 1, false),
  LIMIT_EXCEEDED: meaning(429, -32024, 1, false),
  INTERRUPTED: meaning(500, -32025, 1, false),
  INTERNAL: meaning(500, -32603, 70, false),
} as const satisfies Record<string, CodeMeaning>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
export const isRetryable = (code: ErrorCode): boolean => ERROR_CODES[code].retryable;
export const exitCodeOf = (code: ErrorCode): number => ERROR_CODES[code].exit;

/** Why a step failed. `retry_after_ms` is the least delay before a next try (HTTP Retry-After). */
export interface StepFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly step_id?: string;
  readonly attempts?: number;
  readonly details?: Json;
  readonly retry_after_ms?: number;
}

export const failure = (code: ErrorCode, message: string, details?: Json): StepFailure =>
  details === undefined ? { code, message } : { code, message, details };

export interface AppErrorOptions {
  readonly details?: Json;
  readonly hint?: string;
  readonly cause?: unknown;
}

/** An operation's error: a code of the table, what happened, and what to do about it. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Json | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details;
    this.hint = options.hint;
  }
}

/** The text of anything thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
