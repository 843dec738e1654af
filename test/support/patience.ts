/**
 * How long tests wait. What must come is waited for as long as a machine may take that has ten times
 * as much to do as it can; nothing else is read off a clock. Only here do tests sleep: the timing
 * rules refuse it elsewhere.
 */

/** The longest wait for what another process, a timer or the network brings, milliseconds. */
export const PATIENCE_MS = 120_000;
/** The limit of one test, milliseconds: it ends what hangs, and says nothing about speed. */
export const TEST_MS = 300_000;

const LOOK_MS = 10;
/** Of a passing moment, each long enough that a machine four times slower is still in time. */
const ROOMS_MS = [300, 1200, 5000, 20_000, 80_000];

type Nothing = null | undefined | false | 0 | '';

/**
 * Waits until `check` answers something, and answers that; `what` says what it waits for.
 * @throws when it does not come
 */
export async function eventually<T>(
  check: () => T | Nothing | Promise<T | Nothing>,
  what: string | (() => string) = 'it',
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await check();
    if (seen) return seen;
    if (performance.now() > deadline) {
      throw new Error(`not within ${PATIENCE_MS} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await Bun.sleep(LOOK_MS);
  }
}

/** Waits until the clock shows a later time than `atMs`, epoch milliseconds. */
export async function untilPast(atMs: number): Promise<void> {
  await eventually(() => Date.now() > atMs, `the time ${new Date(atMs).toISOString()} has passed`);
}

/**
 * Does what must be done before a time of its own has passed: `attempt` gets that time and answers
 * nothing when the machine was too slow for it; then it is tried again with more.
 * @throws when no time was enough
 */
export async function withRoom<T>(attempt: (roomMs: number) => Promise<T | Nothing>): Promise<T> {
  for (const roomMs of ROOMS_MS) {
    const seen = await attempt(roomMs);
    if (seen) return seen;
  }
  throw new Error(`not in time, not even within ${ROOMS_MS.at(-1)} ms`);
}

/** Takes the time that a slow peer or a random moment takes; never the time that something else needs. */
export function slowly(ms: number): Promise<void> {
  return Bun.sleep(ms);
}
