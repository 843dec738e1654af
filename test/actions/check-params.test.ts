import { describe, expect, test } from 'bun:test';
import { checkParams } from '../../src/actions/check-params.ts';
import type { InlineAction } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';

const def: InlineAction = {
  name: 'demo.act',
  description: '',
  effect: 'pure',
  inline: true,
  params: {
    url: { type: 'string', required: true, secrets: true },
    method: { type: 'string', values: ['GET', 'POST'], default: 'GET' },
    max_redirects: { type: 'integer', default: 10 },
    rate: { type: 'number' },
    flag: { type: 'boolean' },
    headers: { type: 'object', lenient: true },
    args: { type: 'list', lenient: true },
    options: { type: 'object' },
    timeout: { type: 'duration' },
    cwd: { type: 'string' },
    workdir: { type: 'string', aliasOf: 'cwd' },
    body: { type: 'any' },
  },
  renamed: { uri: 'url' },
  check: ({ url }) => (url === 'bad' ? 'that url is bad' : null),
  run: () => ({ output: null }),
};

const messages = (params: JsonObject, over: Partial<InlineAction> = {}): string[] => {
  const result = checkParams({ ...def, ...over }, params);
  return result.ok
    ? []
    : result.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
};
const fitting = (params: JsonObject, over: Partial<InlineAction> = {}): JsonObject => {
  const result = checkParams({ ...def, ...over }, params);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.params;
};

describe('params', () => {
  test('get their defaults and keep what was given', () => {
    expect(fitting({ url: 'x', body: null })).toEqual({
      url: 'x',
      method: 'GET',
      max_redirects: 10,
      body: null,
    });
  });

  test('are reported all at once', () => {
    expect(messages({ methd: 'GET', max_redirects: '5', flag: 'true', rate: null })).toEqual([
      'methd: demo.act has no param "methd" (did you mean "method"?)',
      'url: "url" is missing',
      'max_redirects: "max_redirects" must be a whole number, not the text "5"',
      'rate: "rate" must be a number, not null',
      'flag: "flag" must be true or false, not the text "true"',
    ]);
  });

  test.each([
    [{ url: 1 }, 'url: "url" must be a text, not a number'],
    [
      { url: 'x', max_redirects: 1.5 },
      'max_redirects: "max_redirects" must be a whole number, not the number 1.5',
    ],
    [
      { url: 'x', method: 'GTE' },
      'method: "method" must be one of "GET", "POST" (did you mean "GET"?), not the text "GTE"',
    ],
    [{ url: 'x', headers: [] }, 'headers: "headers" must be an object, not a list'],
    [
      { url: 'x', headers: { a: { b: 1 } } },
      'headers.a: "headers.a" must be a text, a number or a bool, not an object',
    ],
    [
      { url: 'x', args: ['a', null] },
      'args.1: "args[1]" must be a text, a number or a bool, not null',
    ],
    [
      { url: 'x', cwd: 'a', workdir: 'b' },
      'workdir: "workdir" and "cwd" mean the same, give one of them',
    ],
    [{ url: 'bad' }, ': that url is bad'],
  ] as [JsonObject, string][])('%j is refused', (params, message) => {
    expect(messages(params)).toEqual([message]);
  });

  test('a duration needs a unit', () => {
    expect(messages({ url: 'x', timeout: '30' })[0]).toContain('write "30s"');
    expect(messages({ url: 'x', timeout: 30 })[0]).toContain('"timeout" must be a duration');
    expect(fitting({ url: 'x', timeout: '1m30s' }).timeout).toBe('1m30s');
  });

  test('numbers and bools become text only where text is wanted', () => {
    const params = fitting({
      url: 'x',
      headers: { n: 1, t: true },
      args: [1.5, false, 'a'],
      options: { n: 1 },
    });
    expect(params).toMatchObject({
      headers: { n: '1', t: 'true' },
      args: ['1.5', 'false', 'a'],
      options: { n: 1 },
    });
  });

  test('an alias is taken silently, an old spelling with a warning', () => {
    expect(fitting({ url: 'x', workdir: '/a' }).cwd).toBe('/a');
    const result = checkParams(def, { uri: 'x' });
    expect(result).toMatchObject({ ok: true, params: { url: 'x' } });
    expect(result.ok && result.warnings.map(({ message }) => message)).toEqual([
      '"uri" is an old spelling of "url"',
    ]);
  });

  test('strays go where the action wants them, with a warning', () => {
    const over = { unknownInto: 'options' };
    const result = checkParams({ ...def, ...over }, { url: 'x', a: 1, options: { a: 0, b: 2 } });
    expect(result).toMatchObject({ ok: true, params: { options: { a: 0, b: 2 } } });
    expect(result.ok && result.warnings.length).toBe(1);
  });

  test('what is not known yet is left alone, also keys', () => {
    const skip = (value: unknown): boolean => typeof value === 'string' && value.includes('${{');
    const params = {
      url: '${{inputs.url}}',
      max_redirects: '${{inputs.n}}',
      headers: { '${{inputs.h}}': 1, b: '${{x}}' },
      '${{inputs.key}}': 1,
      timeout: '${{x}}',
      args: '${{x}}',
    };
    expect(checkParams(def, params, { skip }).ok).toBe(true);
    expect(checkParams({ ...def, check: () => 'no' }, params, { skip }).ok).toBe(true);
    expect(checkParams({ ...def, check: () => 'no' }, { url: 'x' }, { skip }).ok).toBe(false);
  });

  test('prototype names are ordinary unknown names', () => {
    const params = JSON.parse(
      '{"url":"x","__proto__":1,"constructor":2,"headers":{"__proto__":3}}',
    );
    expect(messages(params).length).toBe(2);
    const headers = fitting(JSON.parse('{"url":"x","headers":{"__proto__":3}}')).headers;
    expect(Object.entries(headers as JsonObject)).toEqual([['__proto__', '3']]);
  });

  test('a value where a secret may stand is not shown', () => {
    expect(messages({ url: ['hunter2'] })[0]).not.toContain('hunter2');
  });
});
