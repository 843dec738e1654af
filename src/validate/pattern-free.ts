/**
 * Rewrites a JSON Schema for one value so that no regular expression is left in it.
 *
 * The validator tests patterns with the platform's engine, which can take for ever and is wrong in
 * places. Here every pattern is tested beforehand, in linear time, against the texts and keys that the
 * value holds: `pattern` becomes a list of the texts that match, `patternProperties` the properties
 * that do. For that value the rewritten schema says the same.
 */
import { RE2JS } from '@bufbuild/re2';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';

/** Keyword beside the list of texts that match, holding the pattern they match. */
export const PATTERN_NOTE = 'x-pattern';

/** Formats whose check is itself a regular expression that can take for ever. */
const SLOW_FORMATS: ReadonlySet<string> = new Set(['url']);

interface Rewriting {
  readonly texts: ReadonlySet<string>;
  readonly keys: ReadonlySet<string>;
  readonly matches: Map<string, (text: string) => boolean>;
}

/** The schema for `value`, a copy. @throws when a pattern is no regular expression */
export function withoutPatterns(schema: Json, value: Json): Json {
  const texts = new Set<string>();
  const keys = new Set<string>();
  collect(value, texts, keys);
  return rewrite(schema, { texts, keys, matches: new Map() });
}

function collect(value: Json, texts: Set<string>, keys: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else if (isJsonArray(value)) for (const item of value) collect(item, texts, keys);
  else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      keys.add(key);
      collect(item, texts, keys);
    }
  }
}

/** Keywords whose value is data and not a schema. */
const DATA: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples', 'required']);
/** Keywords whose value is an object of schemas under free names. */
const MAPS: ReadonlySet<string> = new Set([
  'properties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

function rewrite(schema: Json, rewriting: Rewriting): Json {
  if (isJsonArray(schema)) return schema.map((item) => rewrite(item, rewriting));
  if (!isJsonObject(schema)) return schema;
  const copy: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'pattern' || keyword === 'patternProperties') continue;
    if (keyword === 'format' && typeof value === 'string' && SLOW_FORMATS.has(value)) continue;
    setOwn(copy, keyword, rewriteKeyword(keyword, value, rewriting));
  }
  const added = [
    ...patternParts(schema.pattern, rewriting),
    ...propertyParts(schema.patternProperties, copy, rewriting),
  ];
  if (added.length > 0) copy.allOf = [...((copy.allOf as Json[] | undefined) ?? []), ...added];
  return copy;
}

function rewriteKeyword(keyword: string, value: Json, rewriting: Rewriting): Json {
  if (DATA.has(keyword)) return value;
  if (!MAPS.has(keyword) || !isJsonObject(value)) return rewrite(value, rewriting);
  const map: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) setOwn(map, key, rewrite(item, rewriting));
  return map;
}

function patternParts(pattern: Json | undefined, rewriting: Rewriting): Json[] {
  if (typeof pattern !== 'string') return [];
  const found = [...rewriting.texts].filter(matcher(pattern, rewriting));
  const list = { enum: found, [PATTERN_NOTE]: pattern };
  return [{ if: { type: 'string' }, then: list }];
}

/** Properties whose names match; those with no schema of their own count as known beside the others. */
function propertyParts(
  patterns: Json | undefined,
  copy: Record<string, Json>,
  rewriting: Rewriting,
): Json[] {
  if (patterns === undefined || !isJsonObject(patterns)) return [];
  const known: Record<string, Json> = {};
  const own = copy.properties;
  if (own !== undefined && isJsonObject(own)) {
    for (const [key, item] of Object.entries(own)) setOwn(known, key, item);
  }
  const parts = Object.entries(patterns).map(([pattern, schema]): JsonObject => {
    const properties: Record<string, Json> = {};
    const rewritten = rewrite(schema, rewriting);
    for (const key of [...rewriting.keys].filter(matcher(pattern, rewriting))) {
      setOwn(properties, key, rewritten);
      if (!Object.hasOwn(known, key)) setOwn(known, key, true);
    }
    return { properties };
  });
  copy.properties = known;
  return parts;
}

function matcher(pattern: string, rewriting: Rewriting): (text: string) => boolean {
  const ready = rewriting.matches.get(pattern);
  if (ready !== undefined) return ready;
  const compiled = RE2JS.compile(pattern);
  const test = (text: string): boolean => compiled.test(text);
  rewriting.matches.set(pattern, test);
  return test;
}
