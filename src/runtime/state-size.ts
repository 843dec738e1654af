/**
 * How much memory a folded state takes, estimated: what a step takes by itself, and the values it holds.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';

const STEP_BYTES = 700;
const VALUE_BYTES = 24;

/** Bytes of a state; stops counting once it is more than `limit`. */
export function stateBytes(state: RunState, limit: number): number {
  let bytes = 0;
  const add = (value: Json | undefined | null): void => {
    if (value !== undefined && value !== null) bytes += jsonBytes(value, limit - bytes);
  };
  add(state.inputs);
  add(state.context);
  add(state.output);
  for (const { payload } of state.buffered) add(payload);
  for (const step of state.steps.values()) {
    const { params, output, overrides, sub } = step;
    bytes += STEP_BYTES;
    add(params);
    add(output);
    add(overrides);
    if (sub?.kind === 'loop') for (const item of sub.items ?? []) add(item);
    else if (sub?.kind === 'wait') add(sub.done?.payload);
    if (bytes > limit) break;
  }
  return bytes;
}

const scalarBytes = (value: Json): number =>
  VALUE_BYTES + (typeof value === 'string' ? value.length : 0);

/** Without recursion: a value may be as deep as it likes. */
function jsonBytes(value: Json, limit: number): number {
  if (typeof value !== 'object') return scalarBytes(value);
  let bytes = 0;
  const left: Json[] = [value];
  for (let next = left.pop(); next !== undefined && bytes <= limit; next = left.pop()) {
    bytes += scalarBytes(next);
    if (isJsonArray(next)) for (const item of next) left.push(item);
    else if (isJsonObject(next)) bytes += pushFields(left, next);
  }
  return bytes;
}

function pushFields(left: Json[], fields: JsonObject): number {
  let bytes = 0;
  for (const key in fields) {
    bytes += key.length;
    left.push(fields[key] ?? null);
  }
  return bytes;
}
