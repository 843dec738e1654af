/**
 * The behaviour cases, each on a fresh home through the operations that every surface calls.
 *
 * Several run at once, because many of them wait; a case's own times are measured inside its run.
 */
import { describe, expect, test } from 'bun:test';
import { TEST_MS } from '../support/patience.ts';
import { type Case, readCases } from './case.ts';
import { differences } from './check-case.ts';
import { runCase } from './run-case.ts';

const FILES = ['cases.json', 'more-cases.json'] as const;
const AREAS = ['interpolation', 'cel', 'expr', 'jq', 'steps', 'actions'] as const;
const AT_ONCE = 6;
/** For a whole file: the cases of a file wait for each other's turns. */
const TURNS_MS = 900_000;

const inTurn = createTurns(AT_ONCE);

describe.each([...FILES])('%s', (file) => {
  const cases = readCases(file);

  test('every case is of a known area', () => {
    const known: ReadonlySet<string> = new Set(AREAS);
    expect(cases.filter(({ area }) => !known.has(area))).toEqual([]);
  });

  describe.each([...AREAS])('%s', (area) => {
    for (const one of cases.filter((each) => each.area === area)) {
      test.concurrent(
        `${one.id} ${one.title}`,
        () => inTurn(() => verify(one)),
        TEST_MS + TURNS_MS,
      );
    }
  });
});

async function verify(one: Case): Promise<void> {
  const outcome = await runCase(one);
  try {
    expect(differences(one, outcome)).toEqual([]);
  } finally {
    await outcome.close();
  }
}

/** Runs what it is given, at most so many at once, in the order of the calls. */
function createTurns(limit: number): (work: () => Promise<void>) => Promise<void> {
  const waiting: (() => void)[] = [];
  let open = 0;
  return async (work) => {
    if (open >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    open += 1;
    try {
      await work();
    } finally {
      open -= 1;
      waiting.shift()?.();
    }
  };
}
