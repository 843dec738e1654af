/**
 * A process was killed with many unfinished runs; another takes them all on.
 */
import type { Definition } from '../../../src/model/definition.ts';
import { asNodeId, type RunId } from '../../../src/model/ids.ts';
import type { Store } from '../../../src/model/store.ts';
import { createBenchEngine, prepare } from '../engine-harness.ts';
import type { Round } from '../figure.ts';
import { openStore } from '../raw-limit.ts';
import { chain } from '../shapes.ts';
import type { BenchContext, Suite } from '../suite.ts';

const five = chain(5).steps;
const unsafe = { id: 'last', action: 'bench.unsafe', depends_on: ['s4'] };

/** What the killed process was doing: an effect to repeat, an effect to ask about, a long wait. */
const KINDS: readonly Definition[] = [
  { steps: [...five, { ...unsafe, on_interrupt: 'rerun' }] },
  { steps: [...five, { ...unsafe, on_interrupt: 'ask' }] },
  {
    steps: [...five, { id: 'wait', type: 'wait', config: { duration: '1h' }, depends_on: ['s4'] }],
  },
];

/** Leaves `count` unfinished runs behind, owned by a node that is gone. */
async function killedProcess(store: Store, count: number): Promise<void> {
  const bench = createBenchEngine({ store, hold: true, config: { poolSize: count } });
  const kinds = KINDS.map(prepare);
  for (let first = 0; first < count; first += 500) {
    const group = Array.from({ length: Math.min(500, count - first) }, (_, index) => first + index);
    await Promise.all(
      group.flatMap((index) => {
        const kind = kinds[index % kinds.length];
        return kind === undefined ? [] : [bench.start(kind)];
      }),
    );
  }
  bench.crash();
  store.remove(asNodeId(bench.nodeId));
}

interface Recovered {
  readonly firstMs: number;
  readonly allMs: number;
}

async function recover(store: Store, count: number, limitMs: number): Promise<Recovered> {
  const began = performance.now();
  const bench = createBenchEngine({ store, config: { claims: true } });
  const seen = new Set<RunId>();
  let firstMs = 0;
  let limit: ReturnType<typeof setTimeout> | undefined;
  const all = new Promise<number>((resolve) => {
    bench.engine.onEvents((events) => {
      firstMs ||= performance.now() - began;
      for (const { runId } of events) seen.add(runId);
      if (seen.size >= count) resolve(performance.now() - began);
    });
    limit = setTimeout(() => resolve(Number.POSITIVE_INFINITY), limitMs);
  });
  await bench.engine.recover(null);
  const allMs = await all;
  clearTimeout(limit);
  await bench.close();
  if (!Number.isFinite(allMs)) {
    throw new Error(`only ${seen.size} of ${count} runs moved within ${limitMs} ms`);
  }
  return { firstMs, allMs };
}

async function recovery(context: BenchContext, count: number): Promise<void> {
  const first: Round[] = [];
  const all: Round[] = [];
  for (let round = 0; round < context.rounds(3); round++) {
    await context.withFile(async (path) => {
      const store = openStore(path, 'full');
      await killedProcess(store, count);
      Bun.gc(true);
      const { firstMs, allMs } = await recover(store, count, 120_000);
      first.push({ samples: [firstMs] });
      all.push({ samples: [allMs] });
      store.close();
    });
  }
  const settings = `full, ${count} unfinished runs`;
  const isWhole = count === 10_000;
  context.add('recovery, until the first run moves', first, {
    settings,
    unit: 'ms',
    ...(isWhole ? { bar: { max: 500 } } : {}),
  });
  context.add('recovery, until every run was taken on and decided', all, {
    settings,
    unit: 'ms',
    ...(isWhole ? { bar: { max: 5000 } } : {}),
  });
}

export const recoverySuite: Suite = {
  name: 'recovery',
  about: '10,000 unfinished runs of a killed process',
  run: (context) => recovery(context, context.quick ? 500 : 10_000),
};
