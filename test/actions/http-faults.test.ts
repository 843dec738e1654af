import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { ActionDeps } from '../../src/actions/deps.ts';
import { createEgressPolicy } from '../../src/actions/egress.ts';
import { httpActions } from '../../src/actions/http.ts';
import type { ActionContext } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { eventually } from '../support/patience.ts';
import { call, failureOf, find, openDeps, tempFolder } from './action-world.ts';
import { httpPeer, type Peer, rawPeer } from './http-world.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './test-certificate.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
const kept = async (peer: Promise<Peer>): Promise<Peer> => {
  const opened = await peer;
  closers.push(opened.close);
  return opened;
};
const answering = (head: string, ...body: (string | Buffer)[]): Promise<Peer> =>
  kept(
    rawPeer((socket) => {
      socket.write(`HTTP/1.1 ${head}\r\n\r\n`);
      for (const piece of body) socket.write(piece);
      socket.end();
    }),
  );

const get = (
  url: string,
  params: JsonObject = {},
  changes: Partial<ActionContext> = {},
  deps: Partial<ActionDeps> = {},
): Promise<JsonObject> =>
  call(
    find(httpActions(openDeps(deps)), 'http.get'),
    { url, ...params },
    changes,
  ) as Promise<JsonObject>;
const fails = async (...args: Parameters<typeof get>) => {
  const error = await failureOf(() => get(...args));
  return [error.code, error.message] as const;
};
const small = { httpBodyBytes: 1000, shellOutputBytes: 1, outputBytes: 1000 };

describe('a peer that', () => {
  test('trickles is given up at the timeout, and its connection closed', async () => {
    const peer = await kept(
      rawPeer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const timer = setInterval(() => socket.write('.'), 5);
        socket.on('close', () => clearInterval(timer));
      }),
    );
    const [code, message] = await fails(peer.url, { timeout: '40ms' });
    expect([code, message]).toEqual(['TIMEOUT_ERROR', `GET ${peer.url}/ took longer than 40ms`]);
    await eventually(() => peer.open() === 0, 'the connection closes');
    expect(peer.open()).toBe(0);
  });

  test('never answers is given up at the step’s timeout', async () => {
    const peer = await kept(rawPeer(() => undefined));
    expect((await fails(peer.url, {}, { timeoutMs: 30 }))[0]).toBe('TIMEOUT_ERROR');
    expect((await fails(peer.url, { timeout: '1h' }, { timeoutMs: 30 }))[0]).toBe('TIMEOUT_ERROR');
  });

  test('is called by a step that is stopped: nothing stays open', async () => {
    const peer = await kept(rawPeer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\npart')));
    expect((await fails(peer.url, {}, { signal: AbortSignal.timeout(30) }))[0]).toBe('CANCELLED');
    expect((await fails(peer.url, {}, { signal: AbortSignal.abort() }))[0]).toBe('CANCELLED');
  });

  test('sends without end is cut at the limit', async () => {
    const peer = await kept(
      httpPeer((_, response) => {
        const more = (): void => {
          while (response.write('x'.repeat(50_000)));
          response.once('drain', more);
        };
        more();
      }),
    );
    const result = await get(peer.url, {}, { limits: small });
    expect([String(result.body).length, result.truncated]).toEqual([1000, true]);
    expect(String((await get(peer.url, { max_response_bytes: 10 })).body)).toBe('x'.repeat(10));
  });

  test('is cut inside a character still gives text', async () => {
    const peer = await answering('200 OK\r\nContent-Type: text/plain', 'é'.repeat(100));
    expect((await get(peer.url, { max_response_bytes: 5 })).body).toBe('éé');
  });

  test('sends what swells is cut at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const head = `200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: ${bomb.length}`;
    const peer = await answering(head, bomb);
    const result = await get(peer.url, {}, { limits: small });
    expect([String(result.body).length, result.truncated]).toEqual([1000, true]);
  });

  test.each([
    ['ends too early', '200 OK\r\nContent-Length: 20', 'short'],
    ['ends inside a chunk', '200 OK\r\nTransfer-Encoding: chunked', '5\r\nhel'],
    ['says it compressed and did not', '200 OK\r\nContent-Encoding: gzip', 'plain'],
    [
      'cuts what it compressed',
      '200 OK\r\nContent-Encoding: gzip',
      gzipSync('hello').subarray(0, 15),
    ],
    ['sends headers without end', `200 OK\r\nX: ${'a'.repeat(200_000)}`, ''],
    ['does not speak HTTP', 'x\r\n', ''],
  ])('%s fails the step', async (_, head, body) => {
    const peer = await answering(head, body);
    expect((await fails(peer.url))[0]).toBe('EXECUTION_ERROR');
  });

  test('hangs up or is not there fails the step, saying so', async () => {
    const peer = await kept(rawPeer((socket) => socket.destroy()));
    expect((await fails(peer.url))[1]).toContain('closed before an answer came');
    await peer.close();
    closers.length = 0;
    expect(await fails(`${peer.url}/p?token=s3cret`)).toEqual([
      'EXECUTION_ERROR',
      `${peer.url}/p: the connection was refused`,
    ]);
  });

  test('answers with hints first is understood', async () => {
    const peer = await answering(
      '103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2',
      'ok',
    );
    expect(await get(peer.url)).toMatchObject({ status_code: 200, body: 'ok' });
  });
});

