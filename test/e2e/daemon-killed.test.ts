/**
 * `kill -9` of the daemon under fifty runs of every kind: the next one goes on with all of them by
 * itself. What was done is not done again, what was asked is asked once.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS, untilPast, withRoom } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon, writeSettings } from './daemon.ts';
import { flow, newWorld, type World } from './opcode.ts';

/** Of each kind of run. */
const EACH = Number(process.env.TEST_EACH ?? 5);

let world: World;
let daemon: DaemonProcess | null;
let peer: ReturnType<typeof startPeer>;
beforeEach(() => {
  world = newWorld();
  daemon = null;
  peer = startPeer();
});
afterEach(async () => {
  await end(daemon);
  await peer.server.stop(true);
  world.close();
});

/** A service that answers only once `release` was called, and one that does at the third call. */
function startPeer() {
  const released = Promise.withResolvers<void>();
  const calls = new Map<string, number>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const key = new URL(request.url).searchParams.get('run') ?? '';
      const count = (calls.get(key) ?? 0) + 1;
      calls.set(key, count);
      if (new URL(request.url).pathname === '/slow') await released.promise;
      const fails = new URL(request.url).pathname === '/third' && count < 3;
      return new Response(fails ? 'no' : 'ok', { status: fails ? 503 : 200 });
    },
  });
  return { server, calls, release: released.resolve };
}

/** Leaves a line for this step when it has done its work. */
const mark = (id: string, sink: string, rest: object = {}) => ({
  id,
  run: `echo "$OPCODE_IDEMPOTENCY_KEY" >> '${sink}'`,
  on_interrupt: 'rerun',
  ...rest,
});

/** Every kind of run, by name; each begins and ends with a mark. */
function kinds(sink: string, url: string): Record<string, object[]> {
  const around = (id: string, step: object): object[] => [
    mark('before', sink),
    { id, depends_on: ['before'], ...step },
    mark('after', sink, { depends_on: [id] }),
  ];
  const call = (path: string) => ({
    action: 'http.get',
    params: { url: `${url}${path}?run=\${{workflow.run_id}}`, fail_on_error_status: true },
  });
  return {
    sleeps: around('wait', { type: 'wait', config: { duration: '1500ms' } }),
    shell: around('long', { run: 'sleep 3', on_interrupt: 'rerun' }),
    asks_unknown: around('long', { run: 'sleep 3' }),
    http: around('call', call('/slow')),
    retries: around('call', {
      ...call('/third'),
      retry: { max: 4, backoff: 'constant', delay: '700ms' },
    }),
    loops: around('loop', {
      type: 'loop',
      config: {
        over: '[1, 2, 3, 4]',
        body: [mark('item', sink), { id: 'rest', type: 'wait', config: { duration: '400ms' } }],
      },
    }),
    branches: around('par', {
      type: 'parallel',
      config: {
        branches: [
          [mark('left', sink), { id: 'rest', type: 'wait', config: { duration: '1s' } }],
          [{ id: 'rest', type: 'wait', config: { duration: '700ms' } }, mark('right', sink)],
        ],
      },
    }),
    decides: around('ask', {
      type: 'reasoning',
      config: { prompt_context: 'Go?', options: [{ id: 'yes' }] },
    }),
    calls: around('child', { action: 'workflow.run', params: { template_name: 'sleeps' } }),
    hears: around('wait', { type: 'wait', config: { signal: 'go' } }),
  };
}

interface Run {
  readonly workflow_id: string;
  readonly template: string;
  readonly status: string;
}

async function runs(...where: string[]): Promise<Run[]> {
  const done = await world.run('query', 'workflows', '--limit', '500', '--json', ...where);
  return done.json<{ workflows: Run[] }>().workflows;
}

/** How many events of a type there are. */
async function eventCount(type: string, ...where: string[]): Promise<number> {
  const done = await world.run(
    'query',
    'events',
    '--type',
    type,
    '--limit',
    '500',
    '--json',
    ...where,
  );
  return done.json<{ events: unknown[] }>().events.length;
}

