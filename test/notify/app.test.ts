/**
 * The whole way with a real application: a run fails or asks, and a receiver on this machine, or a
 * command, is told, with nothing secret in it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenedApp, openApp } from '../../src/app.ts';
import { lookAtNotices } from '../../src/app-doctor-notices.ts';
import { startNotices } from '../../src/app-notify.ts';
import { loadConfig } from '../../src/config.ts';
import type { Json } from '../../src/model/json.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { eventually } from '../support/patience.ts';
import { answers, openReceiver, type Received, type Receiver, signatureOf } from './receiver.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

let home: string;
let receiver: Receiver;
let closers: (() => Promise<void>)[];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'opcode-notify-'));
  receiver = await openReceiver();
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await receiver.close();
  rmSync(home, { recursive: true, force: true });
});

interface Given {
  readonly channels: Record<string, object>;
  readonly rules: readonly object[];
  readonly env?: Record<string, string>;
  readonly more?: object;
}

function configOf({ channels, rules, env = {}, more = {} }: Given) {
  writeFileSync(
    join(home, 'settings.json'),
    JSON.stringify({ notify: { channels, rules }, ...more }),
  );
  return loadConfig({
    flags: {},
    env: { PATH: process.env.PATH, HOME: home, SECRET_NOT_FOR_CHILDREN: 'x', ...env },
    home,
  });
}

async function open(given: Given, delivers = true): Promise<OpenedApp> {
  const app = await openApp(configOf(given), { execute: true, log: SILENT });
  const end = delivers
    ? startNotices({ notify: app.notify, engine: app.engine, recovered: 0, crashed: false })
    : () => Promise.resolve();
  closers.push(async () => {
    await end();
    await app.close();
  });
  return app;
}

const person: CallContext = {
  caller: { agentId: null, name: 'cli:ann', role: 'local', sender: 'person' },
  exec: { cwd: tmpdir(), env: { PATH: process.env.PATH ?? '' } },
};

const steps = (...list: readonly object[]) => ({ steps: list }) as unknown as Record<string, Json>;
const FAILS = steps({ id: 'check', action: 'workflow.fail', params: { reason: 'no "luck"\n😀' } });
const ASKS = steps({
  id: 'approve',
  type: 'reasoning',
  config: { prompt_context: 'Deploy?', options: [{ id: 'yes' }, { id: 'no' }] },
});

async function run(app: OpenedApp, definition: Record<string, Json>): Promise<string> {
  await app.ops.define(person, { name: 'deploy', definition });
  const result = await app.ops.run(person, { template_name: 'deploy', wait: '2m' });
  return 'workflow_id' in result ? result.workflow_id : '';
}

const first = (): Promise<Received> => eventually(() => receiver.received[0]);
const errorOf = async (app: OpenedApp, channel: string): Promise<string> =>
  String((await app.ops.notify_test(person, { channel })).error);

describe('a webhook', () => {
  test('gets the whole message, with the event as key, signed', async () => {
    const app = await open({
      channels: { team: { type: 'webhook', url: `${receiver.url}/hook`, secret: 'HOOK_KEY' } },
      rules: [{ on: ['run_failed'], where: { template: 'dep*' }, channel: 'team' }],
      env: { OPCODE_SECRET_HOOK_KEY: 'very secret key' },
    });
    const id = await run(app, FAILS);
    const { path, headers, body } = await first();
    expect(path).toBe('/hook');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['user-agent']).toStartWith('opcode/');
    expect(headers['x-opcode-kind']).toBe('run_failed');
    expect(headers['x-opcode-signature']).toBe(signatureOf('very secret key', body));
    const message = JSON.parse(body);
    const event = app.store.tail(0, 1000).find(({ event }) => event.type === 'workflow_failed');
    expect(headers['x-opcode-event']).toBe(String(event?.id));
    expect(message).toMatchObject({
      event: String(event?.id),
      channel: 'team',
      kind: 'run_failed',
      title: 'deploy failed',
      workflow_id: id,
      template: 'deploy',
      step_id: 'check',
      error: { code: 'NON_RETRYABLE', message: 'no "luck"\n😀' },
    });
    await eventually(() => app.store.noticeCounts()[0]?.delivered === 1);
    expect(receiver.received).toHaveLength(1);
  });

  test('gets the body it asks for; no text breaks out of its place', async () => {
    const app = await open({
      channels: {
        json: {
          type: 'webhook',
          url: `${receiver.url}/json`,
          body: '{"text": "*${{ title }}*: ${{ message }}", "id": "${{ decision.id ?? \'none\' }}"}',
        },
        text: {
          type: 'webhook',
          url: `${receiver.url}/text`,
          body: '${{ message }}',
          headers: { Title: 'Opcode', Authorization: 'Bearer ${{ secrets.NTFY }}' },
        },
      },
      rules: [
        { on: ['run_failed', 'decision'], channel: 'json' },
        { on: ['run_failed'], channel: 'text' },
      ],
      env: { OPCODE_SECRET_NTFY: 'token-of-ntfy' },
    });
    await run(app, FAILS);
    await eventually(() => receiver.received.length === 2);
    const at = (path: string) => receiver.received.find((each) => each.path === path);
    expect(JSON.parse(at('/json')?.body ?? '')).toEqual({
      text: '*deploy failed*: check: [NON_RETRYABLE] no "luck"\n😀',
      id: 'none',
    });
    expect(at('/text')?.body).toBe('check: [NON_RETRYABLE] no "luck"\n😀');
    expect(at('/text')?.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(at('/text')?.headers.authorization).toBe('Bearer token-of-ntfy');
    expect(at('/text')?.headers.title).toBe('Opcode');
  });

  test('is told when a run asks, and of a crash once', async () => {
    const app = await open({
      channels: { team: { type: 'webhook', url: receiver.url } },
      rules: [{ on: ['decision', 'restarted'], channel: 'team' }],
    });
    const id = await run(app, ASKS);
    await eventually(() => receiver.received.length === 2);
    const messages = receiver.received.map(({ body }) => JSON.parse(body));
    expect(messages.find(({ kind }) => kind === 'decision')).toMatchObject({
      message: 'approve: Deploy? (yes / no)',
      workflow_id: id,
      decision: { options: ['yes', 'no'], prompt: 'Deploy?' },
    });
    expect(messages.find(({ kind }) => kind === 'restarted')).toMatchObject({ status: 'start' });
  });

  test('is told what other processes put down, also before there was a daemon', async () => {
    const given = {
      channels: { team: { type: 'webhook', url: receiver.url } },
      rules: [{ on: ['run_failed'], channel: 'team' }],
    };
    const alone = await open(given, false);
    await run(alone, FAILS);
    expect(receiver.received).toEqual([]);
    expect(alone.store.noticeCounts()).toMatchObject([{ channel: 'team', waiting: 1 }]);
    await open(given);
    await first();
    await run(alone, FAILS);
    await eventually(() => receiver.received.length === 2);
  });

  test('that refuses, redirects, hangs or breaks off is told so, without its secret path', async () => {
    const app = await open({
      channels: {
        team: {
          type: 'webhook',
          url: `${receiver.url}/\${{ secrets.PATH_KEY }}/x`,
        },
        slow: { type: 'webhook', url: receiver.url, timeout: '200ms' },
      },
      rules: [],
      env: { OPCODE_SECRET_PATH_KEY: 'T0KEN-in-the-path' },
    });
    receiver.behave = (response, { path }) =>
      answers(500, {}, `bad: ${path}`)(response, receiver.received[0] as Received);
    expect(await errorOf(app, 'team')).toBe('HTTP 500: bad: /***/x');
    receiver.behave = answers(302, { location: 'https://elsewhere.test/' });
    expect(await errorOf(app, 'team')).toBe(
      'it redirects (HTTP 302): give the address that it leads to',
    );
    receiver.behave = () => undefined;
    expect(await errorOf(app, 'slow')).toBe('no answer within 200 ms');
    receiver.behave = (response) => response.socket?.destroy();
    const broken = await errorOf(app, 'team');
    expect(broken).toStartWith(`${receiver.url}: `);
    expect(broken).not.toContain('T0KEN');
    // It has said yes: how the connection ends does not matter.
    receiver.behave = (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('par', () => response.socket?.destroy());
    };
    expect((await app.ops.notify_test(person, { channel: 'team' })).ok).toBe(true);
  });

  test('with a secret that is not there, or that is no URL, says which', async () => {
    const app = await open({
      channels: {
        missing: { type: 'webhook', url: '${{ secrets.NOT_THERE }}' },
        odd: { type: 'webhook', url: '${{ secrets.ODD }}' },
        header: { type: 'webhook', url: receiver.url, headers: { A: '${{ secrets.LINES }}' } },
      },
      rules: [],
      env: { OPCODE_SECRET_ODD: 'not-a-url-but-secret', OPCODE_SECRET_LINES: 'one\ntwo' },
    });
    expect(await errorOf(app, 'missing')).toContain('NOT_THERE');
    expect(await errorOf(app, 'odd')).toBe('with its secrets the url is no http or https URL');
    expect(await errorOf(app, 'header')).toContain('headers.a: the secret has more than one line');
    expect(receiver.received).toEqual([]);
  });

  test('keeps to the rules for outgoing requests', async () => {
    const app = await open({
      channels: {
        here: { type: 'webhook', url: receiver.url },
        metadata: { type: 'webhook', url: 'http://169.254.169.254/latest' },
      },
      rules: [],
      more: { egress: { deny: ['127.0.0.0/8'] } },
    });
    expect(await errorOf(app, 'here')).toContain('denied by an egress rule');
    expect(await errorOf(app, 'metadata')).toContain('link-local or metadata');
    expect(receiver.received).toEqual([]);
  });

  test('never sees a secret that a step printed before it failed', async () => {
    const app = await open({
      channels: { team: { type: 'webhook', url: receiver.url } },
      rules: [{ on: ['run_failed', 'notify', 'decision'], channel: 'team' }],
      env: { OPCODE_SECRET_API: 'hunter2-is-the-key' },
    });
    const env = { KEY: '${{secrets.API}}' };
    await run(
      app,
      steps(
        {
          id: 'leak',
          action: 'shell.exec',
          params: {
            command: 'echo "key=$KEY" >&2; printf %s "$KEY" | base64 >&2; exit 3',
            shell: true,
            env,
            fail_on_error: true,
          },
          on_error: { strategy: 'ignore' },
        },
        {
          id: 'say',
          action: 'workflow.notify',
          params: { message: 'it said ${{ steps.leak.error }}' },
          depends_on: ['leak'],
        },
        {
          id: 'again',
          action: 'shell.exec',
          params: { command: 'echo "key=$KEY" >&2; exit 3', shell: true, env, fail_on_error: true },
          depends_on: ['say'],
        },
      ),
    );
    await eventually(() => receiver.received.length === 2);
    const all = receiver.received.map(({ body, headers }) => body + JSON.stringify(headers)).join();
    expect(all).toContain('key=***');
    expect(all).not.toContain('hunter2');
    expect(all).not.toContain(btoa('hunter2-is-the-key').slice(0, 16));
  });
});

