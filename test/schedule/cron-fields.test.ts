/** What is said of fields that are wrong, and which day fields mean something else elsewhere. */
// zone: the same in every time zone of the machine
import { expect, test } from 'bun:test';
import { readPattern } from '../../src/schedule/cron-fields.ts';

test.each([
  ['0 0 * * 7/2', '"7/2" has nothing after 7 to step to', 'write 0/2 to begin with Sunday'],
  ['0 0 * * 7/1', '"7/1" has nothing after 7 to step to', 'or 7 alone'],
  ['0 0 * * FRI-MON', '"FRI-MON" goes backwards', 'write 1-5, or 5-6,0-1 for one over the end'],
  ['0 22-4 * * *', '"22-4" goes backwards', 'write 4-22, or 22-23,0-4 for one over the end'],
  ['0 0 * * 6-0', '"6-0" goes backwards', 'or 6-6,0-0 for one over the end'],
] as const)('%s: %s', (pattern, message, hint) => {
  const read = readPattern(pattern);
  expect(read.ok ? '' : read.message).toContain(message);
  expect(read.ok ? '' : read.hint).toContain(hint);
});

test.each([
  ['0 0 * * SUN/2', '0 0 * * 0,2,4,6'],
  ['0 0 * * 6/2', '0 0 * * 6'],
  ['0 0 * * 5-7', '0 0 * * 0,5,6'],
  ['0 0 * * 7', '0 0 * * 0'],
] as const)('%s is %s', (written, pattern) => {
  expect(readPattern(written)).toEqual({ ok: true, pattern });
});

/** In cron a field that begins with `*` counts as not given; written as a range it counts. */
test.each([
  ['0 0 */2 * 1', '*/2'],
  ['0 0 1 * */2', '*/2'],
  ['0 0 */2,7 * MON', '*/2,7'],
  ['0 0 1-31/2 * 1', undefined],
  ['0 0 1/2 * MON', undefined],
  ['0 0 */1 * MON', undefined],
  ['0 0 *,5 * MON', undefined],
  ['0 0 1 * 0-6', undefined],
  ['0 0 */2 * *', undefined],
] as const)('%s: the day field that means something else elsewhere is %s', (pattern, field) => {
  const read = readPattern(pattern);
  expect(read.ok ? read.eitherDay : 'refused').toBe(field);
});