describe('compressed answers', () => {
  const text = 'hello '.repeat(100);
  test.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)],
  ])('%s', async (encoding, bytes) => {
    const peer = await answering(`200 OK\r\nContent-Encoding: ${encoding}`, bytes);
    expect((await get(peer.url)).body).toBe(text);
  });

  test.each(['gzip', 'deflate', 'br'])('%s with nothing in it', async (encoding) => {
    const peer = await answering(`204 No Content\r\nContent-Encoding: ${encoding}`);
    expect((await get(peer.url)).body).toBe(null);
  });

  test('by something unknown stay bytes', async () => {
    const peer = await answering(
      '200 OK\r\nContent-Encoding: zstd',
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    );
    expect((await get(peer.url)).body).toBe('KLUv/Q==');
  });
});

describe('save_to', () => {
  const folder = (): string => {
    const { path, remove } = tempFolder();
    closers.push(remove);
    return path;
  };

  test('writes the body to a file, beyond what is kept in memory', async () => {
    const cwd = folder();
    const peer = await answering('200 OK\r\nContent-Type: text/plain', 'x'.repeat(5000));
    const result = await get(peer.url, { save_to: 'f.txt' }, { cwd, limits: small });
    expect(result).toMatchObject({ body: null, saved_to: join(cwd, 'f.txt'), size: 5000 });
    expect(readFileSync(join(cwd, 'f.txt'), 'utf8')).toBe('x'.repeat(5000));
  });

  test('leaves nothing when the answer ends too early or is too long', async () => {
    const cwd = folder();
    const short = await answering('200 OK\r\nContent-Length: 20', 'short');
    const [code, message] = await fails(short.url, { save_to: 'f' }, { cwd });
    expect([code, message.startsWith(short.url)]).toEqual(['EXECUTION_ERROR', true]);
    const long = await answering('200 OK', 'x'.repeat(50));
    expect((await fails(long.url, { save_to: 'f', max_response_bytes: 9 }, { cwd }))[0]).toBe(
      'OUTPUT_TOO_LARGE',
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('does not save an error page, and obeys the path rules', async () => {
    const cwd = folder();
    const missing = await answering('404 Not Found', 'sorry');
    expect(await get(missing.url, { save_to: 'f' }, { cwd })).toMatchObject({ body: 'sorry' });
    const fine = await answering('200 OK', 'x');
    expect((await fails(fine.url, { save_to: 'f' }, { cwd }, { deniedPaths: [cwd] }))[0]).toBe(
      'PATH_DENIED',
    );
    expect((await fails(fine.url, { save_to: 'none/f' }, { cwd }))[1]).toContain('no such file');
    expect(existsSync(join(cwd, 'f'))).toBe(false);
  });
});

describe('addresses', () => {
  const egress = createEgressPolicy();

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2852039166/',
    'http://0xa9.0xfe.0xa9.0xfe/',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::169.254.169.254]/',
    'http://[fe80::1]/',
    'http://[fd00:0ec2::0254]/',
    'http://0.0.0.0/',
  ])('%s is not called', async (url) => {
    expect((await fails(url, {}, {}, { egress }))[0]).toBe('PERMISSION_DENIED');
  });

  test('a redirect is checked too', async () => {
    const peer = await answering('302 Found\r\nLocation: http://169.254.169.254/');
    expect((await fails(peer.url, {}, {}, { egress }))[0]).toBe('PERMISSION_DENIED');
  });

  test('the address that was checked is the one connected to', async () => {
    const peer = await answering('200 OK', 'here');
    const asked: string[] = [];
    const policy = {
      allow(host: string, address: string): string | null {
        asked.push(`${host} ${address}`);
        return address === '127.0.0.1' ? null : 'not this one';
      },
    };
    const url = peer.url.replace('127.0.0.1', 'localhost');
    expect((await get(url, {}, {}, { egress: policy })).body).toBe('here');
    expect(asked).toContain('localhost 127.0.0.1');
    const closed = { allow: () => 'closed' };
    expect((await fails(url, {}, {}, { egress: closed }))[1]).toContain(
      'localhost must not be called',
    );
  });

  test('a name nobody knows fails the step', async () => {
    expect((await fails(`http://${'a'.repeat(70)}.test/`))[0]).toBe('EXECUTION_ERROR');
  });
});

describe('TLS', () => {
  test('an untrusted certificate is refused unless told otherwise', async () => {
    const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (request, response) =>
      response.end(`for ${request.headers.host}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    closers.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const url = `https://localhost:${(server.address() as AddressInfo).port}`;
    const [code, message] = await fails(url);
    expect(code).toBe('EXECUTION_ERROR');
    expect(message).toContain('self-signed');
    expect((await get(url, { tls_skip_verify: true })).body).toBe(`for ${new URL(url).host}`);
  });
});
