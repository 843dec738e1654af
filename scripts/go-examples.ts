/**
 * Runs every example of the Go program with the executable, and says whether each came to its right
 * end: `OPCODE_GO_EXAMPLES=<checkout> bun scripts/go-examples.ts [name …]` after `npm run build`.
 * Services are stubs on loopback, in a daemon that may call nothing else; files and repositories lie
 * in a temporary folder. Addresses that an example fixes are rewritten to the stub in a copy.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY, type Opcode, startOpcode } from './go-examples/binary.ts';
import { type Driven, drive, judge } from './go-examples/drive.ts';
import type { Example, JsonObject, Place, Situation } from './go-examples/example.ts';
import { FIRST } from './go-examples/first.ts';
import { installTools } from './go-examples/fixtures.ts';
import { SECOND } from './go-examples/second.ts';
import { closedAddress, openStub, type Stub } from './go-examples/stub.ts';
import { THIRD } from './go-examples/third.ts';

const EXAMPLES = [...FIRST, ...SECOND, ...THIRD];
const VARIABLE = 'OPCODE_GO_EXAMPLES';
const FOREIGN = /https?:\/\/(?!127\.0\.0\.1)[a-z0-9.-]+(?=[/"])/g;

interface Scene {
  readonly opcode: Opcode;
  readonly stub: Stub;
  readonly closed: string;
  /** The examples as they are checked out. */
  readonly source: string;
  /** Copies of their folders, in which they are run. */
  readonly copies: string;
  /** Where each situation gets its folder. */
  readonly places: string;
}

/** The folder of the examples: of a checkout, or the folder itself. */
function examplesFolder(): string | null {
  const given = process.env[VARIABLE] ?? '';
  if (given === '') return null;
  return existsSync(join(given, 'examples')) ? join(given, 'examples') : given;
}

/** The package of an example, with every address beyond loopback moved below `base` of the stub. */
async function readExample({ source }: Scene, name: string, base: string): Promise<JsonObject> {
  const text = await readFile(join(source, name, 'workflow.json'), 'utf8');
  const moved = text.replaceAll(FOREIGN, (host) => {
    console.log(`${name}: ${host} is written as ${base} in the copy that is run`);
    return base;
  });
  return JSON.parse(moved) as JsonObject;
}

async function runSituation(
  scene: Scene,
  { name }: Example,
  situation: Situation,
  index: number,
): Promise<Driven> {
  const prefix = `/${name}/${index}/`;
  const folder = join(scene.places, name, String(index));
  mkdirSync(folder, { recursive: true });
  const at: Place = {
    folder,
    closed: scene.closed,
    url: (path, answer) => scene.stub.url(prefix + path, answer),
  };
  situation.prepare?.(at);
  const example = await readExample(scene, name, scene.stub.origin + prefix.slice(0, -1));
  const definition = situation.change?.(example.definition as JsonObject) ?? example.definition;
  const file = join(scene.copies, name, 'workflow.json');
  writeFileSync(file, JSON.stringify({ ...example, definition }));
  const defined = await scene.opcode.command(['define', file]);
  if (defined.error !== undefined) {
    return { end: 'refused', differences: [JSON.stringify(defined.error)] };
  }
  const ran = await drive(scene.opcode, name, situation, situation.params(at));
  const { end, differences } = judge(situation, ran, scene.stub.callsBelow(prefix));
  return { end, differences: [...differences, ...(situation.after?.(at) ?? [])] };
}

/** Runs the situations of an example and prints its line. @returns whether every end was right */
async function runExample(scene: Scene, example: Example): Promise<boolean> {
  const ends: string[] = [];
  const differences: string[] = [];
  for (const [index, situation] of example.situations.entries()) {
    const driven = await runSituation(scene, example, situation, index).catch(asDifference);
    ends.push(driven.end);
    const as = situation.as === undefined ? '' : `${situation.as}: `;
    differences.push(...driven.differences.map((each) => `    ${as}${each}`));
  }
  const expected = example.situations.map((situation) => situation.ends);
  const verdict = differences.length === 0 ? 'ok' : 'not ok';
  console.log(row(example.name, expected.join(', '), ends.join(', '), verdict));
  for (const each of differences) console.log(each);
  return differences.length === 0;
}

/** What stopped a situation outside the run: no such example, a command that printed no document. */
const asDifference = (thrown: unknown): Driven => ({
  end: 'not run',
  differences: [thrown instanceof Error ? thrown.message : String(thrown)],
});

const row = (name: string, expected: string, actual: string, verdict: string): string =>
  `${name.padEnd(26)} ${expected.padEnd(34)} ${actual.padEnd(34)} ${verdict}`;

/** Examples in the checkout whose right end is not known here. */
function unknownIn(folder: string): readonly string[] {
  const known = new Set(EXAMPLES.map(({ name }) => name));
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'workflow.json')) && !known.has(name))
    .map((name) => `${name}: its right end is not known`);
}

async function runAll(folder: string, chosen: readonly Example[]): Promise<number> {
  const base = mkdtempSync(join(tmpdir(), 'opcode-go-'));
  const copies = join(base, 'examples');
  const tools = join(base, 'tools');
  const stub = openStub();
  let opcode: Opcode | null = null;
  try {
    installTools(tools);
    cpSync(folder, copies, { recursive: true });
    opcode = await startOpcode(base, tools);
    const places = join(base, 'places');
    const scene = { source: folder, opcode, stub, closed: await closedAddress(), copies, places };
    console.log(row('example', 'expected end', 'actual end', ''));
    let right = 0;
    for (const example of chosen) right += (await runExample(scene, example)) ? 1 : 0;
    return right;
  } finally {
    await opcode?.close();
    await stub.close();
    rmSync(base, { recursive: true, force: true });
  }
}

async function main(names: readonly string[]): Promise<number> {
  const folder = examplesFolder();
  if (folder === null || !existsSync(folder)) {
    console.error(`Set ${VARIABLE} to a checkout of the Go program, or to its examples folder.`);
    return 2;
  }
  if (!existsSync(BINARY)) {
    console.error(`${BINARY} is missing: npm run build`);
    return 2;
  }
  const chosen = EXAMPLES.filter(({ name }) => names.length === 0 || names.includes(name));
  const strange = names.length === 0 ? unknownIn(folder) : [];
  const right = await runAll(folder, chosen);
  for (const each of strange) console.log(each);
  const wrong = chosen.length - right + strange.length;
  console.log(`${right} of ${chosen.length} examples came to their right end, ${wrong} did not`);
  return wrong === 0 && right > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
