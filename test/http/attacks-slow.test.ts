/** Clients that send slowly, to hold connections: each is cut. Headers take ten seconds, on purpose. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { TEST_MS } from '../support/patience.ts';
import { post, type Served, serve } from './daemon.ts';

let served: Served;

beforeAll(async () => {
  served = await serve({ 'limits.request_time': '300ms' });
});

afterAll(() => served.close());

/** Sends a beginning, then piece after piece until the server ends it; answers what came back. */
function trickle(head: string, piece: string, everyMs: number): Promise<string> {
  const { port } = new URL(served.url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(head));
    const pieces = setInterval(() => socket.write(piece), everyMs);
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    // A reset is an end like any other.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(pieces);
      resolve(answer);
    });
  });
}

const POST = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;

test.each(['/mcp', '/message?sessionId=x', '/api/v1/run'])(
  'a body that comes byte by byte is cut: %s',
  async (path) => {
    const answer = await trickle(`${POST(path)}Content-Length: 1000\r\n\r\n{`, ' ', 20);
    expect(answer).toStartWith('HTTP/1.1 408');
    expect(answer).toContain('did not arrive within 0.3 s');
  },
);

test('a body in pieces without a length is cut too', async () => {
  const head = `${POST('/mcp')}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`;
  expect(await trickle(head, '1\r\n \r\n', 20)).toStartWith('HTTP/1.1 408');
});

test(
  'headers that come line by line, byte by byte, or not at all are cut',
  async () => {
    const head = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
    const cut = Promise.all([
      trickle(head, 'X-More: x\r\n', 500),
      trickle(`${head}X-Long: `, 'x', 500),
      trickle('GET /heal', '', 60_000),
    ]);
    // Meanwhile others are served.
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
    const answers = await cut;
    expect(answers.some((answer) => answer.includes(' 200 '))).toBe(false);
  },
  TEST_MS,
);

test('headers without end are refused', async () => {
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x-h-${i}`, 'x']));
  const response = await fetch(`${served.url}/healthz`, { headers: many });
  expect(response.status).toBe(431);
  const large = await fetch(`${served.url}/healthz`, { headers: { x: 'x'.repeat(17_000) } });
  expect(large.status).toBe(431);
});

test('a body that stops is cut, and what was asked for is not done', async () => {
  const body = JSON.stringify({ name: 'half', definition: { steps: [] } });
  const head = `${POST('/api/v1/define')}Content-Length: ${body.length + 1}\r\n\r\n${body}`;
  expect(await trickle(head, '', 60_000)).toStartWith('HTTP/1.1 408');
  const answer = await post(`${served.url}/api/v1/template`, { template_name: 'half' });
  expect(answer.status).toBe(404);
});
