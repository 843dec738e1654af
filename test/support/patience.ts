/**
 * How long tests wait. What must come is waited for as long as a machine may take that has ten times
 * as much to do as it can; nothing else is read off a clock.
 */

/** The longest wait for what another process, a timer or the network brings, milliseconds. */
export const PATIENCE_MS = 120_000;
/** The limit of one test, milliseconds: it ends what hangs, and says nothing about speed. */
export const TEST_MS = 300_000;

type Nothing = null | undefined | false | 0 | '';

/** Waits until `check` answers something, and answers that. @throws when it does not come */
export async function eventually<T>(
  check: () => T | Nothing | Promise<T | Nothing>,
  what = 'it',
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = await check();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await Bun.sleep(10);
  }
}
