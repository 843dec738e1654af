/**
 * `npm test`: every check of the project, one stage after the other, each with its time. The last
 * line is always `N passed, N failed`: the tests are counted from Bun's JUnit report, and any other
 * stage that fails counts as one failure. Tests that are tagged `zone` run in four time zones besides. Variants: `--static` (no tests), `--fast` (only the tests
 * of single parts), `--e2e` (only the tests of the executable).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJunit, type TestCounts } from './junit.ts';
import { watchForLeaks } from './leaks.ts';
import { ROOT, runQuietly, runShown } from './processes.ts';
import { ZONES, zoneTests } from './zones.ts';

interface Totals {
  passed: number;
  failed: number;
}

const ONE_TEST_MS = 300_000;
const ALL_TESTS_MS = 60 * 60_000;
const NOT_ONE_PART = new Set(['contract', 'conformance', 'crash', 'e2e', 'bench', 'support']);
/** Tests of the executable that stand beside those of a part. */
const NOT_FAST = 'test/mcp/clients/**';

const tool = (name: string): string => join('node_modules', '.bin', name);

const STATIC: [name: string, command: string[]][] = [
  ['format', [tool('biome'), 'check', '--linter-enabled=false', '.']],
  ['lint', [tool('biome'), 'lint', '--error-on-warnings', '.']],
  ['types', [tool('tsc'), '-p', '.']],
  ['dead', [tool('knip')]],
];
const BUILD: [name: string, command: string[]] = ['build', [process.execPath, 'scripts/build.ts']];

const secondsSince = (started: number): string =>
  `${((Bun.nanoseconds() - started) / 1e9).toFixed(1)} s`;

const runStage = async (name: string, command: string[], totals: Totals): Promise<void> => {
  const started = Bun.nanoseconds();
  const { exitCode, output } = await runQuietly(command);
  const ok = exitCode === 0;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${secondsSince(started)}`);
  if (!ok) {
    console.log(output.trimEnd());
    totals.failed += 1;
  }
};

const testPaths = (variant: string | undefined): string[] => {
  if (variant === '--e2e') return ['./test/e2e'];
  if (variant !== '--fast') return ['./test'];
  const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_ONE_PART.has(entry.name))
    .map((entry) => `./test/${entry.name}`);
  return [`--path-ignore-patterns=${NOT_FAST}`, ...folders];
};

const countTests = (report: string, exitCode: number): TestCounts => {
  const counts = readJunit(report);
  // A file that does not load, or an error outside any test, is in no test case of the report.
  const unseen = exitCode !== 0 && counts.failed === 0 ? 1 : 0;
  return { ...counts, failed: counts.failed + unseen };
};

const readReport = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    console.log(`The tests left no report: ${String(error)}`);
    return '';
  }
};

const runTests = async (paths: string[], totals: Totals, zone?: string): Promise<void> => {
  const started = Bun.nanoseconds();
  const reports = mkdtempSync(join(tmpdir(), 'opcode-report-'));
  const report = join(reports, 'junit.xml');
  const leaks = watchForLeaks();
  const exitCode = await runShown(
    [
      process.execPath,
      ...['test', '--timeout', String(ONE_TEST_MS), '--only-failures'],
      ...['--reporter=junit', `--reporter-outfile=${report}`],
      ...paths,
    ],
    {
      env: { TMPDIR: leaks.folder, ...(zone === undefined ? {} : { TZ: zone }) },
      limitMs: ALL_TESTS_MS,
    },
  );
  const left = await leaks.finish();
  const counts = countTests(readReport(report), exitCode);
  rmSync(reports, { recursive: true, force: true });
  for (const leak of left) console.log(`LEAK   ${leak}`);
  totals.passed += counts.passed;
  totals.failed += counts.failed + (left.length > 0 ? 1 : 0);
  const ok = counts.failed === 0 && left.length === 0;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const where = zone === undefined ? '' : `, ${zone}`;
  console.log(`${ok ? 'ok    ' : 'FAILED'} tests    ${secondsSince(started)}${skipped}${where}`);
};

const main = async (variant: string | undefined): Promise<number> => {
  if (variant !== undefined && !['--static', '--fast', '--e2e'].includes(variant)) {
    console.error(`Unknown option ${variant}: use --static, --fast or --e2e, or nothing for all.`);
    return 2;
  }
  const totals: Totals = { passed: 0, failed: 0 };
  const isWhole = variant === undefined || variant === '--static';
  const stages = [...(isWhole ? STATIC : []), ...(variant === '--fast' ? [] : [BUILD])];
  for (const [name, command] of stages) await runStage(name, command, totals);
  if (variant !== '--static') await runTests(testPaths(variant), totals);
  if (variant === undefined) {
    for (const zone of ZONES) await runTests(zoneTests(), totals, zone);
  }
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
};

process.exitCode = await main(process.argv[2]);
