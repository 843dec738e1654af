/**
 * The behaviour cases, each on a fresh home through the operations that every surface calls.
 */
import { describe, expect, test } from 'bun:test';
import { type Case, readCases } from './case.ts';
import { differences } from './check-case.ts';
import { runCase } from './run-case.ts';

const AREAS = ['interpolation', 'cel', 'expr', 'jq', 'steps', 'actions'] as const;
const TIMEOUT_MS = 30_000;

describe.each(['cases.json'])('%s', (file) => {
  const cases = readCases(file);

  test('every case is of a known area', () => {
    const known: ReadonlySet<string> = new Set(AREAS);
    expect(cases.filter(({ area }) => !known.has(area))).toEqual([]);
  });

  describe.each([...AREAS])('%s', (area) => {
    for (const one of cases.filter((each) => each.area === area)) {
      test(`${one.id} ${one.title}`, () => verify(one), TIMEOUT_MS);
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
