/** The API: how inputs come in, how answers and errors go out, what ends a wait. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import { noop, steps } from '../ops/harness.ts';
import { type ApiWorld, openApi } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = openApi();
});
afterEach(() => world.close());

const ASKING = steps({
  id: 'ask',
  type: 'reasoning',
  config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no' }] },
});

interface Failure {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly details?: { readonly issues: readonly { readonly path: string }[] };
  };
}

describe('an operation', () => {
  test('is called with JSON and answers with what it gives, which nobody keeps', async () => {
    const { status, headers, body } = await world.post('run', {
      definition: steps(noop('a', { n: 1 })),
    });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({ status: 'completed', output: { a: { value: { n: 1 } } } });
  });

  test('that only reads is called with a query string too, typed by its schema', async () => {
    for (const id of ['a', 'b', 'c']) {
      await world.post('run', { definition: { ...steps(noop(id)), metadata: { name: id } } });
    }
    const { body } = await world.get<{ workflows: Json[]; next_cursor: string }>(
      'query?resource=workflows&filter.status=completed&filter.status=failed&filter.limit=2',
    );
    expect(body.workflows).toHaveLength(2);
    const rest = await world.get<{ workflows: Json[] }>(
      `query?resource=workflows&filter.cursor=${encodeURIComponent(body.next_cursor)}`,
    );
    expect(rest.body.workflows).toHaveLength(1);
    const asJson = encodeURIComponent('{"name":"b","limit":1}');
    const named = await world.get(`query?resource=workflows&filter=${asJson}`);
    expect(named.body).toMatchObject({ workflows: [{ name: 'b' }] });
    const included = await world.get<Record<string, Json>>(
      'status?workflow_id=@last&include=output&include=steps&wait=0',
    );
    expect(included.body).toMatchObject({ output: { c: { value: 'c' } } });
    const listed = await world.get('status?workflow_id=@last&include=["output"]');
    expect(listed.body).toMatchObject({ output: { c: { value: 'c' } } });
  });

  test('with no input takes an empty body', async () => {
    expect(await world.post('nodes', '')).toMatchObject({ status: 200 });
  });

  test('that changes something is not called by GET', async () => {
    const { status, headers, body } = await world.get<Failure>('run?template_name=a');
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
    expect(body.error.message).toContain('POST');
  });

  test('answers a list of any length whole, piece by piece', async () => {
    const value = 'x'.repeat(20_000);
    await world.post('run', {
      definition: steps(...Array.from({ length: 40 }, (_, i) => noop(`s${i}`, value))),
    });
    const { body, headers } = await world.post<{
      steps: Record<string, { output: { value: string } }>;
    }>('status', { workflow_id: '@last', include: ['steps'] });
    expect(headers.get('content-length')).toBeNull();
    expect(Object.keys(body.steps)).toHaveLength(40);
    expect(Object.values(body.steps).every(({ output }) => output.value === value)).toBe(true);
  });
});

describe('is refused, saying what is wrong:', () => {
  const refused = async (answer: Promise<{ status: number; body: Failure }>) => {
    const { status, body } = await answer;
    return { status, ...body.error };
  };

  test('an operation that is none', async () => {
    const error = await refused(world.post<Failure>('launch'));
    expect(error).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(error.hint).toContain('run, rerun');
    expect(await refused(world.get<Failure>('__proto__'))).toMatchObject({ status: 404 });
  });

  test('a body that is no JSON, or no object', async () => {
    const broken = await refused(world.post<Failure>('run', '{"wait": '));
    expect(broken).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' });
    expect(broken.message).toStartWith('run: the body is not JSON');
    const list = await refused(world.post<Failure>('run', '[1]'));
    expect(list.message).toBe('run: the body must be a JSON object');
  });

  test('a body that is nested without end, or holds names of prototypes', async () => {
    const deep = `{"definition": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const refusedDeep = await refused(world.post<Failure>('run', deep));
    expect(refusedDeep).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' });
    const names = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}';
    const error = await refused(world.post<Failure>('overview', names));
    expect(error.message).toBe('overview: there is no field __proto__, constructor');
    const inside = await world.post(
      'run',
      `{"definition": ${JSON.stringify(steps(noop('a')))}, "params": ${names}}`,
    );
    expect(inside.status).toBe(200);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('a field that is unknown, wherever it stands', async () => {
    const top = await refused(world.post<Failure>('overview', { limit: 1, limt: 2 }));
    expect(top).toMatchObject({ status: 400, message: 'overview: there is no field limt' });
    expect(top.hint).toBe('there are limit, failed_within');
    const inner = await refused(
      world.post<Failure>('query', { resource: 'workflows', filter: { state: 1 } }),
    );
    expect(inner.details?.issues).toMatchObject([{ path: 'filter.state' }]);
    const query = await refused(world.get<Failure>('query?resource=workflows&filter.state=x'));
    expect(query).toMatchObject({ message: 'query: there is no field filter.state' });
    const pollute = await refused(
      world.get<Failure>('query?__proto__.polluted=1&resource=actions'),
    );
    expect(pollute.message).toBe('query: there is no field __proto__.polluted');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('a value of the wrong type', async () => {
    const error = await refused(world.get<Failure>('overview?limit=ten'));
    expect(error).toMatchObject({ status: 400, code: 'VALIDATION_ERROR' });
    expect(error.details?.issues).toMatchObject([{ path: 'limit' }]);
    const posted = await refused(world.post<Failure>('overview', { limit: 'many' }));
    expect(posted.details?.issues).toMatchObject([{ path: 'limit' }]);
  });

  test('a parameter that is given twice, or as a whole and in part', async () => {
    expect((await refused(world.get<Failure>('overview?limit=1&limit=2'))).message).toBe(
      'overview: limit is given 2 times',
    );
    expect(
      (await refused(world.get<Failure>('query?filter={}&filter.limit=1&resource=actions')))
        .message,
    ).toBe('query: filter is given both as a whole and by its fields');
  });

  test('what the operation refuses, with the status of its code', async () => {
    expect(await refused(world.post<Failure>('status', { workflow_id: 'abc' }))).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
    });
    await world.post('run', { definition: ASKING });
    const wrong = { workflow_id: '@last', signal_type: 'decision', payload: { choice: 'maybe' } };
    expect(await refused(world.post<Failure>('signal', wrong))).toMatchObject({
      status: 400,
      code: 'VALIDATION_ERROR',
    });
    const retry = { workflow_id: '@last', signal_type: 'retry' };
    expect(await refused(world.post<Failure>('signal', retry))).toMatchObject({
      status: 409,
      code: 'CONFLICT',
    });
  });

  test('a role that may not', async () => {
    const viewer = openApi({ caller: { agentId: null, role: 'viewer', sender: 'person' } });
    const { status, body } = await viewer.post<Failure>('run', { nonsense: 1 });
    expect({ status, code: body.error.code }).toEqual({ status: 403, code: 'PERMISSION_DENIED' });
    expect((await viewer.get('overview')).status).toBe(200);
    await viewer.close();
  });
});

describe('a wait', () => {
  test('ends with the run', async () => {
    const { body } = await world.post<{ workflow_id: string }>('run', { definition: ASKING });
    const { workflow_id } = body;
    const waiting = world.get(`status?workflow_id=${workflow_id}&wait=forever&until=ended`);
    await world.post('signal', {
      workflow_id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
    });
    expect((await waiting).body).toMatchObject({ status: 'completed' });
  });

  test('ends when the client goes away, and leaves nothing behind', async () => {
    await world.post('run', { definition: ASKING });
    const before = world.ops.status;
    const seen = Promise.withResolvers<void>();
    // The operation is told by its abort signal; what it waited for goes on.
    (world.ops as { status: typeof before }).status = async (ctx, input) => {
      ctx.abort?.addEventListener('abort', () => seen.resolve());
      asked.resolve();
      return before(ctx, input);
    };
    const asked = Promise.withResolvers<void>();
    const leaving = new AbortController();
    const url = `${world.url}/api/v1/status?workflow_id=@last&wait=forever&until=ended`;
    const answer = fetch(url, { signal: leaving.signal }).catch(() => 'left');
    await asked.promise;
    leaving.abort();
    expect(await answer).toBe('left');
    await seen.promise;
  });

  test('is answered as things stand when the server stops', async () => {
    await world.post('run', { definition: ASKING });
    const waiting = world.get('status?workflow_id=@last&wait=forever&until=ended');
    await world.get('status?workflow_id=@last');
    world.stopping.abort();
    expect((await waiting).body).toMatchObject({ status: 'suspended' });
  });
});

describe('an operation that yields items', () => {
  test('is a stream of them that says where it is and when it is over', async () => {
    await world.post('run', { definition: steps(noop('a')) });
    const response = await fetch(`${world.url}/api/v1/followEvents?workflow_id=@last`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const text = await response.text();
    const items = [...text.matchAll(/^id: (.+)\ndata: (.*)$/gm)].map(([, id, data]) => ({
      id,
      event: JSON.parse(data ?? ''),
    }));
    expect(items.map(({ event }) => event.event_type)).toEqual([
      'workflow_started',
      'step_started',
      'step_completed',
      'workflow_completed',
    ]);
    expect(items.every(({ id, event }) => id === event.cursor)).toBe(true);
    expect(text).toEndWith('event: end\ndata: {}\n\n');
  });

  test('goes on behind the item that a client names as the last it had', async () => {
    await world.post('run', { definition: steps(noop('a')) });
    const textOf = async (query: string, id: string): Promise<string> => {
      const headers = { 'last-event-id': id };
      return (await fetch(`${world.url}/api/v1/${query}`, { headers })).text();
    };
    const place = (id: number) => `${world.store.databaseId()}.${id}`;
    for (const id of [place(3), '3']) {
      for (const begun of ['', '&after_id=1', `&after=${place(1)}`]) {
        const text = await textOf(`followEvents?workflow_id=@last${begun}`, id);
        expect(text.match(/^id: .*$/gm)).toEqual([`id: ${place(4)}`]);
      }
    }
    expect(await textOf('followEvents?workflow_id=@last', '0123456789ab.1')).toContain('reset');
    const run = await world.get<{ workflow_id: string }>('status?workflow_id=@last');
    const runId = asRunId(run.body.workflow_id);
    const chunk = { runId, path: 'a', attempt: 1, stream: 'stdout', at: 0 } as const;
    world.store.appendLogs(['one', 'two'].map((text) => ({ ...chunk, text })));
    const [first = ''] =
      (await textOf('followLogs?workflow_id=@last', '')).match(/^id: .*$/m) ?? [];
    const rest = await textOf('followLogs?workflow_id=@last', first.slice(4));
    expect([rest.includes('"one"'), rest.includes('"two"')]).toEqual([false, true]);
    expect(await textOf('followLogs?workflow_id=@last', 'x')).toContain('after_offset: ');
    expect(await textOf('followEvents?workflow_id=@last', 'x')).toContain('must be a cursor');
  });

  test('breaks off when the server stops: only what is over says so', async () => {
    await world.post('run', { definition: ASKING });
    const response = await fetch(`${world.url}/api/v1/followEvents?workflow_id=@last`);
    const text = response.text();
    await world.get('status?workflow_id=@last');
    world.stopping.abort();
    expect(await text).toContain('workflow_suspended');
    expect(await text).not.toContain('event: end');
  });

  test('begins anew, and says so, behind a place of another database', async () => {
    await world.post('run', { definition: steps(noop('a')) });
    const asked = 'followEvents?workflow_id=@last&after=0123456789ab.2';
    const text = await (await fetch(`${world.url}/api/v1/${asked}`)).text();
    const place = `${world.store.databaseId()}.4`;
    expect(text).toBe(
      `: open\n\nid: ${place}\nevent: reset\ndata: {"as_of":"${place}"}\n\nevent: end\ndata: {}\n\n`,
    );
    const { status, body } = await world.get<Failure>('events?workflow_id=@last&after=900');
    expect({ status, code: body.error.code }).toEqual({ status: 409, code: 'CONFLICT' });
    expect(body.error.details).toMatchObject({ as_of: place });
  });

  test('answers what is wrong with its status', async () => {
    const { status, body } = await world.get<Failure>('followEvents?workflow_id=none');
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'NOT_FOUND' });
  });
});
