/**
 * The real clock on which no work takes time: a decision that is cut off after some milliseconds, or a
 * look that is due each second, would make counts depend on how busy the machine is.
 */
import type { Clock } from '../../src/model/ports.ts';
import { createClock } from '../../src/runtime/clock.ts';

export const steadyClock = (): Clock => ({ ...createClock(), monotonic: () => 0 });
