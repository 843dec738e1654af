/**
 * Circuit breakers, one per target (an http origin, a plugin), shared by all runs of this process.
 *
 * Closed until so many failures in a row; open for a cooldown, in which nothing starts; then one
 * probe at a time, whose result closes it or opens it again. Only failures of the target count, not
 * those of the call (`EXECUTION_ERROR`, `TIMEOUT_ERROR`).
 */
import type { ErrorCode } from '../model/error.ts';
import type { Clock } from '../model/ports.ts';

export interface BreakerConfig {
  readonly enabled: boolean;
  /** Failures in a row that open it. */
  readonly failures: number;
  readonly cooldownMs: number;
}

export const DEFAULT_BREAKER_CONFIG: BreakerConfig = {
  enabled: true,
  failures: 5,
  cooldownMs: 30_000,
};

type BreakerVerdict =
  | { readonly kind: 'closed' }
  | { readonly kind: 'probe' }
  | { readonly kind: 'open'; readonly untilMs: number };

interface BreakerChange {
  readonly target: string;
  readonly state: 'open' | 'closed';
  /** Wall time until which it stays open, epoch milliseconds. */
  readonly untilMs: number | null;
}

export interface Breakers {
  /** Whether a call may start; `probe` makes this call the one that finds out. */
  check(target: string): BreakerVerdict;
  /** Notes how a call ended; a change of state, or null. `null` code: it went well. */
  record(target: string, code: ErrorCode | null): BreakerChange | null;
  /** A probe that never reached the target lets the next call be one. */
  free(target: string): void;
  states(): readonly { readonly target: string; readonly state: 'open' | 'half_open' }[];
}

interface Breaker {
  failures: number;
  /** Monotonic time until which it is open; null while closed. */
  openUntil: number | null;
  probing: boolean;
}

/** Breakers over one clock. */
export function createBreakers(clock: Clock, config: BreakerConfig): Breakers {
  const breakers = new Map<string, Breaker>();
  const open = (target: string, breaker: Breaker): BreakerChange => {
    breaker.openUntil = clock.monotonic() + config.cooldownMs;
    breaker.probing = false;
    return { target, state: 'open', untilMs: clock.now() + config.cooldownMs };
  };
  const fail = (target: string): BreakerChange | null => {
    const breaker = breakers.get(target) ?? { failures: 0, openUntil: null, probing: false };
    breakers.set(target, breaker);
    breaker.failures += 1;
    const opens =
      breaker.openUntil === null ? breaker.failures >= config.failures : breaker.probing;
    return opens ? open(target, breaker) : null;
  };
  return {
    check(target) {
      const breaker = breakers.get(target);
      if (!config.enabled || breaker === undefined || breaker.openUntil === null) {
        return { kind: 'closed' };
      }
      const left = breaker.openUntil - clock.monotonic();
      if (left > 0 || breaker.probing) {
        // While a probe is out, the others wait as long as one more cooldown would take.
        const wait = left > 0 ? left : config.cooldownMs;
        return { kind: 'open', untilMs: Math.ceil(clock.now() + wait) };
      }
      breaker.probing = true;
      return { kind: 'probe' };
    },
    record(target, code) {
      if (!config.enabled) return null;
      if (code === 'EXECUTION_ERROR' || code === 'TIMEOUT_ERROR') return fail(target);
      const breaker = breakers.get(target);
      if (breaker === undefined) return null;
      const wasOpen = breaker.openUntil !== null;
      breakers.delete(target);
      return wasOpen ? { target, state: 'closed', untilMs: null } : null;
    },
    free(target) {
      const breaker = breakers.get(target);
      if (breaker !== undefined) breaker.probing = false;
    },
    states: () =>
      [...breakers].flatMap(([target, breaker]) =>
        breaker.openUntil === null
          ? []
          : [{ target, state: breaker.probing ? ('half_open' as const) : ('open' as const) }],
      ),
  };
}
