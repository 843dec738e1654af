/**
 * Plain paths such as `steps.fetch-data.output.items[0].name`: parsing and resolving them.
 *
 * Grammar: a root name, then `.name`, `.0`, `[0]`, `['any text']`. Dashes are allowed after the
 * first dot. Only own properties are ever read. Says what is missing without showing any value.
 */
import type { Scope } from '../model/expression.ts';
import { isJsonArray, isJsonObject, type Json, jsonType, ownValue } from '../model/json.ts';
import { skipString } from './lexer.ts';
import { listNames, nearestName, shortName } from './names.ts';
import { stepField, stepFieldNames, stepObject } from './step-view.ts';

export interface Path {
  /** Root name first; list indices are digits. */
  readonly segments: readonly string[];
}

export type ParsedPath =
  | { readonly kind: 'path'; readonly path: Path }
  /** Not of the shape of a path: another kind of expression. */
  | { readonly kind: 'other' }
  | { readonly kind: 'problem'; readonly offset: number; readonly message: string };

const ROOT = /[A-Za-z_][A-Za-z0-9_]*/y;
const SEGMENT = /[\p{L}\p{N}_$@-]+/uy;
const PLAIN_SEGMENT = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+/y;
const INDEX = /\[\s*(\d{1,15})\s*\]/y;
const OTHER: ParsedPath = { kind: 'other' };

interface PathStyle {
  /** Whether names after the first dot may hold dashes (in CEL `a-b` is a subtraction). */
  readonly dashes: boolean;
}

/** Parses a trimmed source as a path, or says that it is something else or a broken path. */
export function parsePath(source: string, style: PathStyle): ParsedPath {
  const root = matchAt(ROOT, source, 0);
  if (root === null) return OTHER;
  const segments = [root];
  let at = root.length;
  while (at < source.length) {
    const step = source[at] === '.' ? dotSegment(source, at, style) : bracketSegment(source, at);
    if ('kind' in step) return step;
    segments.push(step.name);
    at = step.end;
  }
  return { kind: 'path', path: { segments } };
}

type Segment = { readonly name: string; readonly end: number } | ParsedPath;

function dotSegment(source: string, at: number, style: PathStyle): Segment {
  const name = matchAt(style.dashes ? SEGMENT : PLAIN_SEGMENT, source, at + 1);
  if (name !== null) return { name, end: at + 1 + name.length };
  const next = source[at + 1];
  if (next === undefined || next === '.' || next === '[') {
    return { kind: 'problem', offset: at, message: 'a name is missing after this dot' };
  }
  return OTHER;
}

function bracketSegment(source: string, at: number): Segment {
  if (source[at] !== '[') return OTHER;
  INDEX.lastIndex = at;
  const index = INDEX.exec(source);
  if (index !== null) return { name: String(Number(index[1])), end: INDEX.lastIndex };
  const quote = source[at + 1];
  if (quote !== '"' && quote !== "'") return OTHER;
  const triple = source.startsWith(quote.repeat(3), at + 1);
  const end = triple ? -1 : skipString(source, at + 1);
  if (end < 0 || source[end] !== ']') return OTHER;
  const name = source.slice(at + 2, end - 1);
  // An escape is left to CEL, which knows them all.
  return name.includes('\\') || end - at < 4 ? OTHER : { name, end: end + 1 };
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** The path's value, or undefined when a name on it is missing. */
export function resolvePath(path: Path, scope: Scope): Json | undefined {
  const { segments } = path;
  if (segments[0] === 'steps') return resolveStep(segments, scope);
  let value = scope.value(rootName(segments[0] as string));
  for (let i = 1; i < segments.length && value !== undefined; i++) {
    value = childBelow(value, segments[i - 1] as string, segments[i] as string);
  }
  return value;
}

/** `iter` is the loop object's other name. */
export const rootName = (name: string): string => (name === 'iter' ? 'loop' : name);

function resolveStep(segments: readonly string[], scope: Scope): Json | undefined {
  if (segments.length === 1) return allSteps(scope);
  const view = scope.step(segments[1] as string);
  if (view === undefined) return undefined;
  if (segments.length === 2) return stepObject(view);
  let value = stepField(view, segments[2] as string);
  for (let i = 3; i < segments.length && value !== undefined; i++) {
    value = childBelow(value, segments[i - 1] as string, segments[i] as string);
  }
  return value;
}

/** Every visible step as one object: `{ "<id>": {output, status, error, …} }`. */
export function allSteps(scope: Scope): Json {
  return Object.fromEntries(
    scope.stepIds().flatMap((id) => {
      const view = scope.step(id);
      return view === undefined ? [] : [[id, stepObject(view)]];
    }),
  );
}

const INDEX_TEXT = /^(?:0|[1-9]\d{0,14})$/;

/** An own key of an object or an index of a list; undefined for everything else. */
export function childOf(value: Json, key: string): Json | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (isJsonArray(value)) return INDEX_TEXT.test(key) ? value[Number(key)] : undefined;
  return isJsonObject(value) ? ownValue(value, key) : undefined;
}

