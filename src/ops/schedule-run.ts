/** `schedule_run`: starts a schedule now, whatever its times and its overlap rule say. */
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { ScheduleStarter } from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { scheduleRunInput, scheduleRunOutput } from './schedule-schemas.ts';
import { createScheduleStarter } from './schedule-start.ts';
import { findSchedule } from './schedule-view.ts';
import { answerFor } from './start.ts';
import { waitMsOf } from './waiting.ts';

export function createScheduleRun(
  parts: OpsParts,
): Operation<typeof scheduleRunInput, typeof scheduleRunOutput> {
  const starter = createScheduleStarter(parts);
  return {
    name: 'schedule_run',
    summary: 'Start a schedule now',
    input: scheduleRunInput,
    output: scheduleRunOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(ctx, { name, wait }) {
      waitMsOf(wait);
      const { runId, dueAt } = await startNow(parts, starter, name);
      const result = await answerFor(parts, ctx, { runId, created: true }, { wait });
      return { ...result, due_at: toRfc3339(dueAt) };
    },
  };
}

const MAX_TRIES = 20;

async function startNow(
  parts: OpsParts,
  starter: ScheduleStarter,
  name: string,
): Promise<{ readonly runId: RunId; readonly dueAt: number }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const schedule = findSchedule(parts, name);
    // A time is started once, so that two starts in the same moment are two times.
    const dueAt = parts.clock.now() + tries;
    const prepared = await starter.prepare(schedule, { dueAt, origin: 'manual' });
    if (!prepared.ok) {
      throw new AppError('CONFLICT', `"${name}" cannot start: ${prepared.reason}`);
    }
    const { run, sends } = prepared;
    const outcome = parts.store.record({
      scheduleId: schedule.id,
      revision: schedule.revision,
      at: dueAt,
      occurrences: [
        {
          dueAt,
          local: null,
          outcome: 'started',
          reason: null,
          origin: 'manual',
          waitsFor: null,
          parallel: null,
          run,
          replaces: [],
        },
      ],
      sends,
      next: null,
      pause: null,
      notices: [],
    });
    if (!outcome.ok || outcome.taken.length > 0) continue;
    await starter.execute(run.runId);
    return { runId: run.runId, dueAt };
  }
  throw new AppError('CONFLICT', `"${name}" is changed all the time by somebody else`, {
    hint: 'try again',
  });
}
