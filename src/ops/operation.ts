/**
 * What an operation is: one thing the product can do, the same on every surface.
 *
 * Owns the types and the one way an operation is called: input checked against its schema, then the
 * handler. Inputs and outputs are wire JSON (snake_case, RFC 3339 UTC, `*_ms`). A handler throws
 * `AppError` and nothing else that a caller should understand.
 */
import * as v from 'valibot';
import { AppError } from '../model/error.ts';
import type { ExecContext } from '../model/event.ts';
import type { Signal } from '../model/input.ts';
import { formatIssuePath, type IssuePath } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import { type Access, type Role, requireAccess } from './access.ts';
import { wordsOf } from './input-words.ts';
import { readInput } from './read-input.ts';

export type Surface = 'cli' | 'mcp' | 'http' | 'tui' | 'panel';
export const EVERYWHERE: readonly Surface[] = ['cli', 'mcp', 'http', 'tui', 'panel'];
export const NOT_MCP: readonly Surface[] = ['cli', 'http', 'tui', 'panel'];

/** Who calls. `agentId` is recorded; `role` and `sender` decide what is allowed. */
export interface Caller {
  readonly agentId: string | null;
  /** A person's name for the record, when no agent speaks: `cli:ada`. */
  readonly name?: string;
  readonly role: Role;
  readonly sender: Signal['sender'];
  /** The one agent that its token is for. */
  readonly boundTo?: string;
  /** The token that it came with; the same for every call with that token. */
  readonly tokenId?: string;
  /** Whose the token is: its agent's, or what it is named; the same after it was renewed. */
  readonly owner?: string;
  /** From where, for the record: a surface and an address, such as `http 127.0.0.1`. */
  readonly from?: string;
}

export interface CallContext {
  readonly caller: Caller;
  /** Working directory and environment of a caller on this machine; null for MCP and HTTP. */
  readonly exec: ExecContext | null;
  /** What started it when nobody did by hand: a schedule, a webhook. Recorded with the run. */
  readonly trigger?: Json;
  /** Ends waiting and following early; what was started goes on. */
  readonly abort?: AbortSignal;
  /** Told the run's id as soon as it is on disk, before any waiting. */
  readonly onStarted?: (workflowId: string) => void;
}

type Schema = v.GenericSchema;

/** One operation. `handle` gets checked input with defaults filled in. */
export interface Operation<I extends Schema = Schema, O extends Schema = Schema> {
  readonly name: string;
  readonly summary: string;
  readonly input: I;
  readonly output: O;
  readonly surfaces: readonly Surface[];
  /** What the caller's role must allow. */
  readonly access: Access;
  /** It changes nothing, though more than reading is needed: there is nothing to record. */
  readonly quiet?: true;
  readonly handle: (ctx: CallContext, input: v.InferOutput<I>) => Promise<v.InferOutput<O>>;
}

/** An operation that yields items until the caller stops or nothing more can come. */
export interface StreamOperation<I extends Schema = Schema, O extends Schema = Schema> {
  readonly name: string;
  readonly summary: string;
  readonly input: I;
  /** Schema of one item. */
  readonly output: O;
  readonly surfaces: readonly Surface[];
  /** What the caller's role must allow. */
  readonly access: Access;
  readonly follow: (ctx: CallContext, input: v.InferOutput<I>) => AsyncIterable<v.InferOutput<O>>;
}

/** An operation as callers use it: raw input in (defaults may be left out), result out. */
export type Call<I extends Schema, O extends Schema> = (
  ctx: CallContext,
  input: v.InferInput<I>,
) => Promise<v.InferOutput<O>>;

export type Follow<I extends Schema, O extends Schema> = (
  ctx: CallContext,
  input: v.InferInput<I>,
) => AsyncIterable<v.InferOutput<O>>;

/** Levels of lists and objects in an operation's input. */
const MAX_INPUT_DEPTH = 1000;

/** Looks without recursion: the stack must not be what ends it. */
function isTooDeep(input: unknown): boolean {
  let level: unknown[] = [input];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_INPUT_DEPTH) return true;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}

/** Checks raw input against an operation's schema; @throws VALIDATION_ERROR with details.issues. */
function parseInput<I extends Schema>(
  operation: { readonly name: string; readonly input: I },
  input: unknown,
): v.InferOutput<I> {
  if (isTooDeep(input)) {
    const message = `${operation.name}: the input is nested deeper than ${MAX_INPUT_DEPTH} levels`;
    throw new AppError('VALIDATION_ERROR', message);
  }
  const read = readInput(operation.input, input);
  const parsed = v.safeParse(operation.input, read.input);
  if (parsed.success && read.problems.length === 0) return parsed.output;
  const found = (parsed.issues ?? []).map((issue) => ({
    path: (issue.path ?? []).map((item) => item.key) as unknown as IssuePath,
    message: wordsOf(issue),
  }));
  const issues = [...read.problems, ...found].map(({ path, message }) => ({
    path: formatIssuePath(path),
    code: 'VALIDATION_ERROR',
    message,
    severity: 'error',
  }));
  const [first] = issues;
  const where = first === undefined || first.path === '' ? '' : `${first.path}: `;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new AppError(
    'VALIDATION_ERROR',
    `${operation.name}: ${where}${first?.message ?? 'bad input'}${more}`,
    { details: { issues } },
  );
}

/** A call as the gate sees it; `input` is checked once the gate is entered. */
export interface Called {
  readonly name: string;
  readonly access: Access;
  readonly input: unknown;
  readonly quiet: boolean;
}

/** What stands around every operation of a catalogue. */
export interface Gate {
  /** @throws PERMISSION_DENIED */
  enter(ctx: CallContext, called: Called): void;
  done(ctx: CallContext, called: Called, result: unknown): void;
  failed(ctx: CallContext, called: Called, thrown: unknown): void;
}

/** The two makers of callables behind a gate. */
export const guarded = (gate: Gate) => ({
  callable: <I extends Schema, O extends Schema>(operation: Operation<I, O>): Call<I, O> =>
    callable(operation, gate),
  followable: <I extends Schema, O extends Schema>(
    operation: StreamOperation<I, O>,
  ): Follow<I, O> => followable(operation, gate),
});

/** The callable of an operation. */
function callable<I extends Schema, O extends Schema>(
  operation: Operation<I, O>,
  gate: Gate,
): Call<I, O> {
  const { name, access, quiet = false } = operation;
  return async (ctx, given) => {
    try {
      requireAccess(ctx.caller.role, access, name);
      const input = parseInput(operation, given);
      const called = { name, access, input, quiet };
      gate.enter(ctx, called);
      const result = await operation.handle(ctx, input);
      gate.done(ctx, called, result);
      return result;
    } catch (thrown) {
      gate.failed(ctx, { name, access, input: given, quiet }, thrown);
      throw thrown;
    }
  };
}

/** The callable of a stream operation; bad input is thrown when iteration begins. */
function followable<I extends Schema, O extends Schema>(
  operation: StreamOperation<I, O>,
  gate: Gate,
): Follow<I, O> {
  const { name, access } = operation;
  return async function* follow(ctx, given) {
    try {
      requireAccess(ctx.caller.role, access, name);
      const input = parseInput(operation, given);
      gate.enter(ctx, { name, access, input, quiet: true });
      yield* operation.follow(ctx, input);
    } catch (thrown) {
      gate.failed(ctx, { name, access, input: given, quiet: true }, thrown);
      throw thrown;
    }
  };
}
