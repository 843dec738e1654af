/**
 * JSON that came from outside: numbers by the rule of every door, and no depth that could hurt.
 */
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';
import { parseJson } from '../model/json-text.ts';

/** Deeper values stay text: what walks them later may recurse. */
const MAX_JSON_DEPTH = 500;

/** Gives the value of a JSON text, undefined when it is none or nests too deep to be walked. */
export function parseJsonText(text: string): Json | undefined {
  let value: Json;
  try {
    value = parseJson(text);
  } catch {
    // Not JSON is an ordinary answer here.
    return undefined;
  }
  return isDeeperThan(value, MAX_JSON_DEPTH) ? undefined : value;
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (isJsonArray(value)) {
    return levels === 0 || value.some((item) => isDeeperThan(item, levels - 1));
  }
  if (!isJsonObject(value)) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}
