/**
 * The description of the API: a document that tools of OpenAPI 3.1 can read, complete, and true to the
 * operations it is made from.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import * as v from 'valibot';
import { onlyReads, servedOf } from '../../src/http/api.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { EXAMPLES } from '../../src/http/openapi-examples.ts';
import { toolList } from '../../src/mcp/tool-list.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { isJsonArray, isJsonObject } from '../../src/model/json.ts';
import { workflowJsonSchema } from '../../src/validate/json-schema.ts';
import { lintSchema } from '../../src/validate/schema-lint.ts';
import { type Harness, openHarness } from '../ops/harness.ts';
import { createSink, testActions } from '../support/test-actions.ts';

let harness: Harness;
let document: JsonObject;
beforeAll(() => {
  harness = openHarness();
  const made = openApiDocument({
    ...servedOf(harness.ops),
    version: '1.2.3',
    url: 'http://127.0.0.1:4100',
  });
  document = JSON.parse(JSON.stringify(made)) as JsonObject;
});
afterAll(() => harness.close());

const objectAt = (...path: string[]): JsonObject => {
  const found = path.reduce<Json | undefined>(
    (at, key) => (isJsonObject(at) ? at[key] : undefined),
    document,
  );
  if (!isJsonObject(found)) throw new Error(`there is no ${path.join('/')}`);
  return found;
};

/** Every object in a value with the path to it. */
function* objectsIn(value: Json, path: readonly string[] = []): Generator<[string[], JsonObject]> {
  if (isJsonArray(value)) {
    for (const [i, item] of value.entries()) yield* objectsIn(item, [...path, String(i)]);
  } else if (isJsonObject(value)) {
    yield [[...path], value];
    for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, [...path, key]);
  }
}

const METHODS = ['get', 'post', 'put', 'delete', 'patch', 'head', 'options', 'trace'];

/** Every method of every path. */
const methods = (): [string, string, JsonObject][] =>
  Object.entries(objectAt('paths')).flatMap(([path, item]) =>
    Object.entries(item as JsonObject).map(([method, operation]): [string, string, JsonObject] => [
      path,
      method,
      operation as JsonObject,
    ]),
  );

/** What is in JavaScript's expressions and not in Python's, or means something else there. */
const NOT_COMMON = /\\[pP]\{|\\u\{|\\[cdDwWkZAz]|\(\?<|\[\^\]|\[\]/;

test('every pattern that leaves the product is one of Python too', () => {
  const shown = {
    document,
    tools: JSON.parse(JSON.stringify(toolList('underscores'))) as Json,
    workflow: workflowJsonSchema(testActions(createSink())) as Json,
  };
  const patterns = [...objectsIn(shown as unknown as Json)].flatMap(([path, { pattern }]) =>
    typeof pattern === 'string' ? [{ path: path.join('/'), pattern }] : [],
  );
  expect(patterns.length).toBeGreaterThan(20);
  expect(patterns.filter(({ pattern }) => NOT_COMMON.test(pattern))).toEqual([]);
});

test('durations have a pattern', () => {
  const wait = JSON.stringify(objectAt('components', 'schemas', 'RunInput', 'properties', 'wait'));
  const [, source = ''] = /"pattern":("(?:[^"\\]|\\.)*")/.exec(wait) ?? [];
  const pattern = new RegExp(JSON.parse(source));
  for (const text of ['30s', '1h30m', '0', 'forever', '.5s']) expect(text).toMatch(pattern);
  for (const text of ['30', 'soon', '']) expect(text).not.toMatch(pattern);
});

describe('the document', () => {
  test('has the fields that OpenAPI asks for', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(objectAt('info')).toMatchObject({ title: 'Opcode', version: '1.2.3' });
    expect(document.servers).toEqual([{ url: 'http://127.0.0.1:4100' }]);
    expect(objectAt('components', 'securitySchemes', 'bearer')).toMatchObject({
      type: 'http',
      scheme: 'bearer',
    });
  });

  test('names components as OpenAPI lets them be named, and refers only to what is there', () => {
    for (const group of ['schemas', 'responses', 'securitySchemes']) {
      for (const name of Object.keys(objectAt('components', group))) {
        expect(name).toMatch(/^[a-zA-Z0-9._-]+$/);
      }
    }
    for (const [, { $ref }] of objectsIn(document)) {
      if (typeof $ref !== 'string') continue;
      expect($ref).toStartWith('#/');
      expect(objectAt(...$ref.slice(2).split('/'))).toBeDefined();
    }
  });

  test('holds only schemas that are schemas', () => {
    const schemas = [
      ...Object.values(objectAt('components', 'schemas')),
      ...[...objectsIn(document)].flatMap(([path, { schema }]) =>
        path[0] === 'components' || !isJsonObject(schema) || schema.$ref !== undefined
          ? []
          : [schema],
      ),
    ];
    const problems = schemas.flatMap((schema) => [...lintSchema(schema, [])]);
    expect(problems).toEqual([]);
  });

  test('describes every method of a path whole', () => {
    const tags = (document.tags as JsonObject[]).map(({ name }) => name);
    const ids = methods().map(([path, method, operation]) => {
      expect(path).toStartWith('/');
      expect(METHODS).toContain(method);
      expect(operation.summary).toBeString();
      expect(operation.operationId).toBeString();
      for (const tag of operation.tags as string[]) expect(tags).toContain(tag);
      const responses = operation.responses as Record<string, JsonObject>;
      expect([path, method, responses.default]).toEqual([
        path,
        method,
        { $ref: '#/components/responses/Error' },
      ]);
      expect((responses['200'] ?? responses['202'])?.description).toBeString();
      for (const parameter of (operation.parameters ?? []) as JsonObject[]) {
        expect(parameter.name).toBeString();
        expect(['query', 'header', 'path']).toContain(String(parameter.in));
        expect((parameter.schema === undefined) !== (parameter.content === undefined)).toBe(true);
      }
      return operation.operationId;
    });
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('every operation', () => {
  const all = () => ({ ...harness.ops.operations, ...harness.ops.streams });

  test('that is on this surface is there, by POST, and by GET when it only reads', () => {
    const paths = objectAt('paths');
    for (const [name, operation] of Object.entries(all())) {
      const { surfaces } = operation;
      const item = paths[`/api/v1/${name}`] as JsonObject | undefined;
      expect(item?.post !== undefined).toBe(surfaces.includes('http'));
      if (surfaces.includes('http')) expect(item?.get !== undefined).toBe(onlyReads(operation));
    }
  });

  test('has an example that it takes', () => {
    for (const [name, { input }] of Object.entries(all())) {
      const post = (objectAt('paths')[`/api/v1/${name}`] as JsonObject | undefined)?.post;
      if (!isJsonObject(post)) continue;
      const body = post.requestBody as { content: { 'application/json': { example: Json } } };
      const { example } = body.content['application/json'];
      const parsed = v.safeParse(input, example);
      expect(`${name}: ${parsed.issues?.[0].message ?? 'fits'}`).toBe(`${name}: fits`);
    }
    expect(Object.keys(EXAMPLES).filter((name) => !Object.hasOwn(all(), name))).toEqual([]);
  });

  test('that has fields in objects takes them in the query string by their path', () => {
    const get = objectAt('paths', '/api/v1/query', 'get');
    const names = (get.parameters as JsonObject[]).map(({ name }) => name);
    expect(names).toContain('resource');
    expect(names).toContain('filter.status');
  });
});
