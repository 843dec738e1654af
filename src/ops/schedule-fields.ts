/**
 * From what somebody writes about a schedule to its row, checked whole: the template and its inputs,
 * the expression and its zone, durations and bounds.
 */
import { AppError } from '../model/error.ts';
import { asRunId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import {
  type NextTime,
  nextOf,
  type Overlap,
  type ReadTiming,
  type ScheduleCalculator,
  type ScheduleRow,
} from '../model/schedule.ts';
import { type VersionRef, versionNumber } from '../model/version.ts';
import { prepare } from './definitions.ts';
import { mergeParams } from './inputs.ts';
import type { CallContext } from './operation.ts';
import { typeParams } from './param-text.ts';
import type { OpsParts } from './parts.ts';
import { DEFAULT_CATCH_UP_MS, readCatchUp, readJitter } from './schedule-texts.ts';
import { instantOf } from './schedule-view.ts';
import { startFactsOf } from './start.ts';

export interface ScheduleFields {
  readonly template_name?: string | undefined;
  readonly version?: VersionRef | null | undefined;
  readonly params?: JsonObject | undefined;
  readonly param_texts?: readonly string[] | undefined;
  readonly agent_id?: string | null | undefined;
  readonly expression?: string | undefined;
  readonly timezone?: string | undefined;
  readonly overlap?: Overlap | undefined;
  readonly catch_up?: string | 0 | undefined;
  readonly jitter?: string | undefined;
  readonly pause_after?: number | null | undefined;
  readonly first_at?: string | null | undefined;
}

/** @throws VALIDATION_ERROR naming the argument, what is wrong and what to do */
export function readTiming(
  calculator: ScheduleCalculator,
  written: { readonly expression: string; readonly timezone: string | null },
  nowMs: number,
): ReadTiming & { ok: true } {
  const read = calculator.read(written, nowMs);
  if (read.ok) return read;
  throw new AppError('VALIDATION_ERROR', `${read.field}: ${read.message}`, { hint: read.hint });
}

function accepted<T>(field: string, read: { ms: T } | { problem: string }): T {
  if ('ms' in read) return read.ms;
  throw new AppError('VALIDATION_ERROR', `${field}: ${read.problem}`);
}

type Changed = Pick<
  ScheduleRow,
  | 'template'
  | 'version'
  | 'params'
  | 'agentId'
  | 'expression'
  | 'timezone'
  | 'overlap'
  | 'catchUpMs'
  | 'jitterMs'
  | 'pauseAfter'
  | 'firstAt'
>;

/** The row's fields after a change; a schedule that does not exist yet changes `EMPTY`. */
export function changedFields(
  parts: Pick<OpsParts, 'calculator' | 'store'>,
  before: Changed,
  fields: ScheduleFields,
  nowMs: number,
): Changed {
  const { catch_up: catchUp, jitter, first_at: firstAt } = fields;
  const template = fields.template_name ?? before.template;
  const version = fields.version === undefined ? before.version : versionNumber(fields.version);
  return {
    ...changedTiming(parts.calculator, before, fields, nowMs),
    template,
    version,
    params: changedParams(parts, { template, version, params: before.params }, fields),
    agentId: fields.agent_id === undefined ? before.agentId : fields.agent_id,
    overlap: fields.overlap ?? before.overlap,
    catchUpMs:
      catchUp === undefined ? before.catchUpMs : accepted('catch_up', readCatchUp(catchUp)),
    jitterMs: jitter === undefined ? before.jitterMs : accepted('jitter', readJitter(jitter)),
    pauseAfter: fields.pause_after === undefined ? before.pauseAfter : fields.pause_after,
    firstAt: changedInstant('first_at', before.firstAt, firstAt),
  };
}

function changedInstant(
  field: string,
  before: number | null,
  text: string | null | undefined,
): number | null {
  if (text === undefined) return before;
  return text === null ? null : instantOf(field, text);
}

/** Params that are given replace those that were there. */
function changedParams(
  { store }: Pick<OpsParts, 'store'>,
  { template, version, params }: Pick<ScheduleRow, 'template' | 'version' | 'params'>,
  fields: ScheduleFields,
): JsonObject {
  if (fields.params === undefined && fields.param_texts === undefined) return params;
  const schema = store.template(template, version)?.pack.inputSchema ?? null;
  return mergeParams(fields.params, typeParams(fields.param_texts ?? [], schema));
}

/** A new expression stays in the zone that was there, unless it brings its own. */
function changedTiming(
  calculator: ScheduleCalculator,
  before: Changed,
  { expression, timezone }: ScheduleFields,
  nowMs: number,
): Pick<ScheduleRow, 'expression' | 'timezone'> {
  if (expression === undefined && timezone === undefined) {
    return { expression: before.expression, timezone: before.timezone };
  }
  const written = { expression: expression ?? before.expression, timezone: timezone ?? null };
  const kept = before.expression === '' || timezone !== undefined ? null : before.timezone;
  const stays = calculator.read({ ...written, timezone: kept ?? written.timezone }, nowMs);
  const read =
    stays.ok || stays.field === 'expression' || kept === null
      ? readTiming(calculator, { ...written, timezone: kept ?? written.timezone }, nowMs)
      : readTiming(calculator, written, nowMs);
  return { expression: read.expression, timezone: read.timezone };
}

/** What a schedule has when nothing says otherwise. */
export const EMPTY: Changed = {
  template: '',
  version: null,
  params: {},
  agentId: null,
  expression: '',
  timezone: 'UTC',
  overlap: 'skip',
  catchUpMs: DEFAULT_CATCH_UP_MS,
  jitterMs: 0,
  pauseAfter: null,
  firstAt: null,
};

/** @throws what starting a run of it now would: NOT_FOUND, CONFLICT, VALIDATION_ERROR */
export async function checkStartable(
  parts: OpsParts,
  ctx: CallContext,
  { template, version, params }: Pick<ScheduleRow, 'template' | 'version' | 'params'>,
): Promise<void> {
  const given = { template_name: template, ...(version === null ? {} : { version }) };
  const prepared = prepare(parts, ctx, given);
  await startFactsOf(parts, ctx, prepared, { params }, asRunId(parts.random.uuid()));
}

/** The next time of an enabled schedule. @throws VALIDATION_ERROR when there is none */
export function firstNext(
  calculator: ScheduleCalculator,
  schedule: Parameters<typeof nextOf>[1],
  nowMs: number,
): NextTime {
  const next = nextOf(calculator, schedule, nowMs);
  if (next.nextAt !== null) return next;
  throw new AppError('VALIDATION_ERROR', 'expression: it never fires from now on', {
    hint: 'give it another expression, or an earlier first_at',
  });
}
