/** Requests that a page, a form, a stranger or a fool would send to a daemon on this machine. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type IncomingMessage, request } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { post, type Served, serve } from './daemon.ts';

let served: Served;

beforeAll(async () => {
  served = await serve();
});

afterAll(() => served.close());

/** Sends bytes as they are and returns the first line of the answer. */
function raw(text: string): Promise<string> {
  const { port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const socket = connectSocket(Number(port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    const end = (): void => {
      socket.destroy();
      resolve(answer.split('\r\n', 1)[0] ?? '');
    };
    socket.on('data', (bytes) => {
      answer += bytes.toString();
      if (answer.includes('\r\n')) end();
    });
    socket.on('close', end);
    socket.on('error', reject);
  });
}

const REQUEST = { jsonrpc: '2.0', id: 1, method: 'ping' };

describe('a name that was made to point here', () => {
  test.each([
    'evil.example',
    'evil.example:4100',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
  ])('host %s is refused, on every path', async (host) => {
    for (const path of ['/healthz', '/sse', '/nothing']) {
      const line = await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      expect(line).toContain('403');
    }
  });

  test('no host at all is refused', async () => {
    expect(await raw('GET /healthz HTTP/1.1\r\n\r\n')).toMatch(/40[03]/);
    expect(await raw('GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/40[03]/);
  });

  test.each(['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])(
    'host %s is this server',
    async (name) => {
      const { port } = new URL(served.url);
      expect(await raw(`GET /healthz HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`)).toContain('200');
    },
  );
});

describe('requests that say two things', () => {
  const json = 'Content-Type: application/json\r\n';
  test.each([
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n'],
    [
      'another host in the target',
      'GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    ],
    [
      'two lengths',
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${json}Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}`,
    ],
    [
      'a length and pieces',
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${json}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    ],
    ['no line of HTTP', 'HELLO\r\n\r\n'],
    ['a zero byte in a header', 'GET /healthz HTTP/1.1\r\nHost: local\0host\r\n\r\n'],
    ['a target above the root', 'GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('are refused: %s', async (_name, text) => {
    expect(await raw(text)).toMatch(/ 4\d\d |^$/);
  });
});

describe('a page of another site', () => {
  test.each(['http://evil.example', 'https://localhost', 'null', 'http://localhost:1', 'file://'])(
    'origin %s is refused',
    async (origin) => {
      const response = await post(`${served.url}/mcp`, REQUEST, { origin });
      expect(response.status).toBe(403);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('its own pages are not', async () => {
    const response = await post(`${served.url}/message`, REQUEST, { origin: served.url });
    expect(response.status).toBe(404);
  });

  test.each(['cross-site', 'same-site'])('a link or an image (%s) is refused', async (site) => {
    const headers = { 'sec-fetch-site': site };
    expect((await fetch(`${served.url}/sse`, { headers })).status).toBe(403);
  });

  test('a preflight is not answered', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    const response = await fetch(`${served.url}/mcp`, { method: 'OPTIONS', headers });
    expect(response.status).toBe(403);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
  ])('a form of type "%s" is refused', async (type) => {
    const response = await post(`${served.url}/mcp`, REQUEST, { 'content-type': type });
    expect(response.status).toBe(415);
  });
});

describe('too much', () => {
  test('a body beyond the limit is refused, with or without a length', async () => {
    const large = `"${'x'.repeat(4 * 1024 * 1024)}"`;
    expect((await post(`${served.url}/mcp`, large)).status).toBe(413);
    const pieces = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(256 * 1024).fill(32));
      },
    });
    const headers = { 'content-type': 'application/json' };
    const streamed = fetch(`${served.url}/mcp`, { method: 'POST', headers, body: pieces });
    const status = await streamed.then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
  });

  test('headers beyond reason are refused', async () => {
    const line = await raw(
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    );
    expect(line).toMatch(/4(00|31)|^$/);
  });
});

describe('paths and methods', () => {
  test('what is not there is 404, what is not done is 405 with what is', async () => {
    expect((await fetch(`${served.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${served.url}/__proto__`)).status).toBe(404);
    const refused: [string, string, string][] = [
      ['POST', '/metrics', 'GET'],
      ['PUT', '/metrics', 'GET'],
      ['PATCH', '/api/v1/status', 'GET, POST'],
      ['DELETE', '/api/v1/run', 'POST'],
      ['DELETE', '/healthz', 'GET, HEAD'],
      ['TRACE', '/healthz', 'GET, HEAD'],
      ['POST', '/readyz', 'GET, HEAD'],
    ];
    for (const [method, path, allow] of refused) {
      const { statusCode: status, headers } = await requested(served.url, method, path);
      expect({ method, path, status, allow: headers.allow }).toEqual({
        method,
        path,
        status: 405,
        allow,
      });
    }
  });

  test('a body that may be left out may be left out, but nothing else than JSON is taken', async () => {
    const nodes = `${served.url}/api/v1/nodes`;
    expect((await fetch(nodes, { method: 'POST' })).status).toBe(200);
    const form = { method: 'POST', headers: { 'content-type': 'text/plain' } };
    expect((await fetch(nodes, form)).status).toBe(415);
    expect((await fetch(nodes, { method: 'POST', body: '{}' })).status).toBe(415);
    const page = { method: 'POST', headers: { origin: 'https://evil.example' } };
    expect((await fetch(nodes, page)).status).toBe(403);
  });

  test('an error names its code', async () => {
    const response = await fetch(`${served.url}/nothing`);
    expect(await response.json()).toEqual({
      error: { code: 'NOT_FOUND', message: 'there is nothing at /nothing' },
    });
  });
});

/** A request by any method, also one that `fetch` refuses to send. */
function requested(url: string, method: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method, agent: false }, (response) => {
      response.resume();
      resolve(response);
    });
    sent.on('error', reject);
    sent.end();
  });
}
