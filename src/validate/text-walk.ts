/**
 * The texts of a definition with where they stand, one step at a time: what is below a composite
 * belongs to the steps there.
 */
import { childLists } from '../core/graph-reads.ts';
import type { Definition, StepDef } from '../model/definition.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';

export interface TextPlace {
  readonly text: string;
  readonly path: IssuePath;
}

/** Fields that are for people, and names. */
const NOT_READ: ReadonlySet<string> = new Set([
  'id',
  'description',
  'depends_on',
  'labels',
  'tags',
]);

/** The texts of one step, without those of the steps in it. */
export function textsOfStep(def: StepDef, path: IssuePath): TextPlace[] {
  const inside = new Set<unknown>(childLists(def).map(({ defs }) => defs));
  return textsOf(def as unknown as Json, path, inside);
}

/** The texts beside the steps: the output and the definition's own inputs. */
export function textsBeside({ output, inputs }: Definition): TextPlace[] {
  return [
    ...(output === undefined ? [] : textsOf(output, ['output'], NOTHING)),
    ...(inputs === undefined ? [] : textsOf(inputs, ['inputs'], NOTHING)),
  ];
}

const NOTHING: ReadonlySet<unknown> = new Set();

function textsOf(value: Json, path: IssuePath, without: ReadonlySet<unknown>): TextPlace[] {
  if (typeof value === 'string') return [{ text: value, path }];
  if (value === null || typeof value !== 'object' || without.has(value)) return [];
  if (isJsonArray(value)) return value.flatMap((item, i) => textsOf(item, [...path, i], without));
  return Object.entries(value).flatMap(([key, item]) =>
    NOT_READ.has(key) && isJsonObject(value) ? [] : textsOf(item, [...path, key], without),
  );
}
