/** One engine of ours beside an original: cases, answers of both, and what may differ. */
import type { Answer, Original } from './original.ts';
import { createRandom, type Random } from './random.ts';

export interface Comparison {
  /** Builds the original; null when this machine lacks what it needs. */
  build(): Promise<Original | null>;
  /** Makes requests that both understand; the first ones may be fixed. */
  requests(random: Random, count: number): readonly unknown[];
  /** Answers one request with our engine. */
  ours(request: unknown): Answer | Promise<Answer>;
  /** True when two answers mean the same. */
  equal(ours: Answer, theirs: Answer, request: unknown): boolean;
  /**
   * Names the row of the reference's table "What differs" that explains a difference, else null.
   */
  explain(request: unknown, ours: Answer, theirs: Answer): string | null;
  /** Gives a request in one line. */
  show(request: unknown): string;
}

export interface Settings {
  readonly count: number;
  readonly seed: number;
  /** How many differences without an explanation are printed. */
  readonly shown: number;
}

/** Compares and prints the counts; returns the number of differences without an explanation. */
export async function compare(
  name: string,
  comparison: Comparison,
  settings: Settings,
): Promise<number> {
  const original = await comparison.build();
  if (original === null) {
    console.log(`${name}: skipped, the original cannot be built on this machine`);
    return 0;
  }
  try {
    const requests = comparison.requests(createRandom(settings.seed), settings.count);
    const answers = await original.ask(requests);
    const tally = await count(comparison, requests, answers, settings.shown);
    console.log(
      `${name} beside ${original.name}, seed ${settings.seed}: ${requests.length} cases, ` +
        `${tally.equal} equal, ${tally.unexplained} unexplained`,
    );
    for (const [row, number] of [...tally.explained].sort((a, b) => b[1] - a[1])) {
      console.log(`  ${String(number).padStart(6)}  ${row}`);
    }
    return tally.unexplained;
  } finally {
    original.close();
  }
}

interface Tally {
  equal: number;
  unexplained: number;
  readonly explained: Map<string, number>;
}

async function count(
  comparison: Comparison,
  requests: readonly unknown[],
  answers: readonly Answer[],
  shown: number,
): Promise<Tally> {
  const tally: Tally = { equal: 0, unexplained: 0, explained: new Map() };
  for (const [i, request] of requests.entries()) {
    const theirs = answers[i] as Answer;
    const ours = await comparison.ours(request);
    if (comparison.equal(ours, theirs, request)) {
      tally.equal += 1;
      continue;
    }
    const row = comparison.explain(request, ours, theirs);
    if (row !== null) {
      tally.explained.set(row, (tally.explained.get(row) ?? 0) + 1);
      continue;
    }
    tally.unexplained += 1;
    if (tally.unexplained > shown) continue;
    console.log(`${comparison.show(request)}\n  ours   ${text(ours)}\n  theirs ${text(theirs)}`);
  }
  return tally;
}

const SHOWN_LENGTH = 300;
const text = (answer: Answer): string => JSON.stringify(answer).slice(0, SHOWN_LENGTH);
