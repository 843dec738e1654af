import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { httpActions } from '../../src/actions/http.ts';
import type { ActionContext, EffectAction } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { actionContext, call, failureOf, find, openDeps } from './action-world.ts';
import { httpPeer, type Peer, type Seen } from './http-world.ts';

const actions = httpActions(openDeps());
let peer: Peer;
let other: Peer;

beforeAll(async () => {
  peer = await httpPeer((seen, response) => {
    const [path = '', query = ''] = seen.path.split('?');
    const answer = (status: number, headers: Record<string, string>, body = ''): void => {
      response.writeHead(status, headers).end(body);
    };
    if (path === '/json')
      answer(200, { 'content-type': 'application/json', 'X-Rate': '7' }, '{"ok":true,"n":3}');
    else if (path === '/type') {
      const { type, body } = Object.fromEntries(new URLSearchParams(query)) as Record<
        string,
        string
      >;
      response.writeHead(200, type === undefined ? {} : { 'content-type': type });
      response.end(Buffer.from(body ?? '', 'latin1'));
    } else if (path === '/to')
      answer(
        Number(new URLSearchParams(query).get('code')),
        { location: new URLSearchParams(query).get('at') ?? '' },
        'moved',
      );
    else if (path === '/status') answer(Number(query), { 'retry-after': '2' }, 'why not');
    else answer(200, {}, '');
  });
  other = await httpPeer((_, response) => response.end('other'));
});
afterAll(async () => {
  await peer.close();
  await other.close();
});
beforeEach(() => {
  peer.seen.length = 0;
  other.seen.length = 0;
});

const run = (
  name: string,
  path: string,
  params: JsonObject = {},
  changes: Partial<ActionContext> = {},
): Promise<JsonObject> => {
  const url = path.startsWith('http') ? path : `${peer.url}${path}`;
  return call(find(actions, name), { url, ...params }, changes) as Promise<JsonObject>;
};
const fails = (
  name: string,
  path: string,
  params: JsonObject = {},
  changes: Partial<ActionContext> = {},
) => failureOf(() => run(name, path, params, changes));
const first = (): Seen => {
  const [seen] = peer.seen;
  if (seen === undefined) throw new Error('nothing was seen');
  return seen;
};

describe('an answer', () => {
  test('has status, headers in lower case, parsed body', async () => {
    expect(await run('http.get', '/json?a=1')).toEqual({
      status_code: 200,
      status: '200 OK',
      headers: expect.objectContaining({ 'x-rate': '7', 'content-type': 'application/json' }),
      body: { ok: true, n: 3 },
      content_type: 'application/json',
      duration_ms: expect.any(Number),
      url: `${peer.url}/json?a=1`,
    });
  });

  test.each([
    [
      'application/json',
      '{"id":12345678901234567890,"f":0.1}',
      { id: '12345678901234567890', f: 0.1 },
    ],
    ['application/problem+json; charset=utf-8', '[1]', [1]],
    ['application/json', '{broken', '{broken'],
    ['application/json', '\u00ef\u00bb\u00bf{"a":1}', { a: 1 }],
    ['text/plain', '{"a":1}', '{"a":1}'],
    ['text/html; charset=iso-8859-1', 'h\u00e9', 'hé'],
    ['text/plain', '\u00ff\u00fe\u0000', '//4A'],
    ['image/png', 'abc', 'YWJj'],
    ['application/octet-stream', 'abc', 'YWJj'],
    ['application/xml', '<a/>', '<a/>'],
    ['application/json', '', null],
  ])('of type %s with %p is %j', async (type, body, expected) => {
    const query = new URLSearchParams({ type, body });
    expect((await run('http.get', `/type?${query}`)).body).toEqual(expected as never);
  });

  test('may be wanted as text or base64', async () => {
    const query = new URLSearchParams({ type: 'application/json', body: '{"a":1}' });
    expect((await run('http.get', `/type?${query}`, { response_encoding: 'text' })).body).toBe(
      '{"a":1}',
    );
    expect((await run('http.get', `/type?${query}`, { response_encoding: 'base64' })).body).toBe(
      'eyJhIjoxfQ==',
    );
  });

  test('of HEAD has no body', async () => {
    expect(await run('http.head', '/json')).toMatchObject({ status_code: 200, body: null });
    expect(first().method).toBe('HEAD');
  });

  test.each([
    [404, undefined],
    [500, undefined],
  ])('of %d is data', async (status) => {
    expect(await run('http.get', `/status?${status}`)).toMatchObject({
      status_code: status,
      body: 'why not',
    });
  });

  test.each([
    [400, 'NON_RETRYABLE'],
    [404, 'NON_RETRYABLE'],
    [408, 'EXECUTION_ERROR'],
    [425, 'EXECUTION_ERROR'],
    [429, 'EXECUTION_ERROR'],
    [500, 'EXECUTION_ERROR'],
    [503, 'EXECUTION_ERROR'],
  ])('of %d fails with %s when asked to', async (status, code) => {
    const error = await fails('http.get', `/status?${status}`, { fail_on_error_status: true });
    expect(error.code).toBe(code as never);
    expect(error.message).toContain(`answered ${status}`);
    expect(error.details).toEqual({
      status_code: status,
      url: `${peer.url}/status?${status}`,
      body_head: 'why not',
      retry_after_ms: 2000,
    });
  });
});

