/** The stream of events over a connection: where it begins, what it carries, how it ends. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { noop, person, steps } from '../ops/harness.ts';
import { eventually } from '../support/patience.ts';
import { type ApiWorld, openApi } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = openApi({ beatMs: 20 });
});
afterEach(() => world.close());

const run = (id = 'a') => world.ops.run(person, { definition: steps(noop(id)) });

interface Followed {
  readonly id: number;
  readonly event_type: string;
  readonly cursor: string;
}

/** A reader of a stream: waits for as many events as are asked for. */
async function follow(query = '', headers: Record<string, string> = {}) {
  const leaving = new AbortController();
  const response = await fetch(`${world.url}/stream${query}`, { headers, signal: leaving.signal });
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const more = async (): Promise<void> => {
    const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) throw new Error(`the stream ended after ${text}`);
    text += decoder.decode(value, { stream: true });
  };
  return {
    response,
    async events(count: number): Promise<Followed[]> {
      for (;;) {
        const found = [...text.matchAll(/^id: [0-9a-f]{12}\.\d+\ndata: (.*)\n\n/gm)];
        if (found.length >= count) return found.map(([, data]) => JSON.parse(data ?? ''));
        await more();
      }
    },
    async until(part: string): Promise<void> {
      while (!text.includes(part)) await more();
    },
    text: () => text,
    leave: () => leaving.abort(),
  };
}

const TYPES = ['workflow_started', 'step_started', 'step_completed', 'workflow_completed'];

describe('it begins', () => {
  test('with what is new, for all runs', async () => {
    await run();
    const stream = await follow();
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream');
    expect(stream.response.headers.get('cache-control')).toContain('no-store');
    await stream.until(': beat');
    await run('b');
    const events = await stream.events(4);
    expect(events.map(({ event_type }) => event_type)).toEqual(TYPES);
    expect(events[0]?.id).toBe(5);
    stream.leave();
  });

  test('with the beginning of a run, for one', async () => {
    await run();
    await run('b');
    const stream = await follow('?workflow_id=@last');
    expect((await stream.events(4)).map(({ id }) => id)).toEqual([5, 6, 7, 8]);
    stream.leave();
  });

  test('behind the id that a client had come to, whatever its address says', async () => {
    await run();
    await run('b');
    const asked = await follow('?after_id=2');
    expect((await asked.events(6)).map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8]);
    asked.leave();
    const resumed = await follow('?after_id=2', { 'last-event-id': '6' });
    expect((await resumed.events(2)).map(({ id }) => id)).toEqual([7, 8]);
    resumed.leave();
  });

  test('behind the cursor that a client had come to, in the header or the address', async () => {
    await run();
    const begun = await follow('?after=0');
    const [, second, third] = await begun.events(4);
    begun.leave();
    const asked = await follow(`?after=${second?.cursor}`);
    expect((await asked.events(2)).map(({ id }) => id)).toEqual([3, 4]);
    asked.leave();
    const resumed = await follow('?after_id=0', { 'last-event-id': third?.cursor ?? '' });
    expect((await resumed.events(1)).map(({ id }) => id)).toEqual([4]);
    resumed.leave();
  });

  test('by saying the place, for who is cut off before the first event', async () => {
    await run();
    const stream = await follow();
    await stream.until('\n\n');
    const [, place = ''] = /^: open\nid: (.*)\n\n/.exec(stream.text()) ?? [];
    stream.leave();
    await run('b');
    const again = await follow('', { 'last-event-id': place });
    expect((await again.events(4)).map(({ id }) => id)).toEqual([5, 6, 7, 8]);
    again.leave();
  });

  const OTHER = '0123456789ab.2';
  test.each([
    ['a cursor of another database', `?after=${OTHER}`, {}],
    ['the same in the header', '?after=1', { 'last-event-id': OTHER }],
    ['an id ahead of the newest event', '?after_id=900', {}],
    ['such an id in the header', '', { 'last-event-id': '900' }],
    ['one that no event will have', '?after=99999999999999999999', {}],
    ['the same for one run', `?workflow_id=@last&after=${OTHER}`, {}],
  ])('anew, and says so, for %s', async (_name, query, headers: Record<string, string>) => {
    await run();
    const place = `${world.store.databaseId()}.4`;
    const stream = await follow(query, headers);
    await stream.until('event: reset');
    await stream.until('\n\n');
    expect(stream.text()).toContain(
      `id: ${place}\nevent: reset\ndata: ${JSON.stringify({ as_of: place })}\n\n`,
    );
    if (!query.includes('workflow_id')) {
      await run('b');
      expect((await stream.events(1))[0]?.id).toBe(5);
    }
    stream.leave();
    const again = await follow('?types=log', { 'last-event-id': place });
    await again.until(': beat');
    expect(again.text()).not.toContain('reset');
    again.leave();
  });

  test('anew for a cursor of this database that is ahead of its newest event', async () => {
    await run();
    const stream = await follow(`?after=${world.store.databaseId()}.5`);
    await stream.until('event: reset');
    stream.leave();
  });
});

