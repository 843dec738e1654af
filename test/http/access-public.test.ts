/** A server that others can reach: what must be there first, TLS and its renewal, proxies and their word. */
import { afterEach, describe, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { startDaemon } from '../../src/app-serve.ts';
import { AppError } from '../../src/model/error.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../actions/test-certificate.ts';
import { freshHome, type Home } from '../mcp/session.ts';
import { AT_HOME, bearer } from './access-world.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'opcode-tls-'));
  closers.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

function pair(cert = TEST_CERTIFICATE, key = TEST_KEY) {
  const path = folder();
  const files = { 'tls.cert': join(path, 'cert.pem'), 'tls.key': join(path, 'key.pem') };
  writeFileSync(files['tls.cert'], cert);
  writeFileSync(files['tls.key'], key);
  return files;
}

const homeOf = (flags: Record<string, unknown>): Home => {
  const listen_addr = '127.0.0.1:0';
  const home = freshHome({ listen_addr, grace: '0s', grace_unsafe: '0s', ...flags });
  closers.push(home.remove);
  return home;
};

async function tokenFor({ config }: Home): Promise<string> {
  const app = await openApp(config, { execute: false });
  const { token } = await app.ops.token_create(AT_HOME, { role: 'admin' });
  await app.close();
  return token;
}

async function started({ config }: Home) {
  const write = (): undefined => undefined;
  const daemon = await startDaemon({ config, write, pretty: false, color: false });
  closers.push(() => daemon.stop());
  return { daemon, url: daemon.urls[0] ?? '' };
}

const refused = async (home: Home): Promise<AppError> => {
  try {
    await started(home);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
};

describe('--public', () => {
  test('needs something that encrypts', async () => {
    const home = homeOf({ public: true });
    await tokenFor(home);
    const { code, message, hint } = await refused(home);
    expect([code, message]).toEqual([
      'PERMISSION_DENIED',
      'public: nothing would encrypt tokens and data',
    ]);
    for (const way of ['tls.cert', 'trusted_proxies', '--allow-http']) expect(hint).toContain(way);
  });

  test.each([{ public: true, allow_http: true }, { trusted_proxies: ['10.0.0.1'] }])(
    'and a token: %p',
    async (flags) => {
      const { message, hint } = await refused(homeOf(flags));
      expect(message).toContain('no token exists');
      expect(hint).toContain('opcode token create --role admin');
    },
  );

  test('lets nobody in without a token, also when none can be used any more', async () => {
    const home = homeOf({ public: true, allow_http: true });
    const token = await tokenFor(home);
    const { url } = await started(home);
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${url}/api/v1/overview`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status(bearer(token))).toBe(200);
    const app = await openApp(home.config, { execute: false });
    const { tokens } = await app.ops.token_list(AT_HOME, {});
    await app.ops.token_revoke(AT_HOME, { id: tokens[0]?.id ?? '' });
    await app.close();
    expect(await status({})).toBe(401);
  });

  test('is known by its addresses and its base URL, by no other name', async () => {
    const base_url = 'https://opcode.example.com';
    const home = homeOf({ public: true, allow_http: true, base_url });
    await tokenFor(home);
    const { url } = await started(home);
    const status = async (host: string) =>
      (await fetch(`${url}/healthz`, { headers: { host } })).status;
    for (const host of ['192.0.2.7:4100', '[2001:db8::1]', 'opcode.example.com']) {
      expect([host, await status(host)]).toEqual([host, 200]);
    }
    for (const host of [
      'evil.example',
      '0.0.0.0:4100',
      '[::]',
      'opcode.example.com.evil.example',
    ]) {
      expect([host, await status(host)]).toEqual([host, 403]);
    }
  });
});

describe('TLS', () => {
  const insecure = { tls: { rejectUnauthorized: false } };

  test('is served, and renewed without a restart; a bad pair changes nothing', async () => {
    const files = pair();
    const home = homeOf({ public: true, ...files });
    const token = await tokenFor(home);
    const { daemon, url } = await started(home);
    expect(url).toStartWith('https://127.0.0.1:');
    const status = async () =>
      (await fetch(`${url}/api/v1/overview`, { ...insecure, headers: bearer(token) })).status;
    expect(await status()).toBe(200);
    writeFileSync(files['tls.key'], 'not a key');
    expect(() => daemon.reload(home.config)).toThrow('tls.key');
    expect(await status()).toBe(200);
    writeFileSync(files['tls.key'], TEST_KEY);
    writeFileSync(files['tls.cert'], `${TEST_CERTIFICATE}\n`);
    daemon.reload(home.config);
    expect(await status()).toBe(200);
  });

  test.each([
    ['a certificate without its key', { 'tls.key': null }, 'tls.key: must be set together'],
    ['a file that is missing', { 'tls.cert': '/none.pem' }, 'cannot be read'],
  ])('refuses %s', async (_what, change, why) => {
    const flags = { ...pair(), ...change };
    const set = Object.entries(flags).filter(([, value]) => value !== null);
    expect((await refused(homeOf(Object.fromEntries(set)))).message).toContain(why);
  });

  test('refuses what is no certificate and a key of another', async () => {
    expect((await refused(homeOf(pair('x')))).message).toContain('holds no PEM certificate');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await refused(homeOf(pair(TEST_CERTIFICATE, other)))).message).toContain(
      'is not the key of the certificate',
    );
  });
});

describe('a proxy', () => {
  test('that is trusted says who calls and under which name', async () => {
    const home = homeOf({
      public: true,
      trusted_proxies: ['127.0.0.1'],
      base_url: 'https://opcode.example.com',
    });
    const token = await tokenFor(home);
    const { url } = await started(home);
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/api/v1/overview`, { headers: { ...bearer(token), ...headers } });
    const proxied = {
      'x-forwarded-for': '6.6.6.6, 192.0.2.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'opcode.example.com',
    };
    expect((await ask(proxied)).status).toBe(200);
    expect((await ask({ ...proxied, origin: 'https://opcode.example.com' })).status).toBe(200);
    expect((await ask({ ...proxied, origin: 'http://opcode.example.com' })).status).toBe(403);
    expect((await ask({ ...proxied, 'x-forwarded-host': 'evil.example' })).status).toBe(403);
    const app = await openApp(home.config, { execute: false });
    await ask({ ...proxied, ...bearer('wrong') });
    await fetch(`${url}/api/v1/query`, {
      method: 'POST',
      headers: { ...bearer(token), 'content-type': 'application/json' },
      body: JSON.stringify({ resource: 'audit' }),
    });
    const { audit = [] } = await app.ops.query(AT_HOME, { resource: 'audit' });
    await app.close();
    expect(audit.find(({ action }) => action === 'access')?.from).toBe('http 192.0.2.9');
  });

  test('is the only way in when it alone encrypts', async () => {
    const home = homeOf({ public: true, trusted_proxies: ['192.0.2.0/24'] });
    const token = await tokenFor(home);
    const { url } = await started(home);
    const response = await fetch(`${url}/api/v1/overview`, { headers: bearer(token) });
    expect([response.status, await response.text()]).toEqual([
      403,
      expect.stringContaining('through its proxy only'),
    ]);
  });

  test('that nobody trusts is not let in without a token', async () => {
    const { url } = await started(homeOf({}));
    for (const name of ['x-forwarded-for', 'forwarded', 'via']) {
      const response = await fetch(`${url}/api/v1/overview`, { headers: { [name]: '127.0.0.1' } });
      expect([name, response.status]).toEqual([name, 403]);
    }
  });
});
