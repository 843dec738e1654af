/**
 * Rounds of a durable figure: the engine on a file, then at once the rows it has just written by bare
 * SQLite on another file of the same folder.
 */
import type { RunAppend } from '../../src/model/store.ts';
import { type BenchEngine, createBenchEngine } from './engine-harness.ts';
import type { Round } from './figure.ts';
import { openRaw, openStore, recordAppends, type Sync } from './raw-limit.ts';
import { type BenchContext, timedSync } from './suite.ts';

export interface DurableRounds {
  readonly sync: Sync;
  readonly rounds: number;
  /** One round: milliseconds of each sample. What it appends is what the raw limit writes. */
  readonly sample: (bench: BenchEngine) => Promise<readonly number[]>;
  /** Turns the milliseconds of each raw transaction of a round into samples like `sample`'s. */
  readonly raw: (transactionMs: readonly number[]) => readonly number[];
}

export interface DurableResult {
  readonly rounds: readonly Round[];
  /** Transactions and runs' shares in them, of all rounds but the warm-up. */
  readonly transactions: number;
  readonly appends: number;
}

/** One file for the engine, one for the raw limit, used by all rounds; the first round is warm-up. */
export function durableRounds(
  context: BenchContext,
  options: DurableRounds,
): Promise<DurableResult> {
  return context.withFile(async (path) => {
    const store = openStore(path, options.sync);
    const raw = openRaw(`${path}.raw`, options.sync);
    const recorded = recordAppends(store);
    const bench = createBenchEngine({ store: recorded.store });
    const rounds: Round[] = [];
    const written: (readonly RunAppend[])[] = [];
    try {
      for (let round = 0; round <= options.rounds; round++) {
        const samples = await options.sample(bench);
        const groups = recorded.take();
        const ready = raw.prepare(groups);
        const rawMs = ready.map((transaction) => timedSync(() => raw.write(transaction)));
        if (round === 0) continue;
        rounds.push({ samples, raw: options.raw(rawMs) });
        written.push(...groups);
      }
    } finally {
      await bench.close();
      raw.close();
      store.close();
    }
    const appends = written.reduce((sum, group) => sum + group.length, 0);
    return { rounds, transactions: written.length, appends };
  });
}

export const sumOf = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
