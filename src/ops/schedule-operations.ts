/** The schedules' part of the catalogue. */
import type { guarded } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { createScheduleBackfill } from './schedule-backfill.ts';
import {
  createScheduleAdd,
  createScheduleRemove,
  createScheduleUpdate,
} from './schedule-change.ts';
import { createScheduleDisable, createScheduleEnable } from './schedule-enable.ts';
import { createScheduleHistory } from './schedule-history.ts';
import { createScheduleNext } from './schedule-next.ts';
import { createScheduleRun } from './schedule-run.ts';

/** The operations by name. */
export const createScheduleOperations = (parts: OpsParts) => ({
  schedule_add: createScheduleAdd(parts),
  schedule_update: createScheduleUpdate(parts),
  schedule_remove: createScheduleRemove(parts),
  schedule_enable: createScheduleEnable(parts),
  schedule_disable: createScheduleDisable(parts),
  schedule_next: createScheduleNext(parts),
  schedule_run: createScheduleRun(parts),
  schedule_backfill: createScheduleBackfill(parts),
  schedule_history: createScheduleHistory(parts),
});

type Operations = ReturnType<typeof createScheduleOperations>;

/** The same as functions of a context and an input. */
export const scheduleCalls = (
  { callable }: Pick<ReturnType<typeof guarded>, 'callable'>,
  operations: Operations,
) => ({
  schedule_add: callable(operations.schedule_add),
  schedule_update: callable(operations.schedule_update),
  schedule_remove: callable(operations.schedule_remove),
  schedule_enable: callable(operations.schedule_enable),
  schedule_disable: callable(operations.schedule_disable),
  schedule_next: callable(operations.schedule_next),
  schedule_run: callable(operations.schedule_run),
  schedule_backfill: callable(operations.schedule_backfill),
  schedule_history: callable(operations.schedule_history),
});
