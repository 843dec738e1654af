/**
 * Params of a step against the schema of its action: every problem at once, defaults filled in.
 *
 * Nothing is converted behind the author's back: a text that holds a number is not a number. The one
 * exception is what becomes text anyway (elements of `args`, values of `env`, `headers`, …), where a
 * number or a bool is written as JSON text. Keys are only ever own properties.
 */
import type {
  ActionDef,
  CheckedParams,
  ParamFit,
  ParamProblem,
  ParamSpec,
} from '../model/action.ts';
import type { WarningCode } from '../model/issue.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonType,
  ownValue,
  setOwn,
} from '../model/json.ts';
import { parseDuration } from '../model/time.ts';
import { readVersion, VERSION_FORMS } from '../model/version.ts';
import { fitParams } from './fit-params.ts';
import { nearestParam, nearestWord } from './nearest.ts';

export interface CheckOptions {
  /** Says which values (or keys) are not known yet and are taken as they are. */
  readonly skip?: (value: Json) => boolean;
  /** How the params are made ready first; without it they are taken as they are. */
  readonly fit?: ParamFit;
}

type Path = readonly (string | number)[];

interface Checking {
  readonly def: ActionDef;
  readonly skip: (value: Json) => boolean;
  readonly problems: ParamProblem[];
  readonly warnings: ParamProblem[];
}

const SHORT_VALUE = 40;

/**
 * The params an action is called with, or all that is wrong with them. Old spellings are moved to
 * their new names and stray params to where the action wants them, each with a warning.
 */
export function checkParams(
  def: ActionDef,
  params: JsonObject,
  options: CheckOptions = {},
): CheckedParams {
  const skip = options.skip ?? (() => false);
  const cx: Checking = { def, skip, problems: [], warnings: [] };
  const fit = options.fit === undefined ? null : fitParams(def, params, options.fit);
  for (const { name, message } of fit?.problems ?? []) problem(cx, [name], message);
  const given = fit?.params ?? params;
  const checked = fitted(cx, placeParams(cx, given));
  const known = options.skip === undefined || !holdsUnknown(cx, checked);
  if (cx.problems.length === 0 && known) {
    const message = def.check?.(checked) ?? null;
    if (message !== null) problem(cx, [], message);
  }
  if (cx.problems.length > 0) return { ok: false, problems: [...cx.problems, ...cx.warnings] };
  return { ok: true, params: checked, given, warnings: cx.warnings };
}

/** Every param of the schema checked or filled in, in the order of the schema. */
function fitted(cx: Checking, given: JsonObject): JsonObject {
  const checked: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(cx.def.params)) {
    if (spec.aliasOf !== undefined) continue;
    const value = ownValue(given, name);
    if (value !== undefined) checked[name] = checkValue(cx, [name], spec, value);
    else if (spec.default !== undefined) checked[name] = spec.default;
    else if (spec.required === true) problem(cx, [name], `"${name}" is missing`);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(cx.def.params, name)) setOwn(checked, name, given[name] as Json);
  }
  return checked;
}

function problem(cx: Checking, path: Path, message: string): void {
  cx.problems.push({ path, message, severity: 'error' });
}

function warn(cx: Checking, path: Path, code: WarningCode, message: string): void {
  cx.warnings.push({ path, message, severity: 'warning', code });
}

/** Params under the names of the schema; unknown ones are reported or moved. */
function placeParams(cx: Checking, params: JsonObject): JsonObject {
  const { def } = cx;
  const placed: Record<string, Json> = {};
  const strays: Record<string, Json> = {};
  for (const [name, value] of Object.entries(params)) {
    const target = targetOf(cx, name);
    if (target === null) setOwn(strays, name, value);
    else if (target !== name && (Object.hasOwn(params, target) || Object.hasOwn(placed, target))) {
      problem(cx, [name], `"${name}" and "${target}" mean the same, give one of them`);
    } else setOwn(placed, target, value);
  }
  if (Object.keys(strays).length === 0) return placed;
  if (def.unknownInto !== undefined) collectStrays(cx, placed, strays, def.unknownInto);
  else for (const name of Object.keys(strays)) placeStray(cx, placed, name, strays[name] as Json);
  return placed;
}

function targetOf(cx: Checking, name: string): string | null {
  const { def } = cx;
  const spec = Object.hasOwn(def.params, name) ? def.params[name] : undefined;
  if (spec !== undefined) return spec.aliasOf ?? name;
  const renamed = Object.hasOwn(def.renamed ?? {}, name) ? def.renamed?.[name] : undefined;
  if (renamed === undefined) return null;
  warn(cx, [name], 'OLD_SPELLING', `"${name}" is an old spelling of "${renamed}"`);
  return renamed;
}