/** Starts them through the daemon, many at a time. */
async function startAll(url: string, names: readonly string[]): Promise<void> {
  const starts = names.map((template_name) =>
    fetch(`${url}/api/v1/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ template_name, wait: 0 }),
    }),
  );
  for (const response of await Promise.all(starts)) expect(response.status).toBe(200);
}

/** Adds a schedule of a time at which no daemon lives; answers that time. */
const scheduleSoon = (): Promise<number> =>
  withRoom(async (roomMs) => {
    const dueAt = Date.now() + roomMs;
    const at = new Date(dueAt).toISOString();
    const added = await world.run('schedule', 'add', 'once', 'scheduled', at);
    if (added.code !== 0 && added.stderr.includes('has passed')) return null;
    expect(added.code).toBe(0);
    return dueAt;
  });

/** Marks each run of a kind leaves, its children's too. */
const MARKS: Readonly<Record<string, number>> = { loops: 6, branches: 4, calls: 4 };

describe('a daemon that is killed under fifty runs', () => {
  test(
    'leaves nothing that the next one does not go on with',
    async () => {
      // The failures are meant to be; they say nothing about the service.
      mkdirSync(world.home, { mode: 0o700 });
      writeSettings(world.home, { circuit_breaker: { enabled: false } });
      const sink = join(world.folder, 'marks.txt');
      const all = kinds(sink, peer.server.url.origin);
      for (const [name, steps] of Object.entries(all)) {
        const file = world.file(`${name}.json`, flow(name, steps));
        expect((await world.run('define', file)).code).toBe(0);
      }
      const scheduled = flow('scheduled', [mark('before', sink), mark('after', sink)]);
      await world.run('define', world.file('scheduled.json', scheduled));
      const names = Object.keys(all).flatMap((name) => Array<string>(EACH).fill(name));
      daemon = await startDaemon(world);
      await startAll(daemon.url, names);
      // Every run has done its first step: they are now in the middle of something.
      const marksLeft = (): string[] =>
        existsSync(sink) ? readFileSync(sink, 'utf8').trim().split('\n') : [];
      await eventually(
        async () => (await eventCount('step_completed', '--step', 'before')) >= names.length,
        'all have begun',
      );
      const killed = daemon;
      await end(killed);
      peer.release();
      const dueAt = await scheduleSoon();
      const hearing = (await runs()).filter(({ template }) => template === 'hears');
      const sent = hearing.map(({ workflow_id }) =>
        world.run('signal', workflow_id, 'data', '--name', 'go', '--detach'),
      );
      expect((await Promise.all(sent)).map(({ code }) => code)).toEqual(Array(EACH).fill(0));

      await untilPast(dueAt);

      daemon = await startDaemon(world);
      // On a slow machine a step may have ended before the kill: then there is nothing to ask.
      const isDone = ({ template, status }: Run): boolean =>
        (status === 'completed' && template !== 'decides') ||
        (status === 'suspended' && ['decides', 'asks_unknown'].includes(template));
      await eventually(async () => (await runs()).every(isDone), 'all go on');

      const questions = (await world.run('query', 'decisions', '--limit', '500', '--json')).json<{
        decisions: { workflow_id: string; kind: string; status: string }[];
      }>().decisions;
      expect(questions.filter(({ kind }) => kind === 'reasoning')).toHaveLength(EACH);
      const unknown = questions.filter(({ kind }) => kind === 'outcome_unknown');
      expect(unknown.length).toBeLessThanOrEqual(EACH);
      const asked = await Promise.all(
        questions.map(({ workflow_id, kind }) =>
          world.run('decide', workflow_id, kind === 'reasoning' ? 'yes' : 'rerun', '--json'),
        ),
      );
      expect(asked.filter(({ code }) => code !== 0)).toEqual([]);
      await eventually(async () => {
        const all = await runs();
        const hasFired = all.filter(({ template }) => template === 'scheduled').length === 1;
        return hasFired && all.every(({ status }) => status === 'completed');
      }, 'all have ended, the scheduled one too');
      const lines = marksLeft();
      // A mark that the kill itself caught may stand there already when it is made again.
      expect(lines.length - new Set(lines).size).toBeLessThanOrEqual(
        await eventCount('step_interrupted'),
      );
      expect(new Set(lines).size).toBe(names.reduce((sum, name) => sum + (MARKS[name] ?? 2), 2));
      const verified = await world.run('verify', '--json');
      expect(verified.code).toBe(0);
    },
    TEST_MS,
  );
});