describe('a command', () => {
  test('gets the message on standard input, and hardly anything else', async () => {
    const out = join(home, 'work', 'told');
    const app = await open({
      channels: {
        bell: {
          type: 'command',
          command: ['sh', '-c', 'cat > told.part; env > told.env; mv told.part told'],
        },
      },
      rules: [{ on: ['run_failed'], channel: 'bell' }],
    });
    await run(app, FAILS);
    await eventually(() => existsSync(out));
    const message = JSON.parse(readFileSync(out, 'utf8'));
    expect(message).toMatchObject({ kind: 'run_failed', channel: 'bell', title: 'deploy failed' });
    const env = readFileSync(join(home, 'work', 'told.env'), 'utf8');
    expect(env).toContain(`OPCODE_EVENT=${message.event}`);
    expect(env).not.toContain('SECRET_NOT_FOR_CHILDREN');
    await eventually(() => app.store.noticeCounts()[0]?.delivered === 1);
  });

  test('that fails, hangs or is not there says how', async () => {
    const app = await open({
      channels: {
        fails: { type: 'command', command: ['sh', '-c', 'echo no bell >&2; exit 7'] },
        hangs: { type: 'command', command: ['sh', '-c', 'sleep 60 & sleep 60'], timeout: '100ms' },
        missing: { type: 'command', command: ['no-such-program-here'] },
      },
      rules: [],
    });
    expect(await errorOf(app, 'fails')).toBe('exit code 7: no bell');
    expect(await errorOf(app, 'hangs')).toContain('did not end within 100 ms and was killed');
    expect(await errorOf(app, 'missing')).toContain('no-such-program-here');
  });
});

