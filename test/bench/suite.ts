/**
 * What a suite gets to measure with: how many rounds, a folder of its own, and where figures go.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Figure, type FigureOptions, figureOf, type Round } from './figure.ts';

export interface BenchContext {
  /** Few rounds, small sizes: shows that everything runs, not how fast. */
  readonly quick: boolean;
  /** Also what takes minutes. */
  readonly big: boolean;
  /** Rounds of one figure: `usual`, fewer when quick. */
  rounds(usual: number): number;
  add(name: string, rounds: readonly Round[], options: FigureOptions): Figure;
  /** Runs `work` with the path of a database file that does not exist yet; removes it afterwards. */
  withFile<T>(work: (path: string) => Promise<T>): Promise<T>;
}

export interface Suite {
  readonly name: string;
  readonly about: string;
  /** Only with `--big`. */
  readonly big?: boolean;
  run(context: BenchContext): Promise<void>;
}

export interface BenchOptions {
  readonly quick: boolean;
  readonly big: boolean;
  readonly folder: string;
  /** Called with each figure as soon as it is there. */
  readonly onFigure: (figure: Figure) => void;
}

/** The context of one suite. */
export function createContext(suite: string, options: BenchOptions): BenchContext {
  const { quick, big, folder, onFigure } = options;
  let files = 0;
  return {
    quick,
    big,
    rounds: (usual) => (quick ? Math.min(2, usual) : usual),
    add(name, rounds, figureOptions) {
      const figure = figureOf(suite, name, rounds, figureOptions);
      onFigure(figure);
      return figure;
    },
    async withFile(work) {
      files += 1;
      const home = join(folder, `${suite}-${files}`);
      mkdirSync(home, { recursive: true });
      try {
        return await work(join(home, 'opcode.db'));
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  };
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const began = Bun.nanoseconds();
  await work();
  return (Bun.nanoseconds() - began) / 1e6;
}

/** The same for work that does not wait. */
export function timedSync(work: () => unknown): number {
  const began = Bun.nanoseconds();
  work();
  return (Bun.nanoseconds() - began) / 1e6;
}
