/**
 * Versions of the engine's rules: the few meanings of a definition that changed between releases.
 *
 * A template's version, an inline definition and a file each get their rules when they are registered
 * or started, and every run records its own. A run keeps its rules to its end, so an upgrade changes
 * nothing of what was written before it. Whatever is not listed here is the same for every run.
 */
import { AppError } from './error.ts';

/** The meanings that one version of the rules fixes. */
export interface Rules {
  readonly version: number;
  /** Whether `on_error` and trigger rules treat a decision's no like any other failure. */
  readonly catchesRefusals: boolean;
  /** Whether a step's `env` is merged by name with that of the defaults instead of replacing it. */
  readonly mergesEnv: boolean;
  /** Whether a parameter whose template gives null counts as not given. */
  readonly nullIsAbsent: boolean;
  /** Whether `retry` with a `delay` and no `backoff` waits that delay. */
  readonly delayMeansConstant: boolean;
  /** Whether `timeout` and `retry` of `defaults` bind steps that are no action, too. */
  readonly defaultsBindEveryStep: boolean;
  /** Whether an interrupted unsafe step of a hook asks what became of it instead of failing. */
  readonly hooksAsk: boolean;
  /** Whether a decision is asked even when its question, or whom it is for, comes out empty. */
  readonly asksNothing: boolean;
}

const TABLE: ReadonlyMap<number, Rules> = new Map(
  [
    {
      version: 1,
      catchesRefusals: true,
      mergesEnv: false,
      nullIsAbsent: false,
      delayMeansConstant: false,
      defaultsBindEveryStep: true,
      hooksAsk: true,
      asksNothing: true,
    },
    {
      version: 2,
      catchesRefusals: false,
      mergesEnv: true,
      nullIsAbsent: true,
      delayMeansConstant: true,
      defaultsBindEveryStep: false,
      hooksAsk: false,
      asksNothing: false,
    },
  ].map((rules) => [rules.version, rules]),
);

/** The rules of everything that was written before rules had numbers. */
export const FIRST_RULES = 1;
/** The rules of what is registered or started from now on. */
export const NEWEST_RULES = 2;

/** True for a version that this program can execute. */
export const knowsRules = (version: number): boolean => TABLE.has(version);

/** Returns the rules of a version. @throws STORE_ERROR for one of a newer program */
export function rulesOf(version: number): Rules {
  const rules = TABLE.get(version);
  if (rules !== undefined) return rules;
  throw new AppError(
    'STORE_ERROR',
    `this needs rules ${version} of the engine; this program knows rules up to ${NEWEST_RULES}`,
    { hint: 'use the newer Opcode that wrote it' },
  );
}
