/**
 * Requests to a compute process, and finding their answers again.
 *
 * A request must be the same each time the same place is evaluated, or its answer is never found.
 * So "now", which differs from batch to batch, is left out of the data and added once, when a
 * request is first made; the same request is repeated until its answer can no longer be on the way.
 */
import type { ComputeMemo, ComputeRequest, Reference, Scope } from '../model/expression.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { toRfc3339 } from '../model/time.ts';
import { type Outcome, valueOutcome } from './failures.ts';
import { createLruCache, type LruCache } from './lru.ts';

/** Longest time, in milliseconds, that a request with a "now" is repeated unchanged. */
const SAME_REQUEST_MS = 30_000;
const MAX_REMEMBERED = 500;

interface AskedRequest {
  readonly nowMs: number;
  readonly request: ComputeRequest;
}

export type AskedRequests = LruCache<AskedRequest>;

export const createAskedRequests = (): AskedRequests => createLruCache(MAX_REMEMBERED);

export interface Asking {
  readonly scope: Scope;
  readonly answers: ComputeMemo;
  readonly asked: AskedRequests;
}

/** The answer to a request, or the request itself when nobody has answered it yet. */
export function askCompute(
  task: ComputeRequest['task'],
  payload: JsonObject,
  usesNow: boolean,
  asking: Asking,
): Outcome {
  const request = usesNow ? datedRequest(task, payload, asking) : { task, payload };
  const answer = asking.answers.get(request);
  if (answer === undefined) return { kind: 'pending', request };
  if (answer.ok) return valueOutcome(answer.value);
  return { kind: 'failure', error: answer.error, missing: false };
}

function datedRequest(
  task: ComputeRequest['task'],
  payload: JsonObject,
  { scope, asked }: Asking,
): ComputeRequest {
  const key = `${task}:${JSON.stringify(payload)}`;
  const before = asked.get(key);
  if (before !== undefined && Math.abs(scope.nowMs - before.nowMs) < SAME_REQUEST_MS) {
    return before.request;
  }
  const request: ComputeRequest = { task, payload: { ...payload, now: scope.nowMs } };
  asked.set(key, { nowMs: scope.nowMs, request });
  return request;
}

/** True when the references take in `workflow.now`. */
export function readsNow(references: readonly Reference[]): boolean {
  return references.some(
    ([root, field]) => root === 'workflow' && (field === undefined || field === 'now'),
  );
}

/** Bindings without `workflow.now`. */
export function withoutNow(bindings: Readonly<Record<string, Json>>): JsonObject {
  const { workflow } = bindings;
  if (!isJsonObject(workflow) || !Object.hasOwn(workflow, 'now')) return bindings;
  const { now: _, ...rest } = workflow;
  return { ...bindings, workflow: rest };
}

/** Bindings with `workflow.now` put back. */
export function withNow(bindings: JsonObject, nowMs: number): JsonObject {
  const { workflow } = bindings;
  if (!isJsonObject(workflow)) return bindings;
  return { ...bindings, workflow: { ...workflow, now: toRfc3339(nowMs) } };
}
