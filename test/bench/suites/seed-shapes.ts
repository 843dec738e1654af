/**
 * Whole workflows of pure no-op steps on disk, as a caller sees them, with everything durable.
 */
import type { Definition } from '../../../src/model/definition.ts';
import { durableRounds } from '../durable-round.ts';
import { prepare } from '../engine-harness.ts';
import { chain, diamond, fanOut, forEach, parallel } from '../shapes.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

const SMALL: readonly (readonly [string, Definition])[] = [
  ...[10, 50, 100, 200, 500].map((n) => [`${n} steps in parallel`, parallel(n)] as const),
  ...[5, 10, 20, 50].map((n) => [`${n} steps in sequence`, chain(n)] as const),
  ['a diamond of 4 steps', diamond()],
];

const LARGE: readonly (readonly [string, Definition])[] = [
  ['a chain of 10,000 steps', chain(10_000)],
  ['10,000 steps, fan-out and join', fanOut(10_000)],
  ['for_each over 10,000 items', forEach(10_000)],
];

async function shape(
  context: BenchContext,
  [name, definition]: readonly [string, Definition],
  runs: number,
  rounds: number,
): Promise<void> {
  const prepared = prepare(definition);
  const measured = await durableRounds(context, {
    sync: 'full',
    rounds: context.rounds(rounds),
    async sample(bench) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++) times.push(await timed(() => bench.start(prepared)));
      return times;
    },
    raw: (transactionMs) => transactionMs,
  });
  context.add(name, measured.rounds, { settings: 'full', unit: 'ms' });
}

export const seedShapes: Suite = {
  name: 'shapes',
  about: 'parallel, sequential, diamond, and 10,000 steps, on disk',
  async run(context) {
    for (const entry of SMALL) await shape(context, entry, context.quick ? 3 : 20, 5);
    if (context.quick) return;
    for (const entry of LARGE) await shape(context, entry, 1, 5);
  },
};