describe('a request', () => {
  test('adds its query and keeps the one of the URL', async () => {
    await run('http.get', '/x?a=%20b', { query: { q: 'c d&', n: 1, t: true } });
    expect(first().path).toBe('/x?a=%20b&q=c+d%26&n=1&t=true');
  });

  test.each([
    ['json', { b: 1 }, 'application/json', '{"b":1}'],
    ['json', 'text', 'application/json', '"text"'],
    ['form', { a: 5, b: 'x y' }, 'application/x-www-form-urlencoded', 'a=5&b=x+y'],
    ['text', 'hello', 'text/plain', 'hello'],
    ['text', 'hé', 'text/plain; charset=utf-8', 'hé'],
    ['raw', '<a/>', 'application/octet-stream', '<a/>'],
    ['base64', 'aGk=', 'application/octet-stream', 'hi'],
  ])('body as %s', async (encoding, body, type, sent) => {
    await run('http.post', '/in', { body, body_encoding: encoding });
    expect(first()).toMatchObject({ method: 'POST', body: sent });
    expect(first().headers['content-type']).toBe(type);
    expect(first().headers['content-length']).toBe(String(Buffer.byteLength(sent)));
  });

  test('takes the step’s own headers over its own', async () => {
    const headers = {
      'Content-Type': 'application/vnd.x+json',
      'X-N': 5,
      'User-Agent': 'mine',
      Host: 'virtual.test',
    };
    await run('http.put', '/in', { body: { a: 1 }, headers });
    expect(first().headers).toMatchObject({
      'content-type': 'application/vnd.x+json',
      'x-n': '5',
      'user-agent': 'mine',
      host: 'virtual.test',
    });
  });

  test.each([
    [{ type: 'basic', username: 'u', password: 'p' }, 'authorization', 'Basic dTpw'],
    [{ type: 'bearer', token: 't' }, 'authorization', 'Bearer t'],
    [{ type: 'api_key', header_name: 'X-Key', header_value: 'k' }, 'x-key', 'k'],
  ])('authenticates by %j', async (auth, name, value) => {
    await run('http.get', '/json', { auth });
    expect(first().headers[name]).toBe(value);
  });

  test('takes user and password from the URL, and does not repeat them', async () => {
    const result = await run('http.get', `${peer.url.replace('//', '//us%40er:pw@')}/json`);
    expect(first().headers.authorization).toBe(
      `Basic ${Buffer.from('us@er:pw').toString('base64')}`,
    );
    expect(result.url).toBe(`${peer.url}/json`);
  });

  test('sends its idempotency key with POST and PATCH unless told otherwise', async () => {
    const key = actionContext().idempotencyKey;
    await run('http.post', '/a');
    await run('http.request', '/a', { method: 'patch' });
    await run('http.put', '/a');
    await run('http.post', '/a', { idempotency_key: false });
    await run('http.post', '/a', { headers: { 'Idempotency-Key': 'mine' } });
    const sent = peer.seen.map(({ headers }) => headers['idempotency-key']);
    expect(sent).toEqual([key, key, undefined, undefined, 'mine']);
  });

  test.each([
    ['ftp://host/x', {}, 'http:// or https://'],
    ['nowhere', {}, 'not an absolute URL'],
    ['http://x', { headers: { 'a b': '1' } }, 'not a header name'],
    ['http://x', { headers: { a: 'b\r\nc: d' } }, 'control character'],
    ['http://x', { headers: { 'Content-Length': '5' } }, 'set by the engine'],
    ['http://x', { auth: { type: 'digest' } }, '"auth.type" must be one of'],
    ['http://x', { auth: { type: 'bearer' } }, '"auth.token" must be given'],
    ['http://x', { auth: { type: 'bearer', token: 't', user: 'x' } }, 'has no "user"'],
    ['http://x', { body: [], body_encoding: 'form' }, 'must be an object'],
    ['http://x', { body: { a: [1] }, body_encoding: 'form' }, '"body.a" must be a text'],
    ['http://x', { body: '*', body_encoding: 'base64' }, 'not valid base64'],
    ['http://x', { max_redirects: -1 }, 'must not be negative'],
    ['', {}, '"url" is empty'],
  ] as [string, JsonObject, string][])('to %p with %j is refused', async (url, params, message) => {
    const error = await failureOf(() => call(find(actions, 'http.post'), { ...params, url }));
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.message).toContain(message);
  });

  test('of an unknown method is refused; only http.request takes one', async () => {
    expect((await fails('http.request', '/x', { method: 'TRACE' })).code).toBe('VALIDATION_ERROR');
    expect((await fails('http.get', '/x', { method: 'GET' })).code).toBe('VALIDATION_ERROR');
    expect((await fails('http.get', '/x', { body: 'x' })).code).toBe('VALIDATION_ERROR');
  });

  test('has the class of its method', () => {
    const def = find(actions, 'http.request') as EffectAction;
    const classes = [
      'GET',
      'head',
      'OPTIONS',
      'PUT',
      'DELETE',
      'POST',
      'PATCH',
      '${{inputs.m}}',
    ].map((method) => def.effectOf?.({ method }));
    expect(classes).toEqual([
      'read',
      'read',
      'read',
      'idempotent',
      'idempotent',
      'unsafe',
      'unsafe',
      'unsafe',
    ]);
    expect(def.effectOf?.({ save_to: 'x' })).toBe('idempotent');
    expect(find(actions, 'http.post').effect).toBe('unsafe');
    expect(def.breaker?.({ url: 'https://a.test:8443/x?y' })).toBe('https://a.test:8443');
  });
});

