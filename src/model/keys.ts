/**
 * Idempotency keys: a key answers only the same request of the same caller.
 *
 * A key belongs to a scope (whose and what kind of call it is) and remembers the fingerprint of what was
 * asked. Keys that were stored before scopes had callers are found under the scope of their time.
 */
import { AppError } from './error.ts';
import type { RunId } from './ids.ts';
import { isJsonObject, type Json, ownValue } from './json.ts';

/** The key of a start. */
export interface StartKey {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
  /** Where and as what an older program would have kept it; left out for keys of that kind themselves. */
  readonly earlier?: { readonly scope: string; readonly fingerprint: string };
}

/** The key of a signal, within one run. */
export interface SignalKey {
  /** Key and caller as one text. */
  readonly text: string;
  readonly fingerprint: string;
  /** The key alone, as an older program would have kept it. */
  readonly earlier: string;
}

/** The scope of a start's key. */
export const startScope = (owner: string, kind: 'run' | 'rerun'): string =>
  JSON.stringify([owner, kind]);

/** A signal's key and whose it is as one text. */
export const signalKeyText = (owner: string, key: string): string => JSON.stringify([owner, key]);

/** A signal's key as its message carries it. */
export const keyedBy = (
  key: SignalKey | null,
): { readonly idempotencyKey: string | null; readonly keyed?: Omit<SignalKey, 'text'> } => {
  if (key === null) return { idempotencyKey: null };
  const { text, ...keyed } = key;
  return { idempotencyKey: text, keyed };
};

/** The refusal of a start whose idempotency key belongs to another request. */
export function startKeyConflict(holder: RunId): AppError {
  return new AppError('CONFLICT', 'this idempotency key was used for another request', {
    details: { workflow_id: holder },
    hint: `run ${holder} has it; use another key for other params, another version, context or run`,
  });
}

/** The refusal of a signal whose idempotency key belongs to another signal; `body` is that one's. */
export function signalKeyConflict(body: Json): AppError {
  const text = (name: string): string | null => {
    const value = isJsonObject(body) ? ownValue(body, name) : null;
    return typeof value === 'string' ? value : null;
  };
  const step = text('step_id');
  const at = step === null ? '' : ` to "${step}"`;
  const by = text('by') === null ? '' : ` by ${text('by')}`;
  return new AppError(
    'CONFLICT',
    `this idempotency key was used for another signal: ${text('type') ?? 'one'}${at}${by}`,
    {
      details: { signal_type: text('type'), step_id: step, by: text('by') },
      hint: 'it was not applied; use another key for another signal',
    },
  );
}
