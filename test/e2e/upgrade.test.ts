/**
 * Upgrading: what the executable of an earlier revision left behind goes on with the present one.
 *
 * The earlier one is killed in the middle, as a machine that restarts does.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEWER_CHECKS } from '../../src/model/newer-checks.ts';
import { type BuiltRevision, buildRevision, hasRevision } from '../support/build-revision.ts';
import { eventually, TEST_MS } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { type World, worldIn } from './opcode.ts';

setDefaultTimeout(TEST_MS);

/** The last revision with rules 1. */
const REVISION = '4b2e513';
const canBuild = hasRevision(REVISION);
if (!canBuild) console.log(`skipped: upgrading from ${REVISION}, the history is too short for it`);

const KEY = 'signs-what-webhooks-get';
const SECRETS = { OPCODE_SECRET_HOOK: KEY };
const CHECKS = Object.keys(NEWER_CHECKS) as (keyof typeof NEWER_CHECKS)[];
/** Ends by itself only after an answer. */
const WAITING: ReadonlySet<string> = new Set(['NO_PROMPT']);

const templateOf = (check: string): string => check.toLowerCase().replaceAll('_', '-');

let built: BuiltRevision;
let folder = '';
let before: World;
let now: World;
let daemon: DaemonProcess | null = null;
const ids: Record<string, string> = {};
const statusBefore: Record<string, string> = {};

interface Run {
  readonly workflow_id: string;
  readonly status: string;
}

const post = async <T>(path: string, body: unknown, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${daemon?.url}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as T };
};

async function define(world: World, name: string, content: object): Promise<void> {
  const { code, stderr } = await world.run(
    'define',
    world.file(`${name}.json`, content),
    '--name',
    name,
  );
  if (code !== 0) throw new Error(`${name} is not taken: ${stderr}`);
}

async function start(name: string, more: object = {}): Promise<string> {
  const { body } = await post<Run>('/api/v1/run', { template_name: name, wait: 0, ...more });
  return body.workflow_id;
}

const statusOf = async (id: string, more: object = {}) =>
  (await post<Run & { waiting_for: unknown[] }>('/api/v1/status', { workflow_id: id, ...more }))
    .body;
const ended = (id: string) => statusOf(id, { wait: '60s', until: 'ended' });
const signal = (id: string, more: object) =>
  post<{ ok: boolean }>('/api/v1/signal', { workflow_id: id, ...more });

/** Runs a check's sample as far as it goes by itself; the code of the refusal when it does not start. */
async function stopOf(check: string): Promise<string> {
  const started = await post<Run & { error?: { code: string } }>('/api/v1/run', {
    template_name: templateOf(check),
    wait: 0,
  });
  if (started.status !== 200) return started.body.error?.code ?? '';
  const until = WAITING.has(check) ? 'stopped' : 'ended';
  return (await statusOf(started.body.workflow_id, { wait: '60s', until })).status;
}

const log = (id: string) => ({ id, action: 'workflow.log', params: { message: id } });
const asking = {
  id: 'q',
  type: 'reasoning',
  config: { prompt_context: 'Go on?', options: [{ id: 'yes' }] },
};

const TEMPLATES: Readonly<Record<string, object>> = {
  ask: { steps: [asking, { ...log('after'), depends_on: ['q'] }], on_complete: log('hook') },
  signal: { steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }] },
  timer: { steps: [{ id: 'w', type: 'wait', config: { duration: '3s' } }] },
  looped: { steps: [{ id: 'l', type: 'loop', config: { over: '[1, 2]', body: [asking] } }] },
  parent: { steps: [{ id: 'c', action: 'workflow.run', params: { template_name: 'ask' } }] },
  one: { concurrency: { key: 'k', limit: 1 }, steps: [asking] },
  delayed: {
    steps: [{ id: 'd', run: 'exit 3', retry: { max: 1, delay: '1s', backoff: 'constant' } }],
  },
  rejected: {
    steps: [
      { ...asking, on_error: { strategy: 'ignore' } },
      { ...log('after'), depends_on: ['q'] },
    ],
  },
  busy: { steps: [{ id: 's', run: 'sleep 600', effect: 'idempotent', timeout: '2s' }] },
  hooked: {
    name: 'hooked',
    triggers: {
      webhook: [
        { name: 'first', secret: 'HOOK' },
        { name: 'second', secret: 'HOOK' },
      ],
      cron: [{ name: 'often', expression: '@every 1s' }],
    },
    definition: { steps: [log('seen')] },
  },
};

const occurrences = async (): Promise<number> => {
  const { body } = await post<{ workflows: unknown[] }>('/api/v1/query', {
    resource: 'workflows',
    filter: { template_name: 'hooked', limit: 100 },
  });
  return body.workflows.length;
};

async function leaveBehind(): Promise<void> {
  daemon = await startDaemon(before);
  for (const [name, content] of Object.entries(TEMPLATES)) await define(before, name, content);
  for (const check of CHECKS) await define(before, templateOf(check), NEWER_CHECKS[check].sample);
  for (const name of ['ask', 'signal', 'timer', 'looped', 'parent', 'one', 'delayed', 'rejected']) {
    ids[name] = await start(name);
  }
  ids.queued = await start('one');
  ids.keyed = await start('signal', { idempotency_key: 'once' });
  for (const check of CHECKS) {
    statusBefore[check] = await stopOf(check);
  }
  for (const name of ['ask', 'signal', 'looped', 'parent', 'one', 'rejected']) {
    await eventually(
      async () => (await statusOf(ids[name] ?? '')).status === 'suspended',
      `${name} waits`,
    );
  }
  ids.busy = await start('busy');
  await eventually(
    async () => (await statusOf(ids.busy ?? '')).status === 'active',
    'the command runs',
  );
  await eventually(async () => (await occurrences()) > 0, 'the schedule fires');
}