/**
 * The same below the key `around`: names of HTTP headers mean the same in upper and lower case, and
 * are kept in lower case.
 */
function childBelow(value: Json, around: string, key: string): Json | undefined {
  const found = childOf(value, key);
  return found === undefined && around === 'headers' ? childOf(value, key.toLowerCase()) : found;
}

/** Text of a path as a user would write it. */
export function pathText(segments: readonly string[]): string {
  let text = '';
  for (const [i, name] of segments.entries()) {
    if (i === 0) text = name;
    else if (/^\d+$/.test(name)) text += `[${name}]`;
    else if (/^[\p{L}\p{N}_$@-]+$/u.test(name)) text += `.${shortName(name)}`;
    else text += `['${shortName(name)}']`;
  }
  return text;
}

/** Why a path has no value here: the first missing name and what there is instead, else null. */
export function explainMissing(segments: readonly string[], scope: Scope): string | null {
  const root = rootName(segments[0] as string);
  if (root === 'steps') return explainStep(segments, scope);
  const value = scope.value(root);
  if (value === undefined) {
    const here = ['steps', ...scope.names()];
    return `\`${segments[0]}\` is not available here; ${listNames(here)}`;
  }
  return explainWithin(value, segments, 1);
}

function explainStep(segments: readonly string[], scope: Scope): string | null {
  const id = segments[1];
  if (id === undefined) return null;
  const view = scope.step(id);
  if (view === undefined) {
    const hidden = scope.whyHidden(id);
    if (hidden !== null) return hidden;
    const ids = scope.stepIds();
    return `no step "${shortName(id)}" can be read here; ${listNames(ids)}${hintFor(id, ids, segments, 1)}`;
  }
  const key = segments[2];
  if (key === undefined) return null;
  const field = stepField(view, key);
  if (field !== undefined) return explainWithin(field, segments, 3);
  const names = stepFieldNames(view);
  const skipped = view.output === null ? ` (its output is null: ${view.status})` : '';
  return `steps.${shortName(id)} has no "${shortName(key)}"${skipped}; ${listNames(names)}${hintFor(key, names, segments, 2)}`;
}

function explainWithin(start: Json, segments: readonly string[], from: number): string | null {
  let value = start;
  for (let i = from; i < segments.length; i++) {
    const key = segments[i] as string;
    const next = childOf(value, key);
    if (next === undefined) return explainChild(value, segments, i);
    value = next;
  }
  return null;
}

function explainChild(value: Json, segments: readonly string[], index: number): string {
  const key = segments[index] as string;
  const holder = pathText(segments.slice(0, index));
  if (isJsonArray(value)) {
    const size = value.length === 1 ? '1 element' : `${value.length} elements`;
    return `${holder} is a list of ${size} and has no [${shortName(key)}]`;
  }
  if (!isJsonObject(value)) {
    return `${holder} is ${jsonType(value) === 'null' ? 'null' : `a ${jsonType(value)}`} and has no "${shortName(key)}"`;
  }
  const names = Object.keys(value);
  return `${holder} has no "${shortName(key)}"; ${listNames(names)}${hintFor(key, names, segments, index)}`;
}

/** For `n-1` beside an `n`: how to subtract; else the nearest name, else nothing. */
function hintFor(
  key: string,
  names: readonly string[],
  segments: readonly string[],
  index: number,
): string {
  for (let dash = key.indexOf('-'); dash > 0; dash = key.indexOf('-', dash + 1)) {
    const left = key.slice(0, dash);
    if (!names.includes(left)) continue;
    const path = pathText([...segments.slice(0, index), left]);
    return ` (to subtract, write spaces: ${path} - ${shortName(key.slice(dash + 1))})`;
  }
  const near = nearestName(key, names);
  if (near !== null) return ` (did you mean "${shortName(near)}"?)`;
  // Only the one who starts the run can give an input.
  const isInput = segments[0] === 'inputs' && index === 1;
  return isInput ? ` (give it as a param: -p ${shortName(key)}=…)` : '';
}
