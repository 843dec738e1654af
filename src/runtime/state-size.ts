/**
 * How much memory a folded state takes, estimated: what a step takes by itself, and the values it holds.
 */
import type { Json } from '../model/json.ts';
import type { RunState, StepState } from '../model/run-state.ts';

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
    bytes += STEP_BYTES;
    for (const value of valuesOf(step)) add(value);
    if (bytes > limit) break;
  }
  return bytes;
}

function valuesOf({ params, output, overrides, sub }: StepState): (Json | null | undefined)[] {
  const own: (Json | null | undefined)[] = [params, output, overrides];
  if (sub?.kind === 'loop' && sub.items !== null) own.push([...sub.items]);
  else if (sub?.kind === 'wait' && sub.done !== null) own.push(sub.done.payload);
  return own;
}

/** Without recursion: a value may be as deep as it likes. */
function jsonBytes(value: Json, limit: number): number {
  let bytes = 0;
  const left: Json[] = [value];
  for (let next = left.pop(); next !== undefined && bytes <= limit; next = left.pop()) {
    bytes += VALUE_BYTES;
    if (typeof next === 'string') bytes += next.length;
    else if (Array.isArray(next)) for (const item of next) left.push(item);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, item] of Object.entries(next)) {
        bytes += key.length;
        left.push(item);
      }
    }
  }
  return bytes;
}
