/**
 * The engine without a disk: decide, evolve, reconcile, over the memory store. The cost of a step must
 * not depend on how many steps there are.
 */
import type { Definition } from '../../../src/model/definition.ts';
import { createMemoryStore } from '../../../src/store/memory/memory-store.ts';
import { createBenchEngine, type Prepared, prepare } from '../engine-harness.ts';
import { median, type Round } from '../figure.ts';
import { chain, fanOut, forEach, parallel, readingChain } from '../shapes.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

const SIZES = [100, 1000, 10_000];
/** Steps in one sample, the same for every size: each must hold its share of garbage collection. */
const STEPS_A_SAMPLE = 20_000;

const SHAPES: Readonly<Record<string, (count: number) => Definition>> = {
  chain: (count) => chain(count),
  'chain that reads the step before': readingChain,
  parallel: (count) => parallel(count),
  'fan-out and join': (count) => fanOut(count),
  'for_each, one step a body': (count) => forEach(count),
  'chain of unsafe steps': (count) => chain(count, 'bench.unsafe'),
  'unsafe steps in parallel': (count) => parallel(count, 'bench.unsafe'),
};

/** Microseconds a step. */
async function sample(prepared: Prepared, steps: number, runs: number): Promise<number> {
  const bench = createBenchEngine({ store: createMemoryStore() });
  await bench.complete(prepared);
  const ms = await timed(async () => {
    for (let run = 0; run < runs; run++) await bench.complete(prepared);
  });
  await bench.close();
  return (ms * 1000) / (runs * steps);
}

async function shape(context: BenchContext, name: string): Promise<void> {
  const define = SHAPES[name];
  if (define === undefined) return;
  const isPure = !name.includes('unsafe');
  const sizes = context.quick ? SIZES.slice(0, 2) : SIZES;
  const prepared = sizes.map((size) => prepare(define(size)));
  const rounds: Round[][] = sizes.map(() => []);
  // Sizes take turns, so that a disturbance meets all of them.
  for (let round = 0; round <= context.rounds(7); round++) {
    for (const [index, size] of sizes.entries()) {
      const definition = prepared[index];
      if (definition === undefined) continue;
      Bun.gc(true);
      const runs = Math.round((context.quick ? 2000 : STEPS_A_SAMPLE) / size);
      const cost = await sample(definition, size, runs);
      if (round > 0) rounds[index]?.push({ samples: [cost] });
    }
  }
  for (const [index, size] of sizes.entries()) {
    context.add(name, rounds[index] ?? [], {
      settings: `memory store, ${size} steps`,
      unit: 'µs',
      ...(isPure ? { bar: { max: 10 } } : {}),
      note: 'a step',
    });
  }
  const [small = [], , large] = rounds;
  if (large === undefined) return;
  const ratios = large.map(({ samples }, index) => ({
    samples: [median(samples) / median(small[index]?.samples ?? [])],
  }));
  context.add(`${name}, a step of 10,000 against one of 100`, ratios, {
    settings: 'memory store',
    unit: '×',
    bar: { max: 1.3 },
  });
}

export const engineAlone: Suite = {
  name: 'engine',
  about: 'the engine alone, over the memory store, at 100, 1,000 and 10,000 steps',
  async run(context) {
    for (const name of Object.keys(SHAPES)) await shape(context, name);
  },
};
