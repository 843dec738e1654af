import { describe, expect, test } from 'bun:test';
import { killUntil } from '../support/kill-nine.ts';
import { TEST_MS } from '../support/patience.ts';
import { BINARY, ensureBinary } from './opcode.ts';

/** Kills in the suite; TEST_KILLS=200 takes as long as it needs. */
const KILLS = Number(process.env.TEST_KILLS ?? 40);
const KILLING_MS = KILLS * 30_000;

describe('runs of 20 shell steps', () => {
  test(
    'killed with kill -9 at any moment and started again end completed, nothing done twice',
    async () => {
      ensureBinary();
      const report = await killUntil([BINARY], KILLS);
      expect(report.problems).toEqual([]);
      expect(report.kills).toBe(KILLS);
    },
    TEST_MS + KILLING_MS,
  );
});
