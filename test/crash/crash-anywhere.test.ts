import { describe, expect, test } from 'bun:test';
import {
  cutsOf,
  recoverAfterDeaths,
  recoverFrom,
  runWhole,
  type Shape,
} from '../support/crash-family.ts';
import { TEST_MS } from '../support/patience.ts';
import { nestedShapes, SETTLING_SHAPES, SIMPLE_SHAPES } from '../support/shapes.ts';

interface Cut {
  readonly inFlightDone: boolean;
  /** Of the cut log, where a snapshot was taken; null without one. */
  readonly snapshot: ((count: number) => number) | null;
}

const [undone, done, cached] = [
  { inFlightDone: false, snapshot: null },
  { inFlightDone: true, snapshot: null },
  { inFlightDone: false, snapshot: (count) => (count % 2 === 0 ? count : count >> 1) },
] as const satisfies readonly Cut[];

/** Cuts the log after each event, with the effect in flight done and not done, and compares ends. */
async function cutEverywhere(shape: Shape, cuts: readonly Cut[]): Promise<void> {
  const whole = await runWhole(shape);
  expect([...whole.sink.doubled]).toEqual([]);
  for (const count of cutsOf(shape, whole)) {
    for (const { inFlightDone, snapshot } of cuts) {
      const at = snapshot?.(count) ?? null;
      const { end, sink } = await recoverFrom(shape, whole, count, inFlightDone, at);
      const where = `cut after ${count} of ${whole.events.length} (${whole.events[count - 1]?.type} ${whole.events[count - 1]?.path ?? ''}, effect ${inFlightDone ? 'done' : 'not done'}, ${at === null ? 'no snapshot' : `snapshot after ${at}`})`;
      expect({ where, end }).toEqual({ where, end: whole.end });
      for (const [path, times] of whole.sink.done) {
        const again = sink.done.get(path) ?? 0;
        // Only what may be repeated without harm may have happened once more.
        const allowed = path.endsWith('leaf') || !isUnsafe(shape, path) ? times + 1 : times;
        expect({ where, path, ok: again >= times && again <= allowed }).toEqual({
          where,
          path,
          ok: true,
        });
      }
      expect([...sink.doubled]).toEqual([]);
    }
  }
}

const isUnsafe = (shape: Shape, path: string): boolean => {
  const id = path.slice(path.lastIndexOf('.') + 1);
  return JSON.stringify(shape.definition).includes(`{"id":"${id}","action":"test.unsafe"`);
};

describe('a log cut after any event comes to the same end', () => {
  for (const shape of [...SIMPLE_SHAPES, ...SETTLING_SHAPES]) {
    test(shape.name, async () => cutEverywhere(shape, [undone, done, cached]), TEST_MS);
  }
});

describe('nested shapes cut after any event', () => {
  for (const shape of nestedShapes(2)) {
    test(shape.name, async () => cutEverywhere(shape, [undone, done, cached]), TEST_MS);
  }
});

/** Every n-th shape of depth three in the suite; TEST_DEPTH=3 takes them all. */
const STRIDE = process.env.TEST_DEPTH === '3' ? 1 : 13;

describe('shapes of depth three cut after any event', () => {
  const deep = nestedShapes(3).filter(({ name }) => name.split(' > ').length === 4);
  for (const shape of deep.filter((_, index) => index % STRIDE === 0)) {
    test(shape.name, async () => cutEverywhere(shape, [undone, cached]), TEST_MS);
  }
});

/** More than a step may be alone in, fewer than a run is held back after. */
const DEATHS = 5;

describe('a log cut after any event, whose processes die again and again beside another run', () => {
  for (const shape of [...SIMPLE_SHAPES, ...nestedShapes(2)]) {
    test(
      `${shape.name} comes to the same end`,
      async () => {
        const whole = await runWhole(shape);
        for (const count of cutsOf(shape, whole)) {
          const { end, events } = await recoverAfterDeaths(shape, whole, count, DEATHS);
          expect({ count, end }).toEqual({ count, end: whole.end });
          expect(JSON.stringify(events)).not.toMatch(/INTERRUPTED|quarantined/);
        }
      },
      TEST_MS,
    );
  }
});
