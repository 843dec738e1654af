/**
 * From the store's rows and events to their wire shapes. Times become RFC 3339 here.
 */

import type { ActionDef } from '../model/action.ts';
import type { StepFailure } from '../model/error.ts';
import type { RunEvent } from '../model/event.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { ENDINGS } from '../model/run-status.ts';
import type { DecisionRow, LogChunk, RunRow, StoredEvent, TemplateRow } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import { labelsOf } from './labels.ts';
import { shownName } from './run-name.ts';
import type { DecisionView, EventView, RunSummary, WaitingForView } from './shapes.ts';
import { waitingTexts } from './waiting-text.ts';

type Failure = NonNullable<RunSummary['error']>;

/** A failure without what only the engine needs. */
export function failureOf({ code, message, step_id, attempts, details }: StepFailure): Failure {
  return {
    code,
    message,
    ...(step_id === undefined ? {} : { step_id }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(details === undefined ? {} : { details }),
  };
}

/** One line of a list of runs; `nowMs` ends the duration of one that goes on. */
export function runSummaryOf(
  row: RunRow,
  nowMs: number,
  waiting: readonly WaitingForView[] = waitingTexts(row.waitingFor, []),
): RunSummary {
  return {
    workflow_id: row.runId,
    status: row.status,
    ...endingOfRow(row),
    ...(row.paused ? { paused: true } : {}),
    name: shownName(row),
    template: row.template,
    version: row.version,
    agent_id: row.agentId,
    ...(row.parentId === null ? {} : { parent_id: row.parentId }),
    created_at: toRfc3339(row.createdAt),
    updated_at: toRfc3339(row.updatedAt),
    ...(row.endedAt === null ? {} : { completed_at: toRfc3339(row.endedAt) }),
    duration_ms: Math.max(0, (row.endedAt ?? nowMs) - row.createdAt),
    ...(row.error === null ? {} : { error: failureOf(row.error) }),
    waiting_for: [...waiting],
  };
}

/** The executor keeps in the row how a run will end that has not settled. */
function endingOfRow({ waitingFor }: RunRow): Pick<RunSummary, 'ending'> {
  const name = waitingFor.find(({ kind }) => kind === 'settling')?.name;
  const ending = ENDINGS.find((each) => each === name);
  return ending === undefined ? {} : { ending };
}

/** A decision with its status and, when there is one, how it was resolved. */
export function decisionOf(row: DecisionRow): DecisionView {
  const body = row.body as unknown as DecisionView;
  const view: DecisionView = { ...body, status: row.status };
  return row.resolution === null ? view : { ...view, resolution: row.resolution };
}

/** Due times inside a payload as RFC 3339; `params` of waits and decisions hold one too. */
function wirePayload(payload: JsonObject): JsonObject {
  const { due_at: due, params } = payload;
  const inner = isJsonObject(params) && typeof params.due_at === 'number' ? params : null;
  if (typeof due !== 'number' && inner === null) return payload;
  return {
    ...payload,
    ...(typeof due === 'number' ? { due_at: toRfc3339(due) } : {}),
    ...(inner === null ? {} : { params: { ...inner, due_at: toRfc3339(Number(inner.due_at)) } }),
  };
}

/** An event as it leaves the product. */
export function eventOf({ id, runId, event }: StoredEvent): EventView {
  const actor = actorOf(event);
  const payload = wirePayload(event.payload as unknown as JsonObject);
  return {
    id,
    workflow_id: runId,
    sequence: event.seq,
    ...(event.path === null ? {} : { step_id: event.path }),
    event_type: event.type,
    ...(Object.keys(payload).length === 0 ? {} : { payload }),
    ...(actor === null ? {} : { agent_id: actor }),
    timestamp: toRfc3339(event.at),
  };
}

function actorOf(event: RunEvent): string | null {
  const payload = event.payload as unknown as Json;
  if (!isJsonObject(payload)) return null;
  for (const key of ['agent_id', 'by', 'resolved_by']) {
    const value = ownValue(payload, key);
    if (typeof value === 'string') return value;
  }
  return null;
}

export interface LogChunkView {
  offset: number;
  workflow_id: string;
  step_id: string;
  attempt: number;
  stream: 'stdout' | 'stderr';
  text: string;
  at: string;
}

/** A piece of what a step printed. */
export const logChunkOf = (chunk: LogChunk): LogChunkView => ({
  offset: chunk.offset,
  workflow_id: chunk.runId,
  step_id: chunk.path,
  attempt: chunk.attempt,
  stream: chunk.stream,
  text: chunk.text,
  at: toRfc3339(chunk.at),
});

/** A line of a list of templates. */
export const templateSummaryOf = (row: TemplateRow) => ({
  name: row.name,
  version: row.version,
  description: row.pack.description,
  category: row.pack.category,
  agent_id: row.agentId,
  archived: row.archived,
  ...labelsOf(row.pack.definition),
  created_at: toRfc3339(row.createdAt),
});

/** An action as somebody who writes a workflow needs it. */
export const actionOf = (def: ActionDef) => ({
  name: def.name,
  description: def.description,
  // The class of a call whose method is a param is not known before that is.
  effect: Object.hasOwn(def.params, 'method') ? 'by method' : def.effect,
  params: def.params as unknown as Record<string, Json>,
  ...(def.output === undefined ? {} : { output: def.output }),
});
