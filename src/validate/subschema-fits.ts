/** Checks values against a part of a schema, whose references lead into the whole. */
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import { checkAgainstSchema } from './schema-check.ts';
import { DATA_KEYWORDS, MAP_KEYWORDS } from './schema-places.ts';

/** Where the whole schema stands while a part of it is checked. */
const WHOLE = '#/$defs/whole';

/**
 * Returns a check of subschemas of one schema.
 *
 * @throws AppError what keeps a subschema from being applied, such as LIMIT_EXCEEDED
 */
export function createSubschemaCheck(root: Json): (subschema: Json, value: Json) => boolean {
  let whole: Json | undefined;
  return (subschema, value) => {
    whole ??= moved(root);
    const schema = { $defs: { whole }, allOf: [moved(subschema)] };
    const problems = checkAgainstSchema(schema, value);
    const failure = problems.find(({ code }) => code !== undefined);
    if (failure?.code !== undefined) throw new AppError(failure.code, failure.message);
    return problems.length === 0;
  };
}

/** The schema with its references leading to where the whole stands. */
function moved(schema: Json): Json {
  if (isJsonArray(schema)) return schema.map(moved);
  if (!isJsonObject(schema)) return schema;
  const copy: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    // The whole has one base only.
    if (keyword === '$id' || keyword === '$schema') continue;
    setOwn(copy, keyword, movedKeyword(keyword, value));
  }
  return copy;
}

function movedKeyword(keyword: string, value: Json): Json {
  if (keyword === '$ref' && typeof value === 'string') {
    const inside = value === '#' || value.startsWith('#/');
    return inside ? `${WHOLE}${value.slice(1)}` : value;
  }
  if (DATA_KEYWORDS.has(keyword)) return value;
  if (!MAP_KEYWORDS.has(keyword) || !isJsonObject(value)) return moved(value);
  const copy: Record<string, Json> = {};
  for (const [name, one] of Object.entries(value)) setOwn(copy, name, moved(one));
  return copy;
}
