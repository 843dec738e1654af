/**
 * Schemas of the tools, read off the operations' schemas so that they cannot differ, and made short:
 * a client pays for every byte of the tool list. Input keeps names, types and enumerations (the
 * operation checks the rest); output keeps the types of the top level and requires nothing, so that
 * the shape of a failure fits as well.
 */
import type { GenericSchema } from 'valibot';
import { inputJsonSchema, outputJsonSchema } from '../ops/json-schema.ts';

/** As much of JSON Schema as the tools use. */
export interface ShortSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: ShortSchema;
  readonly properties?: Readonly<Record<string, ShortSchema>>;
  readonly description?: string;
}

export interface ObjectSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, ShortSchema>>;
  readonly required?: readonly string[];
}

/** A schema as the converter writes it. */
interface LongSchema {
  readonly type?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: LongSchema;
  readonly properties?: Readonly<Record<string, LongSchema>>;
  readonly anyOf?: readonly LongSchema[];
  readonly required?: readonly string[];
}

/** What an argument is for; an empty text where its name says it. */
export type ArgumentDocs = Readonly<Record<string, string>>;

/** The listed arguments of an operation, and those that only the tool has. */
export function toolInput(
  schema: GenericSchema,
  docs: ArgumentDocs,
  own: Readonly<Record<string, ShortSchema>>,
  required: readonly string[],
): ObjectSchema {
  const { properties = {} } = inputJsonSchema(schema) as LongSchema;
  const short: Record<string, ShortSchema> = {};
  for (const [name, description] of Object.entries(docs)) {
    const type = own[name] ?? shortOf(properties[name] ?? {});
    short[name] = description === '' ? type : { ...type, description };
  }
  return { type: 'object', properties: short, ...(required.length === 0 ? {} : { required }) };
}

/** The top level of what a tool answers: every field of the schemas, and `more` that only the tool adds. */
export function toolOutput(
  schemas: readonly GenericSchema[],
  without: readonly string[],
  more: Readonly<Record<string, ShortSchema>>,
): ObjectSchema {
  const properties: Record<string, ShortSchema> = {};
  for (const schema of schemas) {
    const long = outputJsonSchema(schema) as LongSchema;
    for (const part of long.anyOf ?? [long]) {
      for (const [field, inner] of Object.entries(part.properties ?? {})) {
        if (!without.includes(field)) properties[field] ??= outputType(field, inner);
      }
    }
  }
  return { type: 'object', properties: { ...properties, ...more, error: { type: 'object' } } };
}

function shortOf(schema: LongSchema): ShortSchema {
  const short: { -readonly [K in keyof ShortSchema]: ShortSchema[K] } = argumentType(schema);
  if (schema.enum !== undefined) short.enum = schema.enum;
  if (short.type === 'array' && schema.items?.enum !== undefined) {
    short.items = shortOf(schema.items);
  }
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties);
    short.properties = Object.fromEntries(entries.map(([name, each]) => [name, shortOf(each)]));
  }
  return short;
}

/** One or several texts are listed as a text: models send one, and arrays would need their items. */
function argumentType(schema: LongSchema): Types {
  const types = typesOf(schema);
  // A version may also be a text; the number is what every client can send.
  if (types.includes('integer')) return { type: 'integer' };
  return typed(types.length > 1 ? types.filter((type) => type !== 'array') : types);
}

/** Scalars that clients go by; the types of others are no help, and every byte is paid for. */
const GONE_BY = new Set([
  'workflow_id',
  'status',
  'ok',
  'resumed',
  'created',
  'name',
  'next_cursor',
]);

/** The type of a field of an answer; one that may also be null is left out of the answer then. */
function outputType(field: string, schema: LongSchema): Types {
  const types = typesOf(schema);
  if (field === 'version') return { type: 'integer' };
  const isGroup = types.length === 1 && (types[0] === 'object' || types[0] === 'array');
  return isGroup || (GONE_BY.has(field) && !types.includes('null')) ? typed(types) : {};
}

interface Types {
  type?: string | readonly string[];
}

function typed(types: readonly string[]): Types {
  const [type] = types;
  if (type === undefined) return {};
  return { type: types.length === 1 ? type : types };
}

function typesOf(schema: LongSchema): readonly string[] {
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.flatMap(typesOf))];
  if (typeof schema.const === 'number') return ['integer'];
  const { type } = schema;
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.filter((each) => typeof each === 'string') : [];
}
