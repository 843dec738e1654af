/** `schedule_add`, `schedule_update`, `schedule_remove`: schedules made by hand. */
import { AppError } from '../model/error.ts';
import type { ScheduleRow } from '../model/schedule.ts';
import type { ScheduleChange } from '../model/schedule-store.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { expressionDoubts } from './schedule-doubt.ts';
import { changedFields, checkStartable, EMPTY, firstNext } from './schedule-fields.ts';
import {
  type ScheduleOutput,
  scheduleAddInput,
  scheduleNameInput,
  scheduleOutput,
  scheduleRemoveOutput,
  scheduleUpdateInput,
} from './schedule-schemas.ts';
import { findSchedule, scheduleOf } from './schedule-view.ts';

const nameTaken = (name: string): AppError =>
  new AppError('CONFLICT', `name: there is a schedule "${name}" already`, {
    hint: 'choose another name, or change that one with schedule_update',
  });

/** A schedule as it is now, with what may surprise about its expression. */
function answer(parts: OpsParts, schedule: ScheduleRow, nowMs: number): ScheduleOutput {
  const warnings = expressionDoubts(parts.calculator, schedule, nowMs, 'expression');
  return {
    schedule: scheduleOf(parts, schedule),
    ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
  };
}

export function createScheduleAdd(
  parts: OpsParts,
): Operation<typeof scheduleAddInput, typeof scheduleOutput> {
  return {
    name: 'schedule_add',
    summary: 'Start a template at given times',
    input: scheduleAddInput,
    output: scheduleOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(ctx, input) {
      const { store, clock, calculator, random } = parts;
      if (store.scheduleByName(input.name) !== null) throw nameTaken(input.name);
      const now = clock.now();
      const fields = changedFields(parts, EMPTY, input, now);
      await checkStartable(parts, ctx, fields);
      const row: ScheduleRow = {
        ...fields,
        id: random.uuid(),
        name: input.name,
        enabled: input.enabled ?? true,
        pausedReason: null,
        countedFrom: now,
        createdAt: now,
        updatedAt: now,
        nextAt: null,
        fireAt: null,
        nextLocal: null,
        zoneRules: null,
        owner: null,
        createdBy: ctx.caller.agentId ?? ctx.caller.name ?? null,
        revision: 1,
      };
      const schedule = { ...row, ...firstNext(calculator, row, now) };
      if (!store.addSchedule(schedule)) throw nameTaken(input.name);
      return answer(parts, schedule, now);
    },
  };
}

export function createScheduleUpdate(
  parts: OpsParts,
): Operation<typeof scheduleUpdateInput, typeof scheduleOutput> {
  return {
    name: 'schedule_update',
    summary: 'Change a schedule; what is left out stays',
    input: scheduleUpdateInput,
    output: scheduleOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(ctx, input) {
      const { calculator, clock } = parts;
      const fieldsOf = (row: ScheduleRow) => changedFields(parts, row, input, clock.now());
      await checkStartable(parts, ctx, fieldsOf(findSchedule(parts, input.name)));
      const schedule = changeSchedule(parts, input.name, (row) => {
        const now = clock.now();
        const fields = fieldsOf(row);
        const isMoved =
          fields.expression !== row.expression ||
          fields.timezone !== row.timezone ||
          fields.firstAt !== row.firstAt ||
          fields.jitterMs !== row.jitterMs;
        return {
          ...fields,
          ...(isMoved ? firstNext(calculator, moved(row, fields), now) : {}),
          ...(input.new_name === undefined ? {} : { name: input.new_name }),
          ...(input.pause_after === undefined ? {} : { countedFrom: now }),
          updatedAt: now,
        };
      });
      return answer(parts, schedule, clock.now());
    },
  };
}

export function createScheduleRemove(
  parts: OpsParts,
): Operation<typeof scheduleNameInput, typeof scheduleRemoveOutput> {
  return {
    name: 'schedule_remove',
    summary: 'Remove a schedule with its history; its runs stay',
    input: scheduleNameInput,
    output: scheduleRemoveOutput,
    surfaces: NOT_MCP,
    access: 'operate',
    async handle(_ctx, { name }) {
      const row = findSchedule(parts, name);
      if (row.owner !== null) {
        const { template } = row.owner;
        throw new AppError('CONFLICT', `"${name}" belongs to the triggers of "${template}"`, {
          hint: 'take the entry out of the template and define it again, or disable the schedule',
        });
      }
      return { name, removed: parts.store.removeSchedule(row.id) };
    },
  };
}

/** A schedule with other fields; rules of another zone say nothing about its zone. */
const moved = (
  row: ScheduleRow,
  fields: Pick<ScheduleRow, 'expression' | 'timezone' | 'firstAt' | 'jitterMs'>,
): ScheduleRow => ({
  ...row,
  ...fields,
  zoneRules: fields.timezone === row.timezone ? row.zoneRules : null,
});

/** Times a change is made again when something else changed the schedule at the same moment. */
const MAX_TRIES = 20;

/** Changes a schedule as it is now. @throws CONFLICT, NOT_FOUND */
export function changeSchedule(
  parts: OpsParts,
  name: string,
  change: (row: ScheduleRow) => ScheduleChange,
): ScheduleRow {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = findSchedule(parts, name);
    const to = change(row);
    const outcome = parts.store.changeSchedule(row.id, row.revision, to);
    if (outcome.ok) return outcome.schedule;
    if (outcome.reason === 'name_taken') throw nameTaken(to.name ?? name);
  }
  throw new AppError('CONFLICT', `"${name}" is changed all the time by somebody else`, {
    hint: 'try again',
  });
}
