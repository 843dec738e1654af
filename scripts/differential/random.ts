/** Repeatable random choices: the same seed gives the same cases on every machine. */

export interface Random {
  /** Returns a whole number from 0 to `below` − 1. */
  int(below: number): number;
  /** Returns one of the items. */
  pick<T>(items: readonly T[]): T;
  /** Returns true with the probability, from 0 to 1. */
  chance(probability: number): boolean;
}

/** Makes a generator (mulberry32) from a seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    int,
    pick: (items) => items[int(items.length)] as (typeof items)[number],
    chance: (probability) => next() < probability,
  };
}
