/**
 * A daemon lets a run leave memory when nothing of it is in flight, and takes it up again when it is
 * due. Wherever that happens the run comes to the end it would have come to in one piece, by itself.
 */
import { describe, expect, test } from 'bun:test';
import {
  cutsOf,
  EAGER_TO_PARK,
  mayBeParked,
  runWhole,
  type Shape,
  wakeFrom,
} from '../support/crash-family.ts';
import { TEST_MS } from '../support/patience.ts';
import { nestedShapes, SETTLING_SHAPES, SIMPLE_SHAPES } from '../support/shapes.ts';

const SHAPES: readonly Shape[] = [...SIMPLE_SHAPES, ...SETTLING_SHAPES, ...nestedShapes(2)];

/** Leaves the run after each event, free to be taken at once, and parked wherever it could be. */
async function leaveEverywhere(shape: Shape): Promise<void> {
  const whole = await runWhole(shape);
  for (const count of cutsOf(shape, whole)) {
    const ways = mayBeParked(shape, whole, count)
      ? (['free', 'parked'] as const)
      : (['free'] as const);
    for (const left of ways) {
      const last = whole.events[count - 1];
      const where = `${left} after ${count} of ${whole.events.length} (${last?.type} ${last?.path ?? ''})`;
      const { end, sink } = await wakeFrom(shape, whole, count, left);
      expect({ where, end, doubled: [...sink.doubled] }).toEqual({
        where,
        end: whole.end,
        doubled: [],
      });
    }
  }
}

describe('a run that leaves memory whenever it may comes to the same end', () => {
  for (const shape of SHAPES) {
    test(
      shape.name,
      async () => {
        const whole = await runWhole(shape);
        const parked = await runWhole(shape, EAGER_TO_PARK);
        expect(parked.end).toEqual(whole.end);
        expect([...parked.sink.doubled]).toEqual([]);
      },
      TEST_MS,
    );
  }
});

describe('a run left after any event is taken up and comes to the same end', () => {
  for (const shape of SHAPES) test(shape.name, async () => leaveEverywhere(shape), TEST_MS);
});
