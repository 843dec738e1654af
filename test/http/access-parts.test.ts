/** The parts that decide who comes in: comparing, counting, believing. */
import { describe, expect, test } from 'bun:test';
import { loadConfig } from '../../src/config.ts';
import { denialOf } from '../../src/core/decision-answer.ts';
import { originOf, trustedProxies } from '../../src/http/access-origin.ts';
import { routeAt } from '../../src/http/access-paths.ts';
import { createThrottle } from '../../src/http/access-throttle.ts';
import { childEnvironment } from '../../src/isolate/environment.ts';
import { ROLES, type Role } from '../../src/ops/access.ts';
import { createTokenAuth } from '../../src/ops/token-auth.ts';
import { hashOf, isSameHash, newToken, withoutTokens } from '../../src/ops/token-secret.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';

describe('a token', () => {
  test('is 256 random bits behind its mark, shown by its beginning', () => {
    const { token, prefix, hash } = newToken();
    expect(token).toMatch(/^opc_[A-Za-z0-9_-]{43}$/);
    expect(token).toStartWith(prefix);
    expect(prefix).toHaveLength(12);
    expect(hash).toBe(hashOf(token));
    expect(newToken().token).not.toBe(token);
    expect(withoutTokens(`it is ${token}.`)).toBe('it is opc_***.');
  });

  test('is compared by its hash in constant time, and in no other way', () => {
    const [a, b] = [hashOf('a'), hashOf('b')];
    expect([isSameHash(a, a), isSameHash(a, b), isSameHash(a, a.slice(1))]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isSameHash.toString()).toContain('timingSafeEqual');
    const auth = createTokenAuth({ store: createMemoryStore(), clock: { now: () => 0 } });
    const source = auth.authenticate.toString();
    expect(source.match(/isSameHash/g)).toHaveLength(2);
    expect(source).not.toMatch(/[hH]ash\s*===?|===?\s*\w*[hH]ash/);
  });

  test('never reaches a command, not even when a setting passes it on', () => {
    const passed = { OPCODE_TOKEN: 'x', OPCODE_TOKEN_FILE: 'x', OPCODE_SECRET_KEY: 'x', FINE: 'y' };
    const env = childEnvironment({ baseEnv: { ...passed, PATH: '/bin' }, env: {} }, passed);
    expect(env).toEqual({ PATH: '/bin', FINE: 'y' });
  });

  test('of a server comes from the environment or a file, not from both', () => {
    const load = (env: Record<string, string>) =>
      loadConfig({ flags: {}, env: { HOME: '/none', ...env }, home: '/none' });
    expect(load({}).token).toBeNull();
    expect(load({ OPCODE_TOKEN: 'abc' }).token).toBe('abc');
    expect(() => load({ OPCODE_TOKEN_FILE: '/none/token' })).toThrow('cannot be read');
    expect(() => load({ OPCODE_TOKEN: 'a', OPCODE_TOKEN_FILE: '/none' })).toThrow('give one');
  });
});

test('wrong tokens are counted by address, in windows, for a bounded number of addresses', () => {
  let now = 0;
  const limits = { failures: 2, windowMs: 1000, told: 1, addresses: 2 };
  const throttle = createThrottle(() => now, limits);
  expect(throttle.fail('a')).toEqual({ isTold: true });
  expect(throttle.wait('a')).toBeNull();
  expect(throttle.fail('a')).toEqual({ isTold: false });
  expect(throttle.wait('a')).toBe(1);
  expect(throttle.wait('b')).toBeNull();
  throttle.fail('b');
  throttle.fail('c');
  expect(throttle.wait('a')).toBeNull();
  throttle.fail('b');
  expect(throttle.wait('b')).toBe(1);
  now = 1000;
  expect(throttle.wait('b')).toBeNull();
});

describe('the origin of a request', () => {
  const of = (headers: Record<string, string>, peer: string, proxies: readonly string[] = []) =>
    originOf(new Headers({ host: 'own:1', ...headers }), peer, false, trustedProxies(proxies));

  test('is the connection, whatever headers say', () => {
    const forged = { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-host': 'evil' };
    const own = { scheme: 'http', host: 'own:1', isProxied: false } as const;
    expect(of(forged, '9.9.9.9')).toEqual({ address: '9.9.9.9', ...own });
    expect(of(forged, '9.9.9.9', ['10.0.0.0/8'])).toEqual({ address: '9.9.9.9', ...own });
    expect(of({}, '::ffff:9.9.9.9')).toMatchObject({ address: '9.9.9.9' });
  });

  test.each([
    ['1.1.1.1', '1.1.1.1'],
    ['6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['6.6.6.6, 1.1.1.1, 10.0.0.7', '1.1.1.1'],
    ['10.0.0.9, 10.0.0.7', '10.0.0.9'],
    ['forged, 10.0.0.7', '10.0.0.1'],
    ['', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
  ])('behind trusted proxies with "%s" is %s', (chain, address) => {
    const origin = of({ 'x-forwarded-for': chain }, '::ffff:10.0.0.1', ['10.0.0.0/8', 'fd00::/8']);
    expect(origin).toMatchObject({ address, isProxied: true });
  });

  test.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '10.0.0.0/x', 'fd00::/129', ''])(
    'a proxy "%s" is refused',
    (text) => {
      expect(() => trustedProxies([text])).toThrow('trusted_proxies');
    },
  );
});

test.each([
  ['/hooks/deploy', { name: 'deploy' }],
  ['/hooks/a%2Fb', { name: 'a/b' }],
  ['/hooks/', null],
  ['/hooks/a/b', null],
  ['/hooks/%ff', null],
  ['/hooks', null],
  ['/__proto__', null],
])('the path %s is found by its pattern', (path, params) => {
  expect(routeAt({ '/hooks/:name': 1 }, path)?.params ?? null).toEqual(params);
});

describe('what became of an interrupted step', () => {
  const signal = (role: Role, sender: 'person' | 'agent') => ({
    type: 'decision' as const,
    by: 'x',
    role,
    sender,
    payload: null,
  });
  const ask = (by: 'operator' | 'agent') => ({
    kind: 'outcome_unknown' as const,
    prompt: '',
    data: {},
    options: [],
    by,
    then: [],
    step_outputs: {},
  });
  const answering = (by: 'operator' | 'agent'): string[] =>
    (Object.keys(ROLES) as Role[]).filter(
      (role) => denialOf(signal(role, role === 'agent' ? 'agent' : 'person'), ask(by)) === null,
    );

  test('is said by operators; by agents when a setting lets them', () => {
    expect(answering('operator')).toEqual(['operator', 'admin', 'local']);
    expect(answering('agent')).toEqual(['agent', 'operator', 'admin', 'local']);
  });
});
