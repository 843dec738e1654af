/**
 * What `steps.<id>` shows: `output`, `status`, `error`, and the fields of an object output directly.
 *
 * `output`, `status` and `error` win over fields of those names; `result` is the output when the
 * output has no field of that name.
 */
import type { StepView } from '../model/expression.ts';
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../model/json.ts';

/** One field of `steps.<id>`, undefined when it has none of that name. */
export function stepField(view: StepView, key: string): Json | undefined {
  if (key === 'output') return view.output;
  if (key === 'status') return view.status;
  if (key === 'error') return errorOf(view);
  const field = isJsonObject(view.output) ? ownValue(view.output, key) : undefined;
  if (field !== undefined) return field;
  return key === 'result' ? view.output : undefined;
}

/** Names that `stepField` answers. */
export function stepFieldNames(view: StepView): string[] {
  const names = ['output', 'status', 'error'];
  if (!isJsonObject(view.output)) return [...names, 'result'];
  return [...names, ...Object.keys(view.output).filter((key) => !names.includes(key))];
}

/** `steps.<id>` as one JSON object. */
export function stepObject(view: StepView): JsonObject {
  const object: Record<string, Json> = {};
  for (const key of stepFieldNames(view)) setOwn(object, key, stepField(view, key) as Json);
  if (!Object.hasOwn(object, 'result')) object.result = view.output;
  return object;
}

function errorOf(view: StepView): Json {
  return view.error as Json | null;
}
