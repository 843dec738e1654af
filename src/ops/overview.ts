/** `overview`: what runs, what waits and why, what failed lately. */
import { AppError } from '../model/error.ts';
import type { RunStatus } from '../model/run-status.ts';
import type { RunRow } from '../model/store.ts';
import { parseDuration } from '../model/time.ts';
import { countWithoutExecutor } from './executors.ts';
import { channelViews, isTroubled } from './notices.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import { createOutdatedTemplates } from './outdated.ts';
import type { OpsParts } from './parts.ts';
import { rowWaits } from './row-waits.ts';
import { overviewInput, overviewOutput } from './schemas.ts';
import { decisionOf, runSummaryOf } from './wire.ts';

export function createOverview(
  parts: OpsParts,
): Operation<typeof overviewInput, typeof overviewOutput> {
  const { store, clock } = parts;
  const outdated = createOutdatedTemplates(parts);
  return {
    name: 'overview',
    summary: 'Show what runs, what waits and why, and what failed lately',
    input: overviewInput,
    output: overviewOutput,
    surfaces: NOT_MCP,
    access: 'read',
    async handle(_ctx, { limit, failed_within }) {
      const within = parseDuration(failed_within);
      if (!within.ok) throw new AppError('VALIDATION_ERROR', `failed_within: ${within.message}`);
      const nowMs = clock.now();
      const rows = (status: readonly RunStatus[]): readonly RunRow[] =>
        store.queryRuns({ status, limit }).items;
      const decisions = store.queryDecisions({ status: 'pending', limit }).items;
      const waiting = rows(['suspended']).map((row) => {
        const own = decisions.filter((decision) => decision.runId === row.runId);
        return runSummaryOf(row, nowMs, rowWaits(store, row, own));
      });
      return {
        counts: store.countRuns(),
        running: rows(['pending', 'active']).map((row) =>
          runSummaryOf(row, nowMs, rowWaits(store, row, [])),
        ),
        waiting,
        failed: rows(['failed'])
          .filter((row) => (row.endedAt ?? row.updatedAt) >= nowMs - within.ms)
          .map((row) => runSummaryOf(row, nowMs)),
        pending_decisions: decisions.map(decisionOf),
        without_executor: countWithoutExecutor(parts),
        outdated: outdated.list().map(({ issues, ...each }) => ({ ...each, issues: [...issues] })),
        undelivered: channelViews(parts)
          .filter(isTroubled)
          .map(({ name: channel, waiting, gave_up, last_error }) => ({
            channel,
            waiting,
            gave_up,
            last_error,
          })),
      };
    },
  };
}