describe('redirects', () => {
  const to = (code: number, at: string): string =>
    `/to?${new URLSearchParams({ code: String(code), at })}`;

  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{"a":1}'],
    [308, 'POST', '{"a":1}'],
  ])('%d goes on with %s', async (code, method, body) => {
    const result = await run('http.post', to(code, '/json'), { body: { a: 1 } });
    expect(result).toMatchObject({ status_code: 200, url: `${peer.url}/json` });
    expect(peer.seen[1]).toMatchObject({ method, path: '/json', body });
    expect(peer.seen[1]?.headers['content-type']).toBe(
      body === '' ? undefined : 'application/json',
    );
  });

  test('may be data', async () => {
    const result = await run('http.get', to(302, '/json'), { follow_redirects: false });
    expect(result).toMatchObject({ status_code: 302, body: 'moved' });
    expect(peer.seen.length).toBe(1);
  });

  test('more than allowed fail for good', async () => {
    const twice = to(302, to(302, '/json'));
    expect((await fails('http.get', twice, { max_redirects: 1 })).code).toBe('NON_RETRYABLE');
    expect((await run('http.get', twice, { max_redirects: 2 })).status_code).toBe(200);
    const circle = to(302, '');
    expect((await fails('http.get', circle)).message).toContain('more than 10 times');
  });

  test('do not tell another origin who is calling', async () => {
    const params = {
      auth: { type: 'api_key', header_name: 'X-Key', header_value: 'k' },
      headers: { Cookie: 'c', Authorization: 'a', 'X-Token': 'is s3cret123', 'X-Plain': 'p' },
    };
    await run('http.get', to(302, '/json'), params, { secrets: ['s3cret123'] });
    expect(peer.seen[1]?.headers).toMatchObject({ 'x-key': 'k', cookie: 'c', authorization: 'a' });
    await run('http.get', to(302, `${other.url}/x`), params, { secrets: ['s3cret123'] });
    const headers = other.seen[0]?.headers ?? {};
    expect([headers['x-key'], headers.cookie, headers.authorization, headers['x-token']]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect([headers['x-plain'], headers.host]).toEqual(['p', new URL(other.url).host]);
  });

  test('do not carry a secret in a body to another origin', async () => {
    const params = { body: { password: 's3cret123' } };
    const error = await fails('http.post', to(307, `${other.url}/x`), params, {
      secrets: ['s3cret123'],
    });
    expect([error.code, other.seen.length]).toEqual(['NON_RETRYABLE', 0]);
  });

  test('to something else than http fail', async () => {
    expect((await fails('http.get', to(302, 'file:///etc/passwd'))).code).toBe('NON_RETRYABLE');
    expect((await fails('http.get', to(302, 'http://[bad'))).code).toBe('NON_RETRYABLE');
  });
});
