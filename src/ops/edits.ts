/**
 * Changing a definition by paths, such as `steps[2].params.url` or `steps.fetch.params.url`.
 *
 * A key after a list may be an index or the id of a step in it. Edits apply in order, each to what the
 * one before left; the value given is never changed in place.
 */
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, ownValue, setOwn } from '../model/json.ts';
import { parseIssuePath } from '../validate/issues.ts';

export interface Edit {
  readonly path: string;
  readonly value?: Json | undefined;
  readonly remove?: boolean | undefined;
}

type Key = string | number;

/** The value with every edit applied. @throws VALIDATION_ERROR naming the edit that does not fit */
export function applyEdits(value: Json, edits: readonly Edit[]): Json {
  return edits.reduce((current, edit, i) => {
    const where = `edits[${i}] (${edit.path})`;
    if (edit.remove === true && edit.value !== undefined) {
      throw new AppError('VALIDATION_ERROR', `${where}: give value or remove, not both`);
    }
    if (edit.remove !== true && edit.value === undefined) {
      throw new AppError('VALIDATION_ERROR', `${where}: give a value, or "remove": true`);
    }
    const keys = parseIssuePath(edit.path);
    if (keys.length === 0) throw new AppError('VALIDATION_ERROR', `${where}: the path is empty`);
    return applyAt(current, keys, edit, where);
  }, value);
}

function applyAt(value: Json, keys: readonly Key[], edit: Edit, where: string): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return edit.value ?? null;
  if (isJsonArray(value)) return applyInList(value, key, rest, edit, where);
  if (!isJsonObject(value)) {
    throw new AppError('VALIDATION_ERROR', `${where}: there is nothing below a ${typeof value}`);
  }
  const name = String(key);
  const isLast = rest.length === 0;
  const before = ownValue(value, name);
  if (isLast && edit.remove === true) {
    if (before === undefined) throw missing(where, name, Object.keys(value));
    return Object.fromEntries(Object.entries(value).filter(([each]) => each !== name));
  }
  if (before === undefined && !isLast && edit.remove === true) {
    throw missing(where, name, Object.keys(value));
  }
  const copy: Record<string, Json> = {};
  for (const [each, item] of Object.entries(value)) setOwn(copy, each, item);
  setOwn(copy, name, applyAt(before ?? {}, rest, edit, where));
  return copy;
}

function applyInList(
  list: readonly Json[],
  key: Key,
  rest: readonly Key[],
  edit: Edit,
  where: string,
): Json {
  const index = indexOf(list, key);
  const isLast = rest.length === 0;
  const isNew = index === list.length && edit.remove !== true;
  if (index < 0 || index > list.length || (index === list.length && !isNew)) {
    throw missing(
      where,
      String(key),
      list.map((item, i) => idOf(item) ?? String(i)),
    );
  }
  if (isLast && edit.remove === true) return list.filter((_, i) => i !== index);
  if (isNew) return [...list, applyAt({}, rest, edit, where)];
  return list.map((item, i) => (i === index ? applyAt(item, rest, edit, where) : item));
}

/** By index, by a step's id, or `-` for behind the last one. */
function indexOf(list: readonly Json[], key: Key): number {
  if (typeof key === 'number') return key;
  if (key === '-') return list.length;
  const byId = list.findIndex((item) => idOf(item) === key);
  return byId < 0 && /^\d+$/.test(key) ? Number(key) : byId;
}

function idOf(item: Json): string | null {
  const id = isJsonObject(item) ? ownValue(item, 'id') : undefined;
  return typeof id === 'string' ? id : null;
}

const missing = (where: string, key: string, known: readonly string[]): AppError =>
  new AppError('VALIDATION_ERROR', `${where}: there is no "${key}" there`, {
    hint: `there is: ${known.slice(0, 20).join(', ') || 'nothing'}`,
  });
