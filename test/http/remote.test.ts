/** Operations of another server: the same results and errors, and what must never happen to a token. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createRemoteOps } from '../../src/http/remote.ts';
import { type RemoteDeps, remoteUrl } from '../../src/http/remote-request.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { ask, errorOf, noop, person, steps } from '../ops/harness.ts';
import { type ApiWorld, openApi } from './api-world.ts';

type Fetch = NonNullable<RemoteDeps['fetch']>;

let world: ApiWorld;
let remote: Ops;
beforeEach(() => {
  world = openApi();
  remote = createRemoteOps({ url: world.url, token: 'secret' });
});
afterEach(() => world.close());

const context = (abort?: AbortSignal): CallContext =>
  abort === undefined ? person : { ...person, abort };

describe('an operation', () => {
  test('gives what it gives there', async () => {
    const ran = await remote.run(person, { definition: steps(noop('a')) });
    expect(ran).toMatchObject({ status: 'completed' });
    const there = await world.ops.status(person, { workflow_id: '@last' });
    expect(await remote.status(person, { workflow_id: '@last' })).toEqual(there);
    const page = { resource: 'workflows' as const };
    expect(await remote.query(person, page)).toEqual(await world.ops.query(person, page));
  });

  test('fails as it fails there, with code, hint and details', async () => {
    for (const workflow_id of ['none', '']) {
      const local = await world.ops.status(person, { workflow_id }).catch((thrown) => thrown);
      const error = await errorOf(remote.status(person, { workflow_id }), local.code);
      expect([error.message, error.hint, error.details]).toEqual([
        local.message,
        local.hint,
        local.details,
      ]);
    }
  });

  test('gets the text of a file, with lines in its problems, and not its path', async () => {
    const sent: string[] = [];
    const spying = createRemoteOps({
      url: world.url,
      token: null,
      fetch: (url, init) => {
        sent.push(String(init.body));
        return fetch(url, init);
      },
    });
    const source = { text: 'steps:\n  - id: a\n    actoin: test.noop\n', file: '/home/me/a.yaml' };
    const result = await spying.validate(person, { source: { ...source, format: 'yaml' } });
    expect(result.issues.find(({ message }) => message.includes('actoin'))).toMatchObject({
      line: 3,
    });
    expect(sent.join()).not.toContain('/home/me');
  });

  test('that waits is answered as things stand when the caller stops to wait', async () => {
    await world.ops.run(person, { definition: steps(ask('q')) });
    const leaving = new AbortController();
    const waiting = remote.status(context(leaving.signal), {
      workflow_id: '@last',
      wait: 'forever',
      until: 'ended',
    });
    await remote.overview(person, {});
    leaving.abort();
    expect(await waiting).toMatchObject({ status: 'suspended' });
  });

  test('that only reads is asked again when a server that was there is gone for a moment', async () => {
    let gone = 0;
    let asked = 0;
    const restarting: Fetch = (url, init) => {
      asked++;
      if (gone === 0) return fetch(url, init);
      gone--;
      return Promise.reject(new Error('connection refused'));
    };
    const ops = createRemoteOps({ url: world.url, token: null, fetch: restarting });
    gone = 1;
    await errorOf(ops.overview(person, {}), 'ACTION_UNAVAILABLE');
    await ops.overview(person, {});
    gone = 1;
    await ops.overview(person, {});
    gone = 1;
    asked = 0;
    await errorOf(ops.run(person, { definition: steps(noop('a')) }), 'ACTION_UNAVAILABLE');
    expect(asked).toBe(1);
  });

  test('is no promise, so that it can be returned from one', async () => {
    expect(await Promise.resolve(remote)).toBe(remote);
  });
});

describe('a stream', () => {
  const eventsOf = async (ops: Ops): Promise<number[]> => {
    const ids: number[] = [];
    for await (const { id } of ops.followEvents(person, { workflow_id: '@last' })) ids.push(id);
    return ids;
  };

  test('gives every item and ends when there are no more', async () => {
    await world.ops.run(person, { definition: steps(noop('a'), noop('b')) });
    expect(await eventsOf(remote)).toEqual(await eventsOf(world.ops));
  });

  test('goes on behind the last item when the connection breaks, at any place', async () => {
    await world.ops.run(person, { definition: steps(noop('a'), noop('b')) });
    const whole = await eventsOf(world.ops);
    const full = await (
      await fetch(`${world.url}/api/v1/followEvents?workflow_id=@last`)
    ).arrayBuffer();
    for (let at = 0; at < full.byteLength; at += 331) {
      let isFirst = true;
      const cutting: Fetch = async (url, init) => {
        const response = await fetch(url, init);
        if (!isFirst) return response;
        isFirst = false;
        return new Response((await response.arrayBuffer()).slice(0, at), {
          headers: response.headers,
        });
      };
      expect(
        await eventsOf(createRemoteOps({ url: world.url, token: null, fetch: cutting })),
      ).toEqual(whole);
    }
  });

  test('goes on behind the id of a server that gives no cursors', async () => {
    await world.ops.run(person, { definition: steps(noop('a'), noop('b')) });
    const asked: Record<string, unknown>[] = [];
    const older: Fetch = async (url, init) => {
      const input = JSON.parse(String(init?.body)) as Record<string, unknown>;
      asked.push(input);
      const text = await (await fetch(url, init)).text();
      const numbered = text.replaceAll(/^id: \S+\.(\d+)$/gm, 'id: $1');
      const short = numbered.slice(0, numbered.indexOf('id: 4'));
      return new Response(asked.length === 1 ? short : numbered);
    };
    const ids = await eventsOf(createRemoteOps({ url: world.url, token: null, fetch: older }));
    expect(ids).toEqual(await eventsOf(world.ops));
    expect(asked[1]).toEqual({ workflow_id: '@last', after_id: 3 });
  });

  test('whose place is none there any more says where it goes on, and goes on there', async () => {
    await world.ops.run(person, { definition: steps(noop('a')) });
    const asking = await world.ops.run(person, { definition: steps(ask('q')) });
    const { workflow_id } = asking as { workflow_id: string };
    const following = remote.followEvents(person, { workflow_id, after: '0123456789ab.2' });
    const { details } = await errorOf(following[Symbol.asyncIterator]().next(), 'CONFLICT');
    const { as_of: after } = details as { as_of: string };
    await world.ops.signal(person, {
      workflow_id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
    });
    const types: string[] = [];
    for await (const event of remote.followEvents(person, { workflow_id, after })) {
      types.push(event.event_type);
    }
    expect(types).not.toContain('workflow_started');
    expect(types.at(-1)).toBe('workflow_completed');
  });

  test('fails as it fails there', async () => {
    const following = (async () => {
      for await (const _ of remote.followEvents(person, { workflow_id: 'none' })) return;
    })();
    await errorOf(following, 'NOT_FOUND');
  });

  test('ends when the caller stops', async () => {
    await world.ops.run(person, { definition: steps(ask('q')) });
    const leaving = new AbortController();
    const types: string[] = [];
    const follow = remote.followEvents(context(leaving.signal), { workflow_id: '@last' });
    for await (const { event_type } of follow) {
      types.push(event_type);
      if (event_type === 'workflow_suspended') leaving.abort();
    }
    expect(types.at(-1)).toBe('workflow_suspended');
  });
});

describe('the token', () => {
  test('goes to the server', async () => {
    const seen: (string | null)[] = [];
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        seen.push(request.headers.get('authorization'));
        return Response.json({});
      },
    });
    const ops = createRemoteOps({ url: `http://127.0.0.1:${server.port}`, token: 'secret' });
    await ops.overview(person, {});
    expect(seen).toEqual(['Bearer secret']);
    await server.stop(true);
  });

  test('never follows a redirect, not even one to the same server', async () => {
    const other: string[] = [];
    const thief = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch(request) {
        other.push(request.headers.get('authorization') ?? '');
        return Response.json({});
      },
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const server = Bun.serve({
        port: 0,
        hostname: '127.0.0.1',
        fetch: () =>
          new Response(null, { status, headers: { location: `http://127.0.0.1:${thief.port}/` } }),
      });
      const ops = createRemoteOps({ url: `http://127.0.0.1:${server.port}`, token: 'secret' });
      const error = await errorOf(ops.overview(person, {}), 'PERMISSION_DENIED');
      expect(error.message).toContain('redirects to');
      await server.stop(true);
    }
    expect(other).toEqual([]);
    await thief.stop(true);
  });
});

describe('the address', () => {
  test('is https, or http on this machine, or allowed', () => {
    const read = (text: string, allowHttp = false) => remoteUrl(text, 'OPCODE_URL', allowHttp);
    expect(read('https://opcode.example.com/')).toBe('https://opcode.example.com');
    expect(read('https://example.com/opcode/')).toBe('https://example.com/opcode');
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
      expect(read(`http://${host}:4100`)).toBe(`http://${host}:4100`);
    }
    expect(() => read('http://opcode.example.com')).toThrow('is not encrypted');
    expect(() => read('http://127.0.0.1.example.com')).toThrow('is not encrypted');
    expect(read('http://opcode.example.com', true)).toBe('http://opcode.example.com');
    expect(() => read('opcode.example.com')).toThrow('is not the URL of a server');
    expect(() => read('file:///etc')).toThrow('is not the URL of a server');
    expect(() => read('https://me:token@example.com')).toThrow('more than an address');
  });

  test('that nobody answers at, or somebody else, is said', async () => {
    const nobody = createRemoteOps({ url: 'http://127.0.0.1:1', token: null });
    const error = await errorOf(nobody.overview(person, {}), 'ACTION_UNAVAILABLE');
    expect(error.message).toStartWith('http://127.0.0.1:1 cannot be reached');
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('<html>', { status: 502 }),
    });
    const other = createRemoteOps({ url: `http://127.0.0.1:${server.port}`, token: null });
    const wrong = await errorOf(other.overview(person, {}), 'ACTION_UNAVAILABLE');
    expect(wrong.message).toContain('answered 502, and not as Opcode does');
    await server.stop(true);
  });
});
