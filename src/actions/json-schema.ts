/**
 * JSON Schema 2020-12 for `assert.schema`: compiled once, patterns by RE2.
 *
 * The library's own patterns are native ones, which can stall and answer wrongly. They never see a
 * pattern of the author's: for each value RE2 decides which of the value's texts and names a pattern
 * matches, and the schema is rewritten to list exactly those.
 */
import { type Schema, Validator } from '@cfworker/json-schema';
import { AppError, messageOf } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { compilePattern, type Pattern } from './patterns.ts';
import { schemaProblem } from './schema-shape.ts';

interface SchemaProblem {
  /** JSON pointer into the value. */
  readonly path: string;
  readonly message: string;
}

export interface CompiledSchema {
  validate(value: Json): readonly SchemaProblem[];
}

const MAX_PROBLEMS = 20;
const MAX_DEPTH = 200;

/**
 * A schema ready to check values.
 * @throws AppError VALIDATION_ERROR when it is no schema or holds a pattern RE2 cannot run
 */
export function compileSchema(schema: Json): CompiledSchema {
  const patterns = new Map<string, Pattern>();
  collectPatterns(schema, patterns, 0);
  const problem = schemaProblem(schema);
  if (problem !== null) {
    throw new AppError('VALIDATION_ERROR', `the schema is not valid: ${problem}`);
  }
  if (patterns.size === 0) {
    const validator = validatorOf(schema);
    return { validate: (value) => problemsOf(() => validator.validate(value)) };
  }
  return {
    validate(value) {
      const texts = new Set<string>();
      const names = new Set<string>();
      collectTexts(value, texts, names, 0);
      const matching = matchesOf(patterns, texts, names);
      const validator = validatorOf(withoutPatterns(schema, matching));
      return problemsOf(() => validator.validate(value));
    },
  };
}

function validatorOf(schema: Json): Validator {
  try {
    // The library writes notes into the schema it is given; ours belongs to the caller.
    return new Validator(structuredClone(schema) as Schema | boolean, '2020-12', false);
  } catch (cause) {
    throw new AppError('VALIDATION_ERROR', `the schema is not valid: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function problemsOf(run: () => ReturnType<Validator['validate']>): SchemaProblem[] {
  let result: ReturnType<Validator['validate']>;
  try {
    result = run();
  } catch (cause) {
    throw new AppError('VALIDATION_ERROR', `the schema is not valid: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (result.valid) return [];
  // Errors come outermost first; what an author wants to read is the innermost cause.
  const causes = result.errors.filter((one) => !WRAPPERS.has(one.keyword));
  const shown = causes.length > 0 ? causes : result.errors;
  return shown.slice(0, MAX_PROBLEMS).map((one) => ({
    path: one.instanceLocation.replace(/^#/, ''),
    message: one.error,
  }));
}

const WRAPPERS = new Set(['properties', 'items', 'prefixItems', '$ref', 'allOf', 'false']);

const MAPS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);
const DATA = new Set(['const', 'enum', 'default', 'examples']);

function collectPatterns(schema: Json, found: Map<string, Pattern>, depth: number): void {
  if (depth > MAX_DEPTH) throw new AppError('LIMIT_EXCEEDED', 'the schema is nested too deeply');
  if (isJsonArray(schema)) for (const item of schema) collectPatterns(item, found, depth + 1);
  if (!isJsonObject(schema)) return;
  for (const source of patternsOf(schema)) addPattern(source, found);
  for (const [keyword, value] of Object.entries(schema)) {
    if (DATA.has(keyword)) continue;
    const inner = MAPS.has(keyword) && isJsonObject(value) ? Object.values(value) : value;
    collectPatterns(inner, found, depth + 1);
  }
}

/** The patterns a schema itself uses. */
function patternsOf({ pattern, patternProperties }: JsonObject): string[] {
  const own = typeof pattern === 'string' ? [pattern] : [];
  return isJsonObject(patternProperties) ? [...own, ...Object.keys(patternProperties)] : own;
}

function addPattern(source: string, found: Map<string, Pattern>): void {
  if (found.has(source)) return;
  const pattern = compilePattern(source);
  if (typeof pattern === 'string') {
    throw new AppError('VALIDATION_ERROR', `pattern ${JSON.stringify(source)}: ${pattern}`);
  }
  found.set(source, pattern);
}

function collectTexts(value: Json, texts: Set<string>, names: Set<string>, depth: number): void {
  if (depth > MAX_DEPTH) throw new AppError('LIMIT_EXCEEDED', 'the value is nested too deeply');
  if (typeof value === 'string') texts.add(value);
  else if (isJsonArray(value))
    for (const item of value) collectTexts(item, texts, names, depth + 1);
  else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      names.add(name);
      collectTexts(item, texts, names, depth + 1);
    }
  }
}

