/**
 * Compares the engines with their originals over random cases:
 * `bun scripts/differential.ts [engine …] [--count N] [--seed S] [--shown N]`.
 *
 * An original is built in a temporary folder from a pinned version, when Go or Python is there. Every
 * difference must be a row of the reference's tables "What differs"; one that is not ends with 1.
 */
import { parseArgs } from 'node:util';
import { CEL } from './differential/cel.ts';
import { type Comparison, compare } from './differential/comparison.ts';
import { CRON } from './differential/cron.ts';
import { EXPR } from './differential/expr.ts';
import { JQ } from './differential/jq.ts';

const ENGINES: Readonly<Record<string, Comparison>> = { cel: CEL, cron: CRON, expr: EXPR, jq: JQ };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    shown: { type: 'string', default: '20' },
  },
});
const names = positionals.length === 0 ? Object.keys(ENGINES) : positionals;
const unknown = names.find((name) => !Object.hasOwn(ENGINES, name));
if (unknown !== undefined) {
  console.error(`there is no engine "${unknown}"; there is ${Object.keys(ENGINES).join(', ')}`);
  process.exit(2);
}
let unexplained = 0;
for (const name of names) {
  unexplained += await compare(name, ENGINES[name] as Comparison, {
    count: Number(values.count),
    seed: Number(values.seed),
    shown: Number(values.shown),
  });
}
process.exit(unexplained === 0 ? 0 : 1);
