/**
 * Rewrites a JSON Schema for one value so that the validator meets nothing it does badly.
 *
 * It tests patterns with the platform's engine, which can take for ever and is wrong in places, and
 * compares every two items for `uniqueItems`. Here patterns run on RE2, in linear time: `pattern`
 * becomes a format of its own, `patternProperties` the properties of the value that match. The lists
 * that hold an item twice are found beforehand, and `uniqueItems` excludes exactly those. For that
 * value the rewritten schema says the same.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { compilePattern, type PatternTest } from './schema-pattern.ts';
import { DATA_KEYWORDS, MAP_KEYWORDS } from './schema-places.ts';
import { SCHEMA_LIMITS, tooMuch, type Work } from './schema-work.ts';
import { keysWithin, listsWithRepeats } from './value-facts.ts';

/** Keyword beside the format that stands for a pattern, holding the pattern. */
export const PATTERN_NOTE = 'x-pattern';
/** Keyword beside what stands for `uniqueItems`. */
export const UNIQUE_NOTE = 'x-unique-items';

export interface Rewritten {
  readonly schema: Json;
  /** What the formats that stand for patterns test, by the format's name. */
  readonly formats: ReadonlyMap<string, PatternTest>;
  /** What references of the rewriting lead to, by their absolute URI. */
  readonly targets: ReadonlyMap<string, Json>;
}

interface Rewriting {
  readonly work: Work;
  readonly knownFormat: (name: string) => boolean;
  readonly keys: () => ReadonlySet<string>;
  readonly repeats: () => readonly Json[];
  readonly tests: Map<string, PatternTest>;
  readonly targets: Map<string, Json>;
}

/** Where schemas that only references lead to stand, so that the validator finds those within. */
const TARGETS = 'x-pattern-properties';

/** Formats whose check is itself a regular expression that can take for ever. */
const ENDLESS_FORMATS: ReadonlySet<string> = new Set(['url']);

/** Keywords of older drafts, which the validator would follow and 2020-12 does not know. */
const OLD_KEYWORDS: ReadonlySet<string> = new Set([
  'id',
  'dependencies',
  'additionalItems',
  '$recursiveRef',
  '$recursiveAnchor',
]);

/** A schema may hold others with an `$id` of their own; the validator visits them twice a level. */
const MAX_NESTED_IDS = 3;

/**
 * The schema for `value`, a copy. Formats that `knownFormat` does not know are left out.
 * @throws when a pattern is no regular expression; AppError LIMIT_EXCEEDED
 */
export function withoutPatterns(
  schema: Json,
  value: Json,
  work: Work,
  knownFormat: (name: string) => boolean,
): Rewritten {
  const rewriting: Rewriting = {
    work,
    knownFormat,
    keys: once(() => keysWithin(value, work)),
    repeats: once(() => listsWithRepeats(value, work)),
    tests: new Map(),
    targets: new Map(),
  };
  const rewritten = rewrite(rewriting, schema, { depth: 0, ids: -1 });
  const formats = new Map<string, PatternTest>();
  for (const [pattern, test] of rewriting.tests) formats.set(formatOf(pattern), test);
  return { schema: rewritten, formats, targets: rewriting.targets };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const formatOf = (pattern: string): string => `re2 ${pattern}`;

interface At {
  readonly depth: number;
  /** Schemas around this one that have an `$id`, the outermost not counted. */
  readonly ids: number;
}

function rewrite(rewriting: Rewriting, schema: Json, at: At): Json {
  if (isJsonArray(schema)) return schema.map((item) => rewrite(rewriting, item, at));
  if (!isJsonObject(schema)) return schema;
  const depth = at.depth + 1;
  const ids = at.ids + (typeof schema.$id === 'string' ? 1 : 0);
  if (depth > SCHEMA_LIMITS.depth) {
    throw tooMuch(`a schema nested over ${SCHEMA_LIMITS.depth} levels`, 'depth');
  }
  if (ids > MAX_NESTED_IDS) throw tooMuch('schemas with an $id within each other', 'depth');
  rewriting.work.spend(2);
  const below: At = { depth, ids };
  const copy: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!isReplaced(rewriting, keyword, value)) {
      setOwn(copy, keyword, rewriteKeyword(rewriting, keyword, value, below));
    }
  }
  const added = [
    ...patternParts(rewriting, schema.pattern),
    ...propertyParts(rewriting, schema.patternProperties, copy, below),
    ...(schema.uniqueItems === true ? uniqueParts(rewriting) : []),
  ];
  if (added.length > 0) copy.allOf = [...(isJsonArray(copy.allOf) ? copy.allOf : []), ...added];
  return copy;
}

/** True for keywords that are said in other words, or not at all. */
function isReplaced({ knownFormat }: Rewriting, keyword: string, value: Json): boolean {
  if (keyword === 'format') {
    return typeof value !== 'string' || ENDLESS_FORMATS.has(value) || !knownFormat(value);
  }
  const replaced = ['pattern', 'patternProperties', 'uniqueItems'].includes(keyword);
  return replaced || OLD_KEYWORDS.has(keyword);
}

function rewriteKeyword(rewriting: Rewriting, keyword: string, value: Json, at: At): Json {
  if (DATA_KEYWORDS.has(keyword)) return value;
  if (!MAP_KEYWORDS.has(keyword) || !isJsonObject(value)) return rewrite(rewriting, value, at);
  const map: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) setOwn(map, key, rewrite(rewriting, item, at));
  return map;
}

function patternParts(rewriting: Rewriting, pattern: Json | undefined): Json[] {
  if (typeof pattern !== 'string') return [];
  testOf(rewriting, pattern);
  return [{ format: formatOf(pattern), [PATTERN_NOTE]: pattern }];
}

function uniqueParts({ repeats }: Rewriting): Json[] {
  const found = repeats();
  return found.length === 0 ? [] : [{ not: { enum: found }, [UNIQUE_NOTE]: true }];
}

/** Properties whose names match; those with no schema of their own count as known beside the others. */
function propertyParts(
  rewriting: Rewriting,
  patterns: Json | undefined,
  copy: Record<string, Json>,
  at: At,
): Json[] {
  if (patterns === undefined || !isJsonObject(patterns)) return [];
  const known: Record<string, Json> = {};
  const own = copy.properties;
  if (own !== undefined && isJsonObject(own)) {
    for (const [key, item] of Object.entries(own)) setOwn(known, key, item);
  }
  const targets: Record<string, Json> = {};
  const parts = Object.entries(patterns).map(([pattern, schema], i): JsonObject => {
    const properties: Record<string, Json> = {};
    // Many names share a schema. Written out at each it would be read once for each, and levels of
    // patterns within each other would multiply; so it stands once, and the names refer to it.
    const reference = { $ref: `urn:pattern:${rewriting.targets.size}` };
    rewriting.targets.set(reference.$ref, true);
    const rewritten = rewrite(rewriting, schema, at);
    rewriting.targets.set(reference.$ref, rewritten);
    targets[`p${i}`] = rewritten;
    const test = testOf(rewriting, pattern);
    for (const key of rewriting.keys()) {
      if (!test(key)) continue;
      setOwn(properties, key, reference);
      if (!Object.hasOwn(known, key)) setOwn(known, key, true);
    }
    return { properties };
  });
  copy.properties = known;
  copy[TARGETS] = targets;
  return parts;
}

function testOf({ tests, work }: Rewriting, pattern: string): PatternTest {
  const ready = tests.get(pattern);
  if (ready !== undefined) return ready;
  const test = compilePattern(pattern, work);
  tests.set(pattern, test);
  return test;
}
