/**
 * The description of the HTTP API (OpenAPI 3.1), made from the catalogue: what each operation takes and
 * gives is read off the schemas that it is checked with.
 */
import type { JsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import { ERROR_CODES } from '../model/error.ts';
import { inputJsonSchema, outputJsonSchema } from '../ops/json-schema.ts';
import { issue } from '../ops/shapes.ts';
import { type AnyOperation, type AnyStream, API_ROOT, onlyReads, type Served } from './api.ts';
import { EXAMPLES, sampleOf } from './openapi-examples.ts';
import { OTHER_PATHS } from './openapi-paths.ts';

type Part = Readonly<Record<string, unknown>>;

export interface Described extends Served {
  readonly version: string;
  /** Where the server is reached. */
  readonly url: string;
}

/** The document. */
export function openApiDocument(described: Described): Part {
  const { operations, streams, version, url } = described;
  const schemas: Record<string, unknown> = {
    Error: errorSchema(),
  };
  const paths: Record<string, Part> = {};
  for (const [name, operation] of operations) {
    paths[`${API_ROOT}/${name}`] = pathOf(name, operation, schemas, false);
  }
  for (const [name, stream] of streams) {
    paths[`${API_ROOT}/${name}`] = pathOf(name, stream, schemas, true);
  }
  for (const [path, methods] of Object.entries(OTHER_PATHS)) {
    paths[path] = { ...paths[path], ...methods };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Opcode', version, description: DESCRIPTION, license: { name: 'MIT' } },
    servers: [{ url }],
    security: [{ bearer: [] }, {}],
    tags: TAGS.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      schemas,
      responses: { Error: { description: 'What was wrong', content: json(ref('Error')) } },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of `opcode token create`; not needed while there are no tokens.',
        },
      },
    },
  };
}

const DESCRIPTION =
  'Every operation is `POST /api/v1/<operation>` with its input as JSON; one that only reads is ' +
  '`GET` with a query string as well. Lists are paged by key: give `next_cursor` back as `cursor`.';

const errorSchema = (): Part => ({
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: {
          type: 'string',
          enum: Object.keys(ERROR_CODES),
          description: Object.entries(ERROR_CODES)
            .map(([code, { http }]) => `${code}: ${http}`)
            .join(', '),
        },
        message: { type: 'string' },
        hint: { type: 'string', description: 'What to do about it' },
        details: {
          description: 'More about it, by its code',
          type: 'object',
          properties: { issues: { type: 'array', items: bare(outputJsonSchema(issue)) } },
        },
      },
    },
  },
});

interface Tag {
  readonly name: string;
  readonly description: string;
  /** Operations whose names begin so. */
  readonly of: RegExp;
}

const TAGS: readonly Tag[] = [
  {
    name: 'runs',
    description: 'Starting, watching and steering runs',
    of: /^(run|rerun|status|overview|signal|recover|events|logs|follow|diagram|nodes)/,
  },
  {
    name: 'templates',
    description: 'Defining and checking workflows',
    of: /^(define|validate|schema$|template)/,
  },
  { name: 'lists', description: 'Lists with filters and pages', of: /^query/ },
  {
    name: 'schedules',
    description: 'Schedules, triggers, webhooks',
    of: /^(schedule|trigger|hook)/,
  },
  { name: 'access', description: 'Tokens, agents, audit', of: /^(token|agent|audit)/ },
  { name: 'server', description: 'The server itself and its database', of: /^/ },
];

const tagOf = (name: string): string => TAGS.find(({ of }) => of.test(name))?.name ?? 'server';

const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Part, more: Part = {}): Part => ({ 'application/json': { schema, ...more } });

/** A schema as it stands in the document, which says the dialect for all of them. */
function bare({ $schema: _dialect, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

const capital = (name: string): string => `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`;

function pathOf(
  name: string,
  operation: AnyOperation | AnyStream,
  schemas: Record<string, unknown>,
  isStream: boolean,
): Part {
  const input = bare(inputJsonSchema(operation.input as GenericSchema));
  const title = capital(name);
  schemas[`${title}Input`] = input;
  schemas[`${title}${isStream ? 'Item' : 'Output'}`] = bare(
    outputJsonSchema(operation.output as GenericSchema),
  );
  const common = {
    summary: operation.summary,
    tags: [tagOf(name)],
    'x-access': operation.access,
    responses: {
      200: isStream
        ? streamOf(title)
        : { description: 'Done', content: json(ref(`${title}Output`)) },
      default: { $ref: '#/components/responses/Error' },
    },
  };
  const headers = isStream ? [LAST_EVENT_ID] : [];
  const example = EXAMPLES[name] ?? sampleOf(input as Parameters<typeof sampleOf>[0]);
  const body = json(ref(`${title}Input`), { example });
  const isNeeded = (input.required ?? []).length > 0;
  const post = {
    operationId: name,
    ...common,
    ...(isStream ? { parameters: headers } : {}),
    requestBody: { required: isNeeded, content: body },
  };
  if (!onlyReads(operation)) return { post };
  const get = {
    operationId: `${name}.get`,
    ...common,
    parameters: [...parametersOf(input), ...headers],
  };
  return { get, post };
}

/** A stream begun anew by a client that was cut off. */
const LAST_EVENT_ID: Part = {
  name: 'last-event-id',
  in: 'header',
  required: false,
  description: 'Begin behind the item of this id; sent by clients that reconnect',
  schema: { type: 'string' },
};

const streamOf = (title: string): Part => ({
  description: 'An event for each item, then one named `end`; one named `error` if it fails',
  content: { 'text/event-stream': { schema: { type: 'string' }, 'x-item': ref(`${title}Item`) } },
});

/** The fields of an input as a query string has them: `filter.status`. */
function parametersOf(input: JsonSchema, prefix = ''): Part[] {
  const { properties = {}, required = [] } = input;
  return Object.entries(properties).flatMap(([name, property]) => {
    if (typeof property === 'boolean') return [];
    const path = `${prefix}${name}`;
    if (property.properties !== undefined) return parametersOf(property, `${path}.`);
    const isNeeded = prefix === '' && required.includes(name);
    const { description, ...schema } = property;
    const about = {
      name: path,
      in: 'query',
      required: isNeeded,
      ...(description === undefined ? {} : { description }),
    };
    const isPlain = schema.type !== undefined && schema.type !== 'object';
    return [
      isPlain || schema.anyOf !== undefined
        ? { ...about, schema }
        : { ...about, content: json(schema as Part) },
    ];
  });
}