describe('it carries', () => {
  test('only the types that are asked for', async () => {
    const stream = await follow('?after_id=0&types=workflow_started,workflow_completed');
    await run();
    expect((await stream.events(2)).map(({ id }) => id)).toEqual([1, 4]);
    stream.leave();
  });

  test('runs of another process on the same database', async () => {
    const other = openApi({ harness: { ...world, ops: world.reader }, beatMs: 20 });
    const response = await fetch(`${other.url}/stream?after_id=0`);
    const reader = response.body?.getReader();
    await run();
    let text = '';
    while (!text.includes('workflow_completed')) {
      text += new TextDecoder().decode((await reader?.read())?.value);
    }
    await reader?.cancel();
  });

  test('the same to many clients, each whole', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow('?after_id=0')));
    for (let i = 0; i < 10; i++) await run(`s${i}`);
    const all = await Promise.all(streams.map((stream) => stream.events(40)));
    for (const events of all) {
      expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    }
    for (const stream of streams) stream.leave();
  });
});

describe('it ends', () => {
  const gone = async (): Promise<void> => {
    await eventually(() => world.events.count() === 0, 'the stream is closed');
  };

  test('when the client goes away', async () => {
    const stream = await follow();
    expect(world.events.count()).toBe(1);
    stream.leave();
    await gone();
  });

  test('for a client that reads no further, whose memory stays bounded', async () => {
    const value = 'x'.repeat(15_000);
    for (let i = 0; i < 20; i++) {
      await world.ops.run(person, {
        definition: steps(...Array.from({ length: 50 }, (_, at) => noop(`s${at}`, value))),
      });
    }
    const { port } = new URL(world.url);
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /stream?after_id=0 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
    const opened = new Promise<void>((resolve) =>
      socket.once('data', () => {
        socket.pause();
        resolve();
      }),
    );
    socket.on('error', () => undefined);
    const ended = new Promise<void>((resolve) =>
      socket.on('data', (data) => {
        if (data.toString().endsWith('\r\n0\r\n\r\n')) resolve();
      }),
    );
    await opened;
    await gone();
    socket.resume();
    await ended;
    socket.destroy();
  });

  test('when the server stops', async () => {
    const stream = await follow();
    await stream.until(': open');
    world.events.close();
    await expect(stream.events(1)).rejects.toThrow('the stream ended');
  });
});

test('what is wrong with the address is said', async () => {
  const refused = async (query: string) => {
    const response = await fetch(`${world.url}/stream${query}`);
    return { status: response.status, ...((await response.json()) as { error: object }).error };
  };
  expect(await refused('?after_id=x')).toMatchObject({
    status: 400,
    message: 'events: after_id must be the id of an event, 0 or more',
  });
  for (const after of ['x', '-1', '1.5', `${world.store.databaseId()}.x`, '0123456789ab.']) {
    expect(await refused(`?after=${after}`)).toMatchObject({
      status: 400,
      message: 'after must be a cursor that an answer gave, or the id of an event',
    });
  }
  expect(await refused('?after=1&after_id=1')).toMatchObject({
    status: 400,
    message: 'after and after_id both say where to begin',
  });
  expect(await refused('?workflow_id=none')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(await refused('?types=workflow_startd')).toMatchObject({
    status: 400,
    message: 'types: there is no type of event "workflow_startd"',
  });
  expect(await refused('?type=a')).toMatchObject({
    status: 400,
    message: 'events: there is no parameter type',
  });
});
