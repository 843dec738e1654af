/**
 * Runs on disk as a caller sees them: from `start` to the answer, everything durable.
 */
import { durableRounds, sumOf } from '../durable-round.ts';
import { type BenchEngine, prepare } from '../engine-harness.ts';
import { median } from '../figure.ts';
import { chain } from '../shapes.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

const TEN = prepare(chain(10));
const THREE_UNSAFE = prepare(chain(3, 'bench.unsafe'));

async function oneAfterTheOther(context: BenchContext): Promise<void> {
  const runs = context.quick ? 20 : 100;
  for (const sync of ['normal', 'full'] as const) {
    const { rounds, transactions } = await durableRounds(context, {
      sync,
      rounds: context.rounds(9),
      async sample(bench) {
        const times: number[] = [];
        for (let run = 0; run < runs; run++) times.push(await timed(() => bench.start(TEN)));
        return times;
      },
      raw: (transactionMs) => transactionMs,
    });
    context.add('a run of 10 pure steps, to the caller', rounds, {
      settings: `${sync}, one after the other`,
      unit: 'ms',
      ...(sync === 'normal' ? { bar: { ratio: 2 } } : {}),
      note: `${transactions / (rounds.length * runs)} transactions a run`,
    });
  }
}

async function atOnce(context: BenchContext, count: number): Promise<void> {
  const { rounds, transactions, appends } = await durableRounds(context, {
    sync: 'full',
    rounds: context.rounds(15),
    sample: async (bench) => [
      await timed(() => Promise.all(Array.from({ length: count }, () => bench.start(TEN)))),
    ],
    raw: (transactionMs) => [sumOf(transactionMs)],
  });
  const group = `${Math.round(appends / transactions)} runs a transaction`;
  context.add(`${count} runs of 10 pure steps at once`, rounds, {
    settings: 'full',
    unit: 'ms',
    bar: { ratio: 2 },
    note: group,
  });
  const rates = rounds.map(({ samples, raw = [] }) => ({
    samples: [(count * 10_000) / median(samples)],
    raw: [(count * 10_000) / median(raw)],
  }));
  context.add(`${count} runs of 10 pure steps at once`, rates, {
    settings: 'full',
    unit: 'steps/s',
    bar: { min: 10_000 },
    note: group,
  });
}

/** `inFlight` callers, each starting its next run when the one before has ended. */
async function callers(bench: BenchEngine, inFlight: number, runs: number): Promise<void> {
  let left = runs;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await bench.complete(THREE_UNSAFE);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

async function unsafeTogether(context: BenchContext, inFlight: number): Promise<void> {
  const runs = context.quick ? 64 : 800;
  const { rounds, transactions, appends } = await durableRounds(context, {
    sync: 'full',
    rounds: context.rounds(7),
    sample: async (bench) => [(runs * 1000) / (await timed(() => callers(bench, inFlight, runs)))],
    raw: (transactionMs) => [(runs * 1000) / sumOf(transactionMs)],
  });
  context.add('runs of three unsafe steps', rounds, {
    settings: `full, ${inFlight} in flight`,
    unit: 'runs/s',
    ...(inFlight === 16 ? { bar: { min: 2000 } } : {}),
    note: `${formatShare(appends / transactions)} runs a transaction`,
  });
}

const formatShare = (share: number): string => String(Math.round(share * 10) / 10);

async function unsafeAlone(context: BenchContext): Promise<void> {
  const runs = context.quick ? 10 : 50;
  const { rounds, transactions } = await durableRounds(context, {
    sync: 'full',
    rounds: context.rounds(9),
    async sample(bench) {
      const times: number[] = [];
      for (let run = 0; run < runs; run++)
        times.push(await timed(() => bench.complete(THREE_UNSAFE)));
      return times;
    },
    raw: (transactionMs) => [sumOf(transactionMs) / runs],
  });
  const rawMs = median(rounds.flatMap((round) => round.raw ?? []));
  context.add('a run of three unsafe steps, alone', rounds, {
    settings: 'full',
    unit: 'ms',
    bar: { max: rawMs + 1 },
    note: `${transactions / (rounds.length * runs)} commits; bar: their raw time + 1 ms`,
  });
}

export const durable: Suite = {
  name: 'durable',
  about: 'runs on disk, alone and together, against bare SQLite',
  async run(context) {
    await oneAfterTheOther(context);
    for (const count of [10, 50, 100]) await atOnce(context, count);
    await unsafeAlone(context);
    for (const inFlight of [16, 64]) await unsafeTogether(context, inFlight);
  },
};
