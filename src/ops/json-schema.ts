/**
 * JSON Schemas of operations, for tool lists, OpenAPI and forms.
 *
 * The shapes that a JSON Schema library cannot read off (any JSON, an object that may come as JSON
 * text) are named here; everything else follows from the schema that input is checked with. Patterns
 * keep to what regular expressions of ECMA-262 and of Python have in common, because readers of both
 * use them.
 */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import {
  ageString,
  baseInput,
  catchUpString,
  definitionValue,
  durationString,
  expiryString,
  instantString,
  json,
  jsonObject,
  objectOrText,
  versionInput,
  waitString,
} from './shapes.ts';

const DURATION = '(([0-9]+(\\.[0-9]+)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d))+';
const INSTANT =
  '[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})';

/** A version by number, or one of these texts. */
const versionOf = (...patterns: readonly string[]): JsonSchema => ({
  anyOf: [{ type: 'integer', minimum: 1 }, oneOf(...patterns)],
});

/** A text that is one of these, blanks around it apart. */
const oneOf = (...patterns: readonly string[]): JsonSchema => ({
  type: 'string',
  pattern: `^\\s*(${patterns.join('|')})\\s*$`,
});

type Known = ReadonlyMap<unknown, JsonSchema>;

const known = (): Known =>
  new Map<unknown, JsonSchema>([
    [json, {}],
    [jsonObject, { type: 'object' }],
    [objectOrText, { type: 'object' }],
    [definitionValue, { type: ['object', 'string'] }],
    [versionInput, versionOf('v?0*[1-9][0-9]*', 'latest')],
    [baseInput, versionOf('v?0*[1-9][0-9]*')],
    [durationString, oneOf(DURATION)],
    [waitString, oneOf('forever', '0', DURATION)],
    [ageString, oneOf('0', DURATION)],
    [catchUpString, { type: 'string', pattern: `^(all|\\s*(0|${DURATION})\\s*)$` }],
    [expiryString, { type: 'string', pattern: `^(\\s*${DURATION}\\s*|${INSTANT})$` }],
    [instantString, { type: 'string', pattern: `^${INSTANT}$` }],
  ]);

/** What callers may send. */
export const inputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'input');

/** What they get back. */
export const outputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'output');

const isRegex = (action: object): action is { readonly requirement: RegExp } =>
  'requirement' in action && action.requirement instanceof RegExp;

/** Classes of Unicode as ranges, a little wider where there are too many ranges to write down. */
const CLASSES: Readonly<Record<string, string>> = {
  L: 'A-Za-z\\xaa-\ufffd',
  N: '0-9',
  Cc: '\\x00-\\x1f\\x7f-\\x9f',
};

/** The pattern without classes of Unicode, which Python's expressions do not know. */
function commonPattern(source: string): string {
  return source.replaceAll(/\\p\{(\w+)\}/g, (_, name: string) => {
    const ranges = CLASSES[name];
    if (ranges === undefined) throw new Error(`\\p{${name}} has no ranges`);
    return ranges;
  });
}

/** Marks for our own reader of inputs are nobody else's. */
function withoutMark(jsonSchema: JsonSchema): JsonSchema {
  const { absent: _mark, ...keywords } = jsonSchema as JsonSchema & { readonly absent?: unknown };
  return keywords;
}

function convert(schema: GenericSchema, typeMode: 'input' | 'output'): JsonSchema {
  const shapes = known();
  return toJsonSchema(schema, {
    typeMode,
    errorMode: 'throw',
    // What no schema can say only narrows what it does say.
    ignoreActions: ['check', 'partial_check', 'raw_check'],
    overrideAction: ({ valibotAction, jsonSchema }) => {
      // A schema's pattern is one of Unicode anyway.
      if ('absent' in jsonSchema) return withoutMark(jsonSchema);
      const isUnicode = isRegex(valibotAction) && valibotAction.requirement.flags === 'u';
      return isUnicode
        ? { ...jsonSchema, pattern: commonPattern(valibotAction.requirement.source) }
        : undefined;
    },
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const shape = shapes.get(valibotSchema);
      if (shape === undefined) return undefined;
      const { description } = jsonSchema;
      return description === undefined ? shape : { ...shape, description };
    },
  });
}
