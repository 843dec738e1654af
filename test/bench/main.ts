/**
 * `npm run bench`: measures and prints one table. Progress goes to stderr, the table to stdout.
 *
 * It is no test: a missed bar is marked, the exit code stays 0. What must not get worse is counted in
 * test/counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';
import { describeMachine } from './machine.ts';
import { progressLine, toJson, toMarkdown } from './report.ts';
import { createContext, type Suite } from './suite.ts';
import { SUITES } from './suites/table.ts';

const HELP = `npm run bench -- [options]

  --only <names>   only these suites, separated by commas
  --quick          few rounds, small sizes: shows that everything runs
  --big            also what takes minutes (a million events, 100,000 suspended runs)
  --dir <folder>   where databases are written (default: the system's temporary folder)
  --json           JSON instead of Markdown
  --list           names of the suites`;

function readArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      big: { type: 'boolean', default: false },
      dir: { type: 'string', default: tmpdir() },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

/** The suites asked for; throws with the names there are. */
function chosen(only: string | undefined, big: boolean): readonly Suite[] {
  if (only === undefined) return SUITES.filter((suite) => big || suite.big !== true);
  return only.split(',').map((name) => {
    const suite = SUITES.find((candidate) => candidate.name === name.trim());
    if (suite !== undefined) return suite;
    throw new Error(
      `no suite "${name}": there are ${SUITES.map((candidate) => candidate.name).join(', ')}`,
    );
  });
}

async function measure(args: ReturnType<typeof readArguments>): Promise<string> {
  const { quick, big, json, dir } = args;
  const folder = mkdtempSync(join(dir, 'opcode-bench-'));
  const figures: Figure[] = [];
  const onFigure = (figure: Figure): void => {
    figures.push(figure);
    console.error(progressLine(figure));
  };
  try {
    const machine = describeMachine(folder);
    for (const suite of chosen(args.only, big)) {
      await suite.run(createContext(suite.name, { quick, big, folder, onFigure }));
      // Garbage of one suite must not be collected in the time of the next.
      Bun.gc(true);
    }
    const settings = {
      rounds: quick ? 'quick (figures mean nothing)' : 'usual',
      'raw limit': 'the same rows by bare bun:sqlite in the same number of transactions',
    };
    const report = { machine, settings, figures };
    return json ? toJson(report) : toMarkdown(report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const args = readArguments();
if (args.help) console.log(HELP);
else if (args.list)
  for (const { name, about } of SUITES) console.log(`${name.padEnd(12)} ${about}`);
else console.log(await measure(args));
