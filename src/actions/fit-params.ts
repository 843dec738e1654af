/**
 * Params as a step gives them, made ready for the check: what stands for "not given" is left out, and
 * a number or boolean that a template gave becomes its JSON text where the param takes only texts.
 *
 * A literal of the wrong type stays as it is, for the check to refuse: only the author of a template
 * cannot choose the type of its value.
 */
import {
  type ActionDef,
  isAbsentParam,
  type ParamFit,
  type ParamSpec,
  specOf,
} from '../model/action.ts';
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../model/json.ts';

export interface FittedParams {
  /** Under the names that the step used. */
  readonly params: JsonObject;
  readonly problems: readonly { readonly name: string; readonly message: string }[];
}

/** Fits params to the schema of their action. */
export function fitParams(def: ActionDef, params: JsonObject, fit: ParamFit): FittedParams {
  const kept: Record<string, Json> = {};
  const problems: { name: string; message: string }[] = [];
  for (const [name, value] of Object.entries(params)) {
    const spec = specOf(def, name);
    if (spec?.nullWasAbsent === true && value === null && !fit.nullIsAbsent) continue;
    const isTemplate = gaveTemplate(fit.raw, name, value);
    if (spec !== undefined && fit.nullIsAbsent && isAbsentParam(spec, value)) {
      if (value === '' && isTemplate)
        problems.push({ name, message: `"${name}" must not be empty` });
      continue;
    }
    setOwn(kept, name, spec === undefined ? value : fitted(spec, value, isTemplate, params, fit));
  }
  return { params: kept, problems };
}

/** Whether the value of a param came from one template that is the whole of it. */
function gaveTemplate(raw: JsonObject | null, name: string, value: Json): boolean {
  const source = raw === null ? undefined : ownValue(raw, name);
  return typeof source === 'string' && source !== value;
}

function fitted(
  spec: ParamSpec,
  value: Json,
  isTemplate: boolean,
  params: JsonObject,
  fit: ParamFit,
): Json {
  if (spec.sparse === true && fit.nullIsAbsent && isJsonObject(value)) return withoutNulls(value);
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  if (!isScalar || !isTemplate) return value;
  const beside = spec.textBeside === undefined ? null : ownValue(params, spec.textBeside);
  return spec.type === 'string' || typeof beside === 'string' ? JSON.stringify(value) : value;
}

function withoutNulls(object: JsonObject): JsonObject {
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(object)) if (item !== null) setOwn(kept, key, item);
  return kept;
}
