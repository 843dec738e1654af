/**
 * Surfaces agree: each operation, called through every surface it names on equal homes, gives the same
 * result, and refuses with the same error.
 */
import { describe, expect, test } from 'bun:test';
import { openHarness } from '../ops/harness.ts';
import { CASES } from './cases.ts';
import {
  comparable,
  directly,
  inWorld,
  type Outcome,
  onCommandLine,
  overHttp,
  overMcp,
  type ParityCase,
  type Way,
  type World,
} from './surfaces.ts';

const { operations, streams } = (() => {
  const { ops, close } = openHarness();
  void close();
  return ops;
})();
const CATALOGUE = { ...operations, ...streams };

/** Over MCP a list that is empty is left out. */
const LEFT_OUT: Readonly<Record<string, unknown>> = { pending_decisions: [], waiting_for: [] };

/** What has to be the same. */
function picked(outcome: Outcome, same: ParityCase['same']): unknown {
  if ('code' in outcome) return outcome;
  const value = comparable(outcome.value);
  if (same === undefined) return value;
  const object = value as Record<string, unknown>;
  return Object.fromEntries(same.map((key) => [key, object[key] ?? LEFT_OUT[key]]));
}

type Answering = readonly [surface: string, ask: (world: World) => Promise<Outcome>];

/** Each surface that the operation names and the way has. */
function surfacesOf(name: string, way: Way): Answering[] {
  const { surfaces, access } = CATALOGUE[name as keyof typeof CATALOGUE];
  const { mcp } = way;
  const all: Answering[] = [];
  if (surfaces.includes('http')) {
    all.push(['POST', (world) => overHttp('POST', name, way, world)]);
    if (access === 'read') all.push(['GET', (world) => overHttp('GET', name, way, world)]);
  }
  if (surfaces.includes('cli') && way.cli !== null) {
    all.push(['cli', (world) => onCommandLine(way, world)]);
  }
  if (mcp !== null) all.push(['mcp', (world) => overMcp(mcp, world)]);
  return all;
}

/** What each surface answers: in one home when nothing is changed, else each in its own. */
async function answersOf(
  name: string,
  way: Way,
  prepared: ParityCase,
  changesNothing: boolean,
): Promise<[string, Outcome][]> {
  const asked: Answering[] = [
    ['operation', (world) => directly(name, way, world)],
    ...surfacesOf(name, way),
  ];
  const answers: [string, Outcome][] = [];
  const askAll = async (world: World, some: readonly Answering[]): Promise<void> => {
    for (const [surface, ask] of some) answers.push([surface, await ask(world)]);
  };
  if (changesNothing) await inWorld(prepared, (world) => askAll(world, asked));
  else for (const each of asked) await inWorld(prepared, (world) => askAll(world, [each]));
  return answers;
}

/** A field that nobody has. */
const withNonsense = ({ input, cli, mcp }: Way): Way & { readonly code: string } => ({
  input: { ...input, nonsense: 1 },
  cli: cli === null ? null : [...cli, '--nonsense'],
  mcp: mcp === null ? null : { ...mcp, args: { ...mcp.args, nonsense: 1 } },
  code: 'VALIDATION_ERROR',
});

test('every operation has a case, and says how it is called by MCP when it is on it', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(CATALOGUE).sort());
  const { surfaces } = CATALOGUE.run;
  expect(surfaces).toContain('mcp');
  for (const [name, each] of Object.entries(CATALOGUE)) {
    if (each.surfaces.includes('mcp')) expect(CASES[name]?.mcp ?? name).not.toBe(name);
  }
});

describe.each(Object.entries(CASES))('%s', (name, parity) => {
  test('gives the same', async () => {
    const { access } = CATALOGUE[name as keyof typeof CATALOGUE];
    const answers = await answersOf(name, parity, parity, access === 'read');
    const [first] = answers;
    const expected = first === undefined ? {} : picked(first[1], parity.same);
    expect(expected).not.toHaveProperty('code');
    for (const [surface, outcome] of answers) {
      expect([surface, picked(outcome, parity.same)]).toEqual([surface, expected]);
    }
  });

  test('refuses with the same error', async () => {
    const refused = parity.refused ?? withNonsense(parity);
    const { code } = refused;
    for (const [surface, outcome] of await answersOf(name, refused, parity, true)) {
      expect([surface, outcome]).toEqual([surface, { code }]);
    }
  });
});
