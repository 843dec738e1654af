/** The look at the clocks on a machine that interrupts the process between two reads. */
import { expect, test } from 'bun:test';
import { clockGap } from '../../src/app-doctor.ts';

/** Clocks of a process that is kept waiting, milliseconds, before some of its reads. */
function clocks(ahead: number, waits: readonly number[]) {
  let time = 0;
  let reads = 0;
  const read = (): number => {
    time += waits[reads++ % waits.length] ?? 0;
    return time;
  };
  return { wall: () => read() + ahead, steady: read };
}

test.each([
  ['never interrupted', [0]],
  ['interrupted behind the first read', [0, 300, 0, 0, 0, 0, 0, 0, 0]],
  ['interrupted at every other look', [0, 300, 0, 0, 0, 0]],
  ['interrupted behind the second read', [0, 0, 300, 0, 0, 0]],
])('the gap is right when it is %s', (_, waits) => {
  const { wall, steady } = clocks(5000, waits);
  expect(clockGap(wall, steady)).toBe(5000);
});
