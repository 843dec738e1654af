/** Params made ready for the check: what is not given, and numbers where only texts are taken. */
import { describe, expect, test } from 'bun:test';
import { checkParams } from '../../src/actions/check-params.ts';
import { builtinActions } from '../../src/actions/registry.ts';
import type { ActionDef, ParamSpec } from '../../src/model/action.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { openDeps } from './action-world.ts';

const actions = builtinActions(openDeps());
const TEMPLATE = '${{inputs.n}}';

const check = (def: ActionDef, params: JsonObject, raw: JsonObject, nullIsAbsent = true) =>
  checkParams(def, params, { fit: { raw, nullIsAbsent } });

/** A value that a param takes, for those that must be there. */
const SAMPLES: Readonly<Record<string, Json>> = {
  string: 'x',
  any: 'x',
  object: {},
  list: [],
  integer: 1,
  number: 1,
  boolean: true,
  duration: '1s',
  version: 1,
};

const requiredOf = (def: ActionDef): JsonObject =>
  Object.fromEntries(
    Object.entries(def.params)
      .filter(([, spec]) => spec.required === true)
      .map(([name, spec]) => [name, spec.values?.[0] ?? SAMPLES[spec.type] ?? null]),
  );

const PARAMS = actions.flatMap((def) =>
  Object.entries(def.params)
    .filter(([, spec]) => spec.aliasOf === undefined)
    .map(([name, spec]): [string, ActionDef, string, ParamSpec] => [
      `${def.name} ${name}`,
      def,
      name,
      spec,
    ]),
);

const optional = PARAMS.filter(([, , , { required, type }]) => required !== true && type !== 'any');

test('a null body is a value since rules 2', () => {
  const post = actions.find(({ name }) => name === 'http.post') as ActionDef;
  const params = { url: 'http://localhost/', body: null };
  const paramsOf = (nullIsAbsent: boolean): unknown => {
    const checked = check(post, params, params, nullIsAbsent);
    return checked.ok && Object.hasOwn(checked.params, 'body');
  };
  expect(paramsOf(true)).toBe(true);
  expect(paramsOf(false)).toBe(false);
});

describe('an optional param that is not given', () => {
  test.each(optional)('%s', (_title, def, name, { type }) => {
    const plain = requiredOf(def);
    const without = check(def, plain, plain);
    expect(check(def, { ...plain, [name]: null }, { ...plain, [name]: null })).toEqual(without);
    // Also when a template gave it, but only under the rules that say so.
    expect(check(def, { ...plain, [name]: null }, { ...plain, [name]: TEMPLATE })).toEqual(without);
    const first = check(def, { ...plain, [name]: null }, { ...plain, [name]: TEMPLATE }, false);
    expect(first.ok).toBe(false);
    if (!['string', 'duration', 'version'].includes(type)) return;
    expect(check(def, { ...plain, [name]: '' }, { ...plain, [name]: '' })).toEqual(without);
    const empty = check(def, { ...plain, [name]: '' }, { ...plain, [name]: TEMPLATE });
    expect(empty).toMatchObject({ ok: false, problems: [{ path: [name] }] });
  });
});

test('null is a value where any JSON is', () => {
  for (const [, def, name] of PARAMS.filter(([, , , { type }]) => type === 'any')) {
    const params = { ...requiredOf(def), [name]: null };
    const checked = check(def, params, params);
    if (checked.ok) expect(checked.given).toEqual(params);
  }
});

test('null takes a header and a query field away', () => {
  const http = actions.find(({ name }) => name === 'http.get') as ActionDef;
  const headers = { a: '1', b: null };
  const asked = { url: 'http://x', headers, query: headers };
  expect(check(http, asked, asked)).toMatchObject({
    ok: true,
    params: { headers: { a: '1' }, query: { a: '1' } },
  });
});

describe('a number or boolean of a template where only a text is taken', () => {
  const texts = PARAMS.filter(
    ([, , , { type, values }]) => type === 'string' && values === undefined,
  );
  test.each(texts)('%s', (_title, def, name) => {
    for (const value of [200, true]) {
      const params = { ...requiredOf(def), [name]: value };
      const checked = check(def, params, { ...params, [name]: TEMPLATE });
      const given = checked.ok ? checked.given?.[name] : JSON.stringify(value);
      expect(given).toBe(JSON.stringify(value));
      expect(JSON.stringify(checked)).not.toContain('must be a text');
      expect(check(def, params, params).ok).toBe(false);
    }
  });

  test('and a needle in a text', () => {
    const contains = actions.find(({ name }) => name === 'assert.contains') as ActionDef;
    const params = { haystack: 'a 5', needle: 5 };
    const raw = { ...params, needle: TEMPLATE };
    expect(check(contains, params, raw)).toMatchObject({ given: { needle: '5' } });
    const list = { ...params, haystack: [5] };
    expect(check(contains, list, raw)).toMatchObject({ given: { needle: 5 } });
  });
});
