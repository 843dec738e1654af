/**
 * The content of `define`: a definition as it is given, or an existing template with changes applied.
 */

import type * as v from 'valibot';
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import {
  canonicalJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  setOwn,
} from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import { NEWEST_RULES } from '../model/rules.ts';
import type { TemplateRow } from '../model/store.ts';
import { DEFAULT_DEFINITION_LIMITS } from '../validate/limits.ts';
import { isPackage } from '../validate/package.ts';
import { type ReadDefinition, readDefinitionValue } from '../validate/read-definition.ts';
import { checkStructure } from '../validate/structure.ts';
import { readGiven } from './definitions.ts';
import { applyEdits } from './edits.ts';
import type { OpsParts } from './parts.ts';
import type { defineInput } from './schemas.ts';
import { findTemplate } from './template.ts';
import { checkedName } from './template-name.ts';

type Input = v.InferOutput<typeof defineInput>;

/** What is to be registered: given, or an existing template with edits applied. */
export function contentOf(parts: OpsParts, input: Input): ReadDefinition {
  if (isRenewal(input)) {
    const { pack } = findTemplate(parts.store, checkedName(input.name ?? null), null);
    return readDefinitionValue(packageOf(pack));
  }
  if (input.edits === undefined) {
    if (input.base !== undefined) throw new AppError('VALIDATION_ERROR', 'base: only with edits');
    if ((input.definition === undefined) === (input.source === undefined)) {
      throw new AppError('VALIDATION_ERROR', 'give one of definition, source or edits');
    }
    return readGiven(parts, input);
  }
  if (input.definition !== undefined || input.source !== undefined) {
    throw new AppError('VALIDATION_ERROR', 'edits: not together with a definition');
  }
  const name = checkedName(input.name ?? null);
  const newest = findTemplate(parts.store, name, null);
  if (input.base !== undefined && input.base !== newest.version) {
    throw new AppError('CONFLICT', `the newest version of "${name}" is ${newest.version}`, {
      hint: `look at what changed since ${input.base}, then edit ${newest.version}`,
      details: { version: newest.version },
    });
  }
  return readDefinitionValue(editedOf(newest, input.edits));
}

/** True when the text that is there gets newer rules. @throws VALIDATION_ERROR for other rules */
function isRenewal({ rules, definition, source, edits }: Input): boolean {
  if (rules === undefined) return false;
  if (rules !== NEWEST_RULES) {
    throw new AppError('VALIDATION_ERROR', `rules: new versions get rules ${NEWEST_RULES}`, {
      hint: `give ${NEWEST_RULES}, or leave it out: versions that exist keep the rules they have`,
    });
  }
  return definition === undefined && source === undefined && edits === undefined;
}

/** Paths are of the definition; `input_schema` and its like are arguments of their own. */
function editedOf(row: TemplateRow, edits: NonNullable<Input['edits']>): Json {
  const definition = applyEdits(row.pack.definition as unknown as Json, edits);
  return { ...packageOf(row.pack), definition };
}

/** A package as it is written, without what is not there. */
export function packageOf(pack: WorkflowPackage): JsonObject {
  const fields: readonly [string, Json | null][] = [
    ['name', pack.name],
    ['description', pack.description],
    ['category', pack.category],
    ['input_schema', pack.inputSchema],
    ['output_schema', pack.outputSchema],
    ['triggers', pack.triggers],
    ['definition', pack.definition as unknown as Json],
  ];
  return Object.fromEntries(fields.filter(([, value]) => value !== null));
}

const OVERRIDES = ['description', 'input_schema', 'output_schema', 'triggers'] as const;

/** Arguments that replace parts of the package; what is read then has no places in a file any more. */
export function withOverrides(read: ReadDefinition, input: Input): ReadDefinition {
  const given = OVERRIDES.filter((key) => input[key] !== undefined);
  if (given.length === 0 || !isJsonObject(read.raw)) return read;
  const pack: Record<string, Json> = {};
  const outer: JsonObject = isPackage(read.raw) ? read.raw : { definition: read.raw };
  for (const [key, value] of Object.entries(outer)) {
    setOwn(pack, key, key === 'definition' ? without(value, given) : value);
  }
  for (const key of given) setOwn(pack, key, input[key] ?? null);
  const issues = [...read.issues];
  const again = readDefinitionValue(pack);
  return { ...again, issues: [...issues, ...again.issues] };
}

/** An object without some of its keys. */
function without(value: Json, keys: readonly string[]): Json {
  if (!isJsonObject(value)) return value;
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) if (!keys.includes(key)) setOwn(kept, key, item);
  return kept;
}

/** Whether a package says the same as the one that is registered, which may be written otherwise. */
export function isSamePackage({ name, pack }: TemplateRow, other: WorkflowPackage): boolean {
  const registered = checkStructure(packageOf(pack), DEFAULT_DEFINITION_LIMITS).pack ?? pack;
  const text = (each: WorkflowPackage): string =>
    canonicalJson({ ...each, name: each.name ?? name } as unknown as Json);
  return text(registered) === text(other) || text(pack) === text(other);
}

/** A package as readable JSON that is equal for equal content: keys sorted, one value a line. */
export function prettyOf(pack: WorkflowPackage): string {
  return printJson(sorted(packageOf(pack)), 2);
}

function sorted(value: Json): Json {
  if (isJsonArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const key of Object.keys(value).sort()) setOwn(copy, key, sorted(value[key] ?? null));
  return copy;
}