interface Matching {
  readonly texts: readonly string[];
  readonly names: readonly string[];
}

function matchesOf(
  patterns: ReadonlyMap<string, Pattern>,
  texts: ReadonlySet<string>,
  names: ReadonlySet<string>,
): ReadonlyMap<string, Matching> {
  const matching = new Map<string, Matching>();
  for (const [source, pattern] of patterns) {
    const fitting = (set: ReadonlySet<string>): string[] =>
      [...set].filter((text) => pattern.test(text));
    matching.set(source, { texts: fitting(texts), names: fitting(names) });
  }
  return matching;
}

/** A copy in which patterns list what they match among the value's texts and names. */
function withoutPatterns(schema: Json, matching: ReadonlyMap<string, Matching>): Json {
  if (isJsonArray(schema)) return schema.map((item) => withoutPatterns(item, matching));
  if (!isJsonObject(schema)) return schema;
  const { pattern } = schema;
  const copy: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    const replaced = keyword === 'pattern' && typeof value === 'string';
    if (!replaced) setOwn(copy, keyword, rewritten(keyword, value, matching));
  }
  return typeof pattern === 'string' ? withList(copy, pattern, matching) : copy;
}

function rewritten(keyword: string, value: Json, matching: ReadonlyMap<string, Matching>): Json {
  if (DATA.has(keyword)) return value;
  if (!MAPS.has(keyword) || !isJsonObject(value)) return withoutPatterns(value, matching);
  if (keyword === 'patternProperties') return listedProperties(value, matching);
  return mapValues(value, (item) => withoutPatterns(item, matching));
}

/** `pattern` as the list of texts it matches; other types than text are not its business. */
function withList(
  copy: JsonObject,
  pattern: string,
  matching: ReadonlyMap<string, Matching>,
): JsonObject {
  const known = matching.get(pattern);
  const list = [...new Set([...(known?.texts ?? []), ...(known?.names ?? [])])];
  const then = { $comment: pattern, ...(list.length > 0 ? { enum: list } : { not: {} }) };
  const listed = { if: { type: 'string' }, then };
  return { ...copy, allOf: [...(isJsonArray(copy.allOf) ? copy.allOf : []), listed] };
}

/** Names as native patterns that match exactly them; equal lists stay different keys. */
function listedProperties(value: JsonObject, matching: ReadonlyMap<string, Matching>): JsonObject {
  const copy: Record<string, Json> = {};
  for (const [index, source] of Object.keys(value).entries()) {
    const names = matching.get(source)?.names ?? [];
    const body = names.length === 0 ? '(?!)' : `(?:${names.map(literal).join('|')})`;
    copy[`^${'(?:)'.repeat(index)}${body}$`] = withoutPatterns(value[source] as Json, matching);
  }
  return copy;
}

const literal = (name: string): string => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function mapValues(object: JsonObject, change: (value: Json) => Json): JsonObject {
  const copy: Record<string, Json> = {};
  for (const [key, value] of Object.entries(object)) setOwn(copy, key, change(value));
  return copy;
}