describe.if(canBuild)(`what ${REVISION} left behind`, () => {
  beforeAll(async () => {
    built = buildRevision(REVISION);
    folder = mkdtempSync(join(tmpdir(), 'opcode-upgrade-'));
    mkdirSync(join(folder, 'home'), { mode: 0o700 });
    before = worldIn(folder, built.binary, SECRETS);
    now = worldIn(folder, undefined, SECRETS);
    await leaveBehind();
    await end(daemon);
    daemon = await startDaemon(now);
  }, TEST_MS);
  afterAll(async () => {
    await end(daemon);
    built?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test('decisions are taken, also in loops and children', async () => {
    expect(
      (await signal(ids.ask ?? '', { signal_type: 'decision', payload: { choice: 'yes' } })).body
        .ok,
    ).toBe(true);
    expect((await ended(ids.ask ?? '')).status).toBe('completed');
    for (const iteration of [0, 1]) {
      const step_id = `l.iter_${iteration}.q`;
      await eventually(async () => {
        const sent = await signal(ids.looped ?? '', {
          signal_type: 'decision',
          step_id,
          payload: { choice: 'yes' },
        });
        return sent.status === 200;
      }, 'it asks');
    }
    expect((await ended(ids.looped ?? '')).status).toBe('completed');
    await signal(ids.parent ?? '', { signal_type: 'cancel' });
    expect((await ended(ids.parent ?? '')).status).toBe('cancelled');
  });

  test('a no that on_error ignored goes on being ignored', async () => {
    await signal(ids.rejected ?? '', { signal_type: 'decision', payload: { reject: true } });
    expect((await ended(ids.rejected ?? '')).status).toBe('completed');
  });

  test('signals, timers, retries and commands go on', async () => {
    await signal(ids.signal ?? '', { signal_type: 'data', name: 'go', payload: 1 });
    expect((await ended(ids.signal ?? '')).status).toBe('completed');
    expect((await ended(ids.timer ?? '')).status).toBe('completed');
    expect((await ended(ids.delayed ?? '')).status).toBe('failed');
    expect((await ended(ids.busy ?? '')).status).toBe('failed');
  });

  test('a queued run has its turn after the one that holds the place', async () => {
    expect((await statusOf(ids.queued ?? '')).status).toBe('pending');
    await signal(ids.one ?? '', { signal_type: 'decision', payload: { choice: 'yes' } });
    expect((await ended(ids.one ?? '')).status).toBe('completed');
    await eventually(
      async () => (await statusOf(ids.queued ?? '')).status === 'suspended',
      'it asks',
    );
    await signal(ids.queued ?? '', { signal_type: 'decision', payload: { choice: 'yes' } });
    expect((await ended(ids.queued ?? '')).status).toBe('completed');
  });

  test('an idempotency key still names its run', async () => {
    expect(await start('signal', { idempotency_key: 'once' })).toBe(ids.keyed ?? '');
  });

  test('schedules fire, webhooks take both forms and share a secret', async () => {
    const fired = await occurrences();
    await eventually(async () => (await occurrences()) > fired, 'it fires again');
    const body = '{"ref":"main"}';
    const t = Math.floor(Date.now() / 1000);
    const mac = (text: string): string => createHmac('sha256', KEY).update(text).digest('hex');
    const forms = [
      { 'x-opcode-signature': `t=${t},v1=${mac(`${t}.${body}`)}` },
      { 'x-hub-signature-256': `sha256=${mac(body)}`, 'x-github-delivery': randomUUID() },
    ];
    const sent = await post('/hooks/first', body, forms[0]);
    expect(sent.status).toBe(202);
    expect((await post('/hooks/second', body, forms[1])).status).toBe(202);
  });

  test.each(CHECKS)('a template of before runs as it did: %s', async (check) => {
    expect(await stopOf(check)).toBe(statusBefore[check] ?? '');
  });

  test.each(CHECKS)('the same text is the same version and is warned about: %s', async (check) => {
    const name = templateOf(check);
    const file = now.file(`${name}.json`, NEWER_CHECKS[check].sample);
    const again = await now.run('define', file, '--name', name, '--json');
    expect([again.code, again.json().version, again.json().created]).toEqual([0, 1, false]);
    expect(JSON.stringify(again.json().warnings)).toContain('NEWER_CHECK');
    const other = await now.run('define', file, '--name', `${name}-new`);
    expect(other.code).toBe(2);
  });

  test('reruns keep the rules of their run', async () => {
    const again = await now.run('rerun', ids.rejected ?? '', '--json');
    const { workflow_id } = again.json<Run>();
    await signal(workflow_id, { signal_type: 'decision', payload: { reject: true } });
    expect((await ended(workflow_id)).status).toBe('completed');
  });

  test('every log says what its rows say', async () => {
    const verified = await now.run('verify');
    expect([verified.code, verified.stderr]).toEqual([0, expect.any(String)]);
  });
});
