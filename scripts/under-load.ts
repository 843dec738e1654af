/**
 * `bun scripts/under-load.ts [--loops N] [-- COMMAND…]`: the tests beside N busy loops (8), each at the
 * priority of the tests. They wait for what must come and say nothing about time, so they pass.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { runShown } from './processes.ts';

const LIMIT_MS = 3 * 3_600_000;

const { values, positionals } = parseArgs({
  options: { loops: { type: 'string', default: '8' } },
  allowPositionals: true,
});
const loops = Number(values.loops);
if (!Number.isInteger(loops) || loops < 1) {
  console.error(`--loops takes a whole number from 1, not ${values.loops}`);
  process.exit(2);
}
const command = positionals.length === 0 ? ['npm', 'test', '--silent'] : positionals;
const busy = Array.from({ length: loops }, () =>
  Bun.spawn([process.execPath, '-e', 'for (;;);'], { stdin: 'ignore', stdout: 'ignore' }),
);
try {
  process.exitCode = await runShown(command, { limitMs: LIMIT_MS });
  console.log(`beside ${loops} busy loops; load ${loadavg()[0]?.toFixed(1)}`);
} finally {
  for (const loop of busy) loop.kill('SIGKILL');
}
