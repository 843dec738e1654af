/**
 * `assert.*`: `{pass: true}`, or a failure that says how the values differ. Inline and pure.
 */
import type { ActionDef, InlineAction, ParamSpec } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonEquals,
  jsonType,
} from '../model/json.ts';
import type { ActionDeps } from './deps.ts';
import { brief, differences } from './difference.ts';
import { compilePattern, firstMatch, type Pattern } from './patterns.ts';

const anything: ParamSpec = { type: 'any', required: true };
const text: ParamSpec = { type: 'string', required: true };
const message: ParamSpec = { type: 'string', description: 'put before the difference' };

type Run = InlineAction['run'];

const MAX_PROBLEMS = 20;

const assertion = (
  name: string,
  description: string,
  params: InlineAction['params'],
  run: Run,
): InlineAction => ({
  name,
  description,
  effect: 'pure',
  inline: true,
  params: { ...params, message },
  run,
});

export function assertActions({
  checkSchema,
}: Pick<ActionDeps, 'checkSchema'>): readonly ActionDef[] {
  const both = { expected: anything, actual: anything };
  const equal = 'Both values are the same; numbers by value, order of keys aside.';
  return [
    assertion('assert.equals', equal, both, equals),
    assertion('assert.equal', equal, both, equals),
    assertion(
      'assert.contains',
      'A text holds a text, or a list an equal element.',
      { haystack: anything, needle: { ...anything, textBeside: 'haystack' } },
      contains,
    ),
    {
      ...assertion(
        'assert.matches',
        'A text matches an RE2 pattern somewhere.',
        { value: text, pattern: text },
        matches,
      ),
      check: ({ pattern }) => {
        const compiled = compilePattern(String(pattern));
        return typeof compiled === 'string' ? compiled : null;
      },
    },
    assertion(
      'assert.schema',
      'A value fits a JSON Schema (2020-12).',
      { data: anything, schema: anything },
      fits(checkSchema),
    ),
    assertion(
      'assert.truthy',
      'A value is none of null, false, 0, "", [] and {}.',
      { value: anything },
      truthy,
    ),
  ];
}

/** Fails the step; the author's message stands before what was found. */
function reject(params: JsonObject, found: string, details: JsonObject): never {
  const own = params.message;
  const text = typeof own === 'string' && own !== '' ? `${own}: ${found}` : found;
  throw new AppError('ASSERTION_FAILED', text, { details });
}

const invalid = (text: string): AppError => new AppError('VALIDATION_ERROR', text);
const given = (params: JsonObject, name: string): Json => params[name] ?? null;
const passed = { output: { pass: true } };

/** What to write when only the types differ: a number is not the text of it. */
function typeHint(expected: Json, actual: Json): string {
  const isScalar = (value: Json): boolean =>
    typeof value === 'number' || typeof value === 'boolean';
  if (typeof expected === 'string' && isScalar(actual) && expected === JSON.stringify(actual)) {
    return ` (write \`expected: ${expected}\`, without quotes)`;
  }
  if (typeof actual === 'string' && isScalar(expected) && actual === JSON.stringify(expected)) {
    return ` (\`actual\` is a text: write \`expected: ${JSON.stringify(actual)}\`)`;
  }
  return '';
}

const equals: Run = (params) => {
  const found = differences(given(params, 'expected'), given(params, 'actual'));
  if (found.length === 0) return passed;
  const lines = found.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const details = { differences: found.map(({ path, message }) => ({ path, message })) };
  const hint = typeHint(given(params, 'expected'), given(params, 'actual'));
  return reject(params, `values differ: ${lines.join('; ')}${hint}`, details);
};

const contains: Run = (params) => {
  const haystack = given(params, 'haystack');
  const needle = given(params, 'needle');
  if (typeof haystack === 'string') {
    if (typeof needle !== 'string') {
      throw invalid(`"needle" must be a text when "haystack" is one, not ${jsonType(needle)}`);
    }
    if (haystack.includes(needle)) return passed;
  } else if (isJsonArray(haystack)) {
    if (haystack.some((item) => jsonEquals(item, needle))) return passed;
  } else {
    throw invalid(`"haystack" must be a text or a list, not ${jsonType(haystack)}`);
  }
  return reject(params, `${brief(haystack)} does not contain ${brief(needle)}`, {});
};

const matches: Run = (params) => {
  const value = String(params.value);
  const pattern = patternOf(String(params.pattern));
  if (!pattern.test(value)) {
    return reject(params, `${brief(value)} does not match ${pattern.source}`, {});
  }
  const first = firstMatch(pattern, value);
  return { output: first === null ? { pass: true } : { pass: true, matches: first } };
};

function patternOf(source: string): Pattern {
  const pattern = compilePattern(source);
  if (typeof pattern === 'string') throw invalid(pattern);
  return pattern;
}

const fits =
  (checkSchema: ActionDeps['checkSchema']): Run =>
  (params) => {
    const problems = checkSchema(given(params, 'schema'), given(params, 'data'));
    if (problems.length === 0) return passed;
    const shown = problems.slice(0, MAX_PROBLEMS);
    const lines = shown.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    const details = { problems: shown.map(({ path, message }) => ({ path, message })) };
    return reject(params, `the data does not fit the schema: ${lines.join('; ')}`, details);
  };

const truthy: Run = (params) => {
  const value = given(params, 'value');
  if (isTruthy(value)) return passed;
  return reject(params, `${brief(value)} is not truthy`, {});
};

function isTruthy(value: Json): boolean {
  if (isJsonArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}
