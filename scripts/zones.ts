/**
 * Tests whose answers must not depend on the machine's time zone: `bun scripts/zones.ts [path …]` runs
 * them, or other paths, once in each of four zones. A file joins with a line `// zone: …` at its top.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runShown } from './processes.ts';

/** UTC, and zones whose clocks change at other days and hours, one by a quarter of an hour off. */
export const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Chatham'] as const;

const TAG = /^\/\/ zone: /m;
const LIMIT_MS = 30 * 60_000;

/** Lists the test files that are tagged, as paths for `bun test`. */
export function zoneTests(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => TAG.test(readFileSync(join(ROOT, 'test', name), 'utf8').slice(0, 400)))
    .map((name) => `./test/${name}`)
    .sort();
}

if (import.meta.main) {
  const paths = process.argv.length > 2 ? process.argv.slice(2) : zoneTests();
  for (const zone of ZONES) {
    const command = [process.execPath, 'test', '--timeout', '300000', '--only-failures', ...paths];
    const exitCode = await runShown(command, { env: { TZ: zone }, limitMs: LIMIT_MS });
    console.log(`${exitCode === 0 ? 'ok    ' : 'FAILED'} ${zone}`);
    if (exitCode !== 0) process.exitCode = 1;
  }
}