describe('the operations', () => {
  test('list what waits and what went wrong, also of a channel that is gone', async () => {
    const given = {
      channels: {
        team: { type: 'webhook', url: receiver.url },
        old: { type: 'webhook', url: receiver.url },
      },
      rules: [
        { on: ['run_failed'], channel: 'team' },
        { on: ['run_failed'], where: { agent: 'ann' }, channel: 'old' },
        { on: ['run_failed'], channel: 'old' },
      ],
    };
    receiver.behave = answers(503, {}, 'closed for today');
    const app = await open(given);
    await run(app, FAILS);
    await eventually(() => app.store.noticeCounts().every(({ lastError }) => lastError !== null));
    const { old: _, ...channels } = given.channels;
    app.notify.reload(configOf({ channels, rules: given.rules.slice(0, 1) }));
    const notices = await app.ops.notices(person, {});
    expect(notices).toMatchObject({
      channels: [
        { name: 'team', type: 'webhook', waiting: 1, last_error: 'HTTP 503: closed for today' },
        { name: 'old', type: null, waiting: 1 },
      ],
      rules: [{ on: ['run_failed'], channel: 'team' }],
      delivering: false,
    });
    expect((await app.ops.overview(person, {})).undelivered).toEqual([
      { channel: 'team', waiting: 1, gave_up: 0, last_error: 'HTTP 503: closed for today' },
      { channel: 'old', waiting: 1, gave_up: 0, last_error: 'HTTP 503: closed for today' },
    ]);
    const config = configOf({ channels, rules: given.rules.slice(0, 1) });
    expect(await lookAtNotices(config)).toEqual([
      {
        area: 'notices',
        level: 'warn',
        text: 'channel "team": 1 not delivered (HTTP 503: closed for today)',
        hint: 'opcode notify test team',
      },
      expect.objectContaining({
        level: 'warn',
        text: 'channel "old": 1 not delivered (it is no longer set)',
      }),
    ]);
  });

  test('know which channels there are', async () => {
    const app = await open({
      channels: { team: { type: 'webhook', url: receiver.url } },
      rules: [],
    });
    const asked = (channel: string) => app.ops.notify_test(person, { channel });
    await expect(asked('else')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'there is: team',
    });
    const meant = { code: 'NOT_FOUND', hint: expect.stringContaining('"team"') };
    await expect(asked('teem')).rejects.toMatchObject(meant);
    const viewer = { ...person, caller: { ...person.caller, role: 'agent' as const } };
    await expect(app.ops.notify_test(viewer, { channel: 'team' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});

describe('settings', () => {
  const bad = (body: unknown, on = 'run_failed') =>
    open({
      channels: { team: { type: 'webhook', url: receiver.url, body } },
      rules: [{ on: [on], channel: 'team' }],
    });

  test.each([
    [{ text: '${{ mesage }}' }, 'notify.channels.team.body.text: unknown name "mesage"'],
    [{ a: [{ b: '${{ title' }] }, 'notify.channels.team.body.a[0].b: '],
    ['${{ secrets.X }}', 'notify.channels.team.body: secrets are not allowed here'],
    [
      { id: '${{ decision.id }}' },
      'notify.channels.team.body: for "run_failed": decision.id: decision is null',
    ],
    [{ n: '${{ 1 / 0 }}' }, 'notify.channels.team.body'],
  ])('a body that cannot be made is refused with its place: %p', async (body, message) => {
    const place = `${join(home, 'settings.json')}: ${message}`;
    await expect(bad(body)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await expect(bad(body)).rejects.toThrow(place);
  });

  test('rules and channels are taken over, bad ones leave those of before', async () => {
    const given = {
      channels: { team: { type: 'webhook', url: `${receiver.url}/one` } },
      rules: [{ on: ['run_failed'], channel: 'team' }],
    };
    const app = await open({ ...given, rules: [] });
    await run(app, FAILS);
    const two = { team: { type: 'webhook', url: `${receiver.url}/two` } };
    app.notify.reload(configOf({ ...given, channels: two }));
    await run(app, FAILS);
    expect((await first()).path).toBe('/two');
    // What happened before there was a rule for it is not told.
    await eventually(() => app.store.noticeCounts()[0]?.delivered === 1);
    expect(app.store.noticeCounts()).toMatchObject([{ waiting: 0 }]);
    const broken = { team: { type: 'webhook', url: receiver.url, body: '${{ x }}' } };
    expect(() => app.notify.reload(configOf({ ...given, channels: broken }))).toThrow('body');
    await run(app, FAILS);
    await eventually(() => receiver.received.length === 2);
    expect(receiver.received[1]?.path).toBe('/two');
  });

  test('a mistake in rules or channels names the file and the place', () => {
    const load = (given: Given) => () => configOf(given);
    const place = join(home, 'settings.json');
    expect(load({ channels: {}, rules: [{ on: ['run_failed'], channel: 'team' }] })).toThrow(
      `${place}: notify.rules[0].channel: "team" is no channel (there is none yet)`,
    );
    expect(load({ channels: { team: { type: 'webhook', url: 'x' } }, rules: [] })).toThrow(
      `${place}: notify.channels.team.url: is no URL`,
    );
  });
});