function placeStray(cx: Checking, placed: Record<string, Json>, name: string, value: Json): void {
  if (cx.skip(name)) {
    setOwn(placed, name, value);
    return;
  }
  const names = Object.keys(cx.def.params);
  const near = nearestParam(name, names);
  const known = names.length === 0 ? 'it takes no params' : `known are ${names.join(', ')}`;
  const hint = near === null ? known : `did you mean "${near}"?`;
  problem(cx, [name], `${cx.def.name} has no param "${name}" (${hint})`);
}

function collectStrays(
  cx: Checking,
  placed: Record<string, Json>,
  strays: JsonObject,
  into: string,
): void {
  const target = ownValue(placed, into);
  if (target !== undefined && !isJsonObject(target)) {
    for (const name of Object.keys(strays)) placeStray(cx, placed, name, strays[name] as Json);
    return;
  }
  const merged: Record<string, Json> = {};
  for (const [name, value] of Object.entries(strays)) {
    setOwn(merged, name, value);
    const message = `${cx.def.name} has no param "${name}": it goes into "${into}"`;
    warn(cx, [name], 'MOVED_PARAM', message);
  }
  for (const [name, value] of Object.entries(target ?? {})) setOwn(merged, name, value);
  placed[into] = merged;
}

function checkValue(cx: Checking, path: Path, spec: ParamSpec, value: Json): Json {
  if (cx.skip(value)) return value;
  const wanted = mismatch(spec, value);
  if (wanted !== null) {
    problem(cx, path, `"${nameOf(path)}" must be ${wanted}, not ${described(spec, value)}`);
    return value;
  }
  if (spec.lenient !== true) return value;
  if (isJsonArray(value)) return value.map((item, i) => asText(cx, [...path, i], spec, item));
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    setOwn(copy, key, asText(cx, [...path, key], spec, item));
  }
  return copy;
}

/** What the spec wants when the value is something else, null when it fits. */
function mismatch(spec: ParamSpec, value: Json): string | null {
  switch (spec.type) {
    case 'any':
      return null;
    case 'number':
      return typeof value === 'number' ? null : 'a number';
    case 'integer':
      return Number.isInteger(value) ? null : 'a whole number';
    case 'boolean':
      return typeof value === 'boolean' ? null : notSwitch(spec, value);
    case 'object':
      return isJsonObject(value) ? null : 'an object';
    case 'list':
      return isJsonArray(value) ? null : 'a list';
    default:
      return textMismatch(spec, value);
  }
}

function notSwitch(spec: ParamSpec, value: Json): string | null {
  const { values = [] } = spec;
  if (typeof value === 'string' && values.includes(value)) return null;
  const listed = values.map((one) => `"${one}"`);
  return ['true', 'false', ...listed].join(', ').replace(/, ([^,]*)$/, ' or $1');
}

function textMismatch(spec: ParamSpec, value: Json): string | null {
  if (spec.type === 'version') return readVersion(value) === null ? VERSION_FORMS : null;
  if (spec.type !== 'duration') {
    return typeof value === 'string' ? notListed(spec, value) : 'a text';
  }
  const parsed = parseDuration(value);
  return parsed.ok ? null : `a duration (${parsed.message})`;
}

function notListed(spec: ParamSpec, value: string): string | null {
  const values = spec.values;
  if (values === undefined || values.includes(value)) return null;
  const near = nearestWord(value, values);
  const listed = values.map((one) => `"${one}"`).join(', ');
  return near === null ? `one of ${listed}` : `one of ${listed} (did you mean "${near}"?)`;
}

function asText(cx: Checking, path: Path, spec: ParamSpec, value: Json): Json {
  if (typeof value === 'string' || cx.skip(value)) return value;
  if (value === null && spec.nullable === true) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  problem(
    cx,
    path,
    `"${nameOf(path)}" must be a text, a number or a bool, not ${described(spec, value)}`,
  );
  return value;
}

const nameOf = (path: Path): string =>
  path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('');

/** What a value is; the value itself is shown only where no secret can stand. */
function described(spec: ParamSpec, value: Json): string {
  const type = jsonType(value);
  if (type === 'null') return 'null';
  if (type === 'list' || type === 'object') return type === 'list' ? 'a list' : 'an object';
  if (spec.secrets === true) return type === 'string' ? 'a text' : `a ${type}`;
  const text = JSON.stringify(value);
  const short = text.length > SHORT_VALUE ? `${text.slice(0, SHORT_VALUE)}…` : text;
  return `the ${type === 'string' ? 'text' : type} ${short}`;
}

function holdsUnknown(cx: Checking, value: Json): boolean {
  if (cx.skip(value)) return true;
  if (isJsonArray(value)) return value.some((item) => holdsUnknown(cx, item));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([key, item]) => cx.skip(key) || holdsUnknown(cx, item));
}
