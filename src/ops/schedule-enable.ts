/** `schedule_enable` and `schedule_disable`. Times that passed meanwhile are not made up for. */
import { AppError } from '../model/error.ts';
import type { ScheduleRow } from '../model/schedule.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { changeSchedule } from './schedule-change.ts';
import { firstNext } from './schedule-fields.ts';
import {
  scheduleEnableInput,
  scheduleNameInput,
  scheduleOutput,
  schedulesOutput,
} from './schedule-schemas.ts';
import { scheduleOf } from './schedule-view.ts';

const PAGE = 200;

export function createScheduleEnable(
  parts: OpsParts,
): Operation<typeof scheduleEnableInput, typeof schedulesOutput> {
  return {
    name: 'schedule_enable',
    summary: 'Let a schedule fire again, from its next time on',
    input: scheduleEnableInput,
    output: schedulesOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(_ctx, { name, all }) {
      if ((name === undefined) === !all) {
        throw new AppError('VALIDATION_ERROR', 'give a name, or all', {
          hint: 'all enables what was paused by failures or by a restore',
        });
      }
      const names = name === undefined ? pausedNames(parts) : [name];
      return { schedules: names.map((each) => scheduleOf(parts, enable(parts, each))) };
    },
  };
}

function pausedNames({ store }: OpsParts): string[] {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = store.schedules({
      enabled: false,
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const paused = page.items.filter((row) => row.pausedReason !== null && row.nextAt !== null);
    names.push(...paused.map((row) => row.name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return names;
}

function enable(parts: OpsParts, name: string): ScheduleRow {
  return changeSchedule(parts, name, (row) => {
    const now = parts.clock.now();
    const next = row.enabled ? {} : firstNext(parts.calculator, row, now);
    return { ...next, enabled: true, pausedReason: null, countedFrom: now, updatedAt: now };
  });
}

export function createScheduleDisable(
  parts: OpsParts,
): Operation<typeof scheduleNameInput, typeof scheduleOutput> {
  return {
    name: 'schedule_disable',
    summary: 'Stop a schedule from firing; runs that it started go on',
    input: scheduleNameInput,
    output: scheduleOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(_ctx, { name }) {
      const schedule = changeSchedule(parts, name, () => ({
        enabled: false,
        pausedReason: null,
        updatedAt: parts.clock.now(),
      }));
      return { schedule: scheduleOf(parts, schedule) };
    },
  };
}
