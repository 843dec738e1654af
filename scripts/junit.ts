/**
 * Reads the counts out of a JUnit report as `bun test` writes it. Only the totals of the outermost
 * element are used; a report without them counts nothing, and the caller decides what that means.
 */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const attribute = (tag: string, name: string): number =>
  Number(new RegExp(`\\s${name}="(\\d+)"`).exec(tag)?.[1] ?? 0);

/** Returns how many test cases of the report passed, failed and were skipped. */
export function readJunit(report: string): TestCounts {
  const tag = /<testsuites\b[^>]*>/.exec(report)?.[0] ?? '';
  const failed = attribute(tag, 'failures') + attribute(tag, 'errors');
  const skipped = attribute(tag, 'skipped');
  return { passed: attribute(tag, 'tests') - failed - skipped, failed, skipped };
}
