/**
 * How often somebody may come with a wrong token: so many times a minute and address. It bounds
 * guessing, the log and the record; who has a right token is not kept out by others' wrong ones.
 */

export interface Throttle {
  /** Counts a failure; says whether it is one of those that are told. */
  fail(address: string): { readonly isTold: boolean };
  /** Seconds until this address may fail again, null when it may now. */
  wait(address: string): number | null;
}

export interface ThrottleLimits {
  readonly failures: number;
  readonly windowMs: number;
  /** Failures of a window that are told one by one. */
  readonly told: number;
  readonly addresses: number;
}

const DEFAULT_LIMITS: ThrottleLimits = {
  failures: 20,
  windowMs: 60_000,
  told: 5,
  addresses: 10_000,
};

/** Counters over a clock of milliseconds. */
export function createThrottle(
  now: () => number,
  limits: ThrottleLimits = DEFAULT_LIMITS,
): Throttle {
  const windows = new Map<string, { readonly endsAt: number; count: number }>();
  const current = (address: string) => {
    const window = windows.get(address);
    if (window !== undefined && window.endsAt > now()) return window;
    windows.delete(address);
    return null;
  };
  return {
    fail(address) {
      let window = current(address);
      if (window === null) {
        // The oldest go first: a map keeps the order in which they came.
        const [oldest] = windows.keys();
        if (windows.size >= limits.addresses && oldest !== undefined) windows.delete(oldest);
        window = { endsAt: now() + limits.windowMs, count: 0 };
        windows.set(address, window);
      }
      window.count += 1;
      return { isTold: window.count <= limits.told };
    },
    wait(address) {
      const window = current(address);
      if (window === null || window.count < limits.failures) return null;
      return Math.max(1, Math.ceil((window.endsAt - now()) / 1000));
    },
  };
}
