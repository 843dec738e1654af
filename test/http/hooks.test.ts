/** Webhooks of a real daemon: signed requests start runs, everything else is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac, randomUUID } from 'node:crypto';
import { type Daemon, startDaemon } from '../../src/app-serve.ts';
import type { WebhookRow } from '../../src/model/schedule.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { freshHome, type Home } from '../mcp/session.ts';
import { post } from './daemon.ts';

const KEY = 'correct-horse-battery';
const KEYS: Readonly<Record<string, string>> = {
  HOOK_KEY: KEY,
  ANY_KEY: 'of-any-webhook-alone',
  FORGE_KEY: 'of-the-forge-webhook',
  EQUAL_KEY: 'of-a-sender-of-equals',
  OLD_KEY: 'of-webhooks-from-before',
  BUSY_KEY: 'of-a-busy-webhook-here',
  SAME_KEY: KEY,
};
let home: Home;
let daemon: Daemon;
let url = '';
const lines: string[] = [];

beforeAll(async () => {
  home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s' });
  await startAgain();
  await define('typed', {
    input_schema: {
      type: 'object',
      properties: { ref: { type: 'string' } },
      required: ['ref'],
      additionalProperties: false,
    },
    triggers: { webhook: [{ name: 'push', secret: 'HOOK_KEY' }] },
  });
  await define('any', { triggers: { webhook: [{ name: 'any', secret: 'ANY_KEY' }] } });
  const forge = { name: 'forge', secret: 'FORGE_KEY', form: 'forge' };
  await define('forge', { triggers: { webhook: [forge] } });
  const equal = { name: 'equal', secret: 'EQUAL_KEY', form: 'forge', equal_bodies: true };
  await define('equal', { triggers: { webhook: [equal] } });
  await define('keyless', { triggers: { webhook: [{ name: 'keyless', secret: 'NOT_THERE' }] } });
});
afterAll(async () => {
  await daemon.stop();
  home.remove();
});

async function startAgain(): Promise<void> {
  const config = { ...home.config, secrets: new Map(Object.entries(KEYS)) };
  const write = (line: string) => void lines.push(line);
  daemon = await startDaemon({ config, write, pretty: false, color: false });
  url = daemon.urls[0] ?? '';
}

/** Puts webhooks down as a program of before, or one without the secret at hand, did. */
function addWebhooks(webhooks: readonly WebhookRow[]): void {
  const store = openSqliteStore({ path: home.config.dbPath, synchronous: 'normal' });
  const [first] = webhooks;
  if (first === undefined) throw new Error('no webhooks');
  const kept = store.webhooksOf(first.template);
  const change = { template: first.template, at: 0, add: [], change: [], remove: [] };
  store.applyTriggers({ ...change, webhooks: [...kept, ...webhooks] });
  store.close();
}

const definition = {
  steps: [{ id: 'seen', action: 'workflow.log', params: { message: 'got ${{ inputs }}' } }],
  output: { inputs: '${{ inputs }}', context: '${{ context }}' },
};

async function define(name: string, more: object): Promise<void> {
  const answer = await post(`${url}/api/v1/define`, { name, definition, ...more });
  if (!answer.ok) throw new Error(await answer.text());
}

const hmac = (text: string, key = KEY): string =>
  createHmac('sha256', key).update(text).digest('hex');

const keyOf: Readonly<Record<string, string>> = { any: 'ANY_KEY', busy: 'BUSY_KEY' };

/** Headers of a request to a webhook of the form `opcode`. */
function signedFor(
  name: string,
  body: string,
  headers: Record<string, string> = {},
  at = Date.now(),
) {
  const t = Math.floor(at / 1000);
  const v2 = hmac(`v2\n${name}\n${t}\n${body}`, KEYS[keyOf[name] ?? 'HOOK_KEY']);
  return { 'x-opcode-signature': `t=${t},v2=${v2}`, ...headers };
}
const signed = (body: string, headers: Record<string, string> = {}, at = Date.now()) =>
  signedFor('push', body, headers, at);

const signedForge = (body: string, delivery: string | null, key = 'FORGE_KEY') => ({
  'x-hub-signature-256': `sha256=${hmac(body, KEYS[key])}`,
  ...(delivery === null ? {} : { 'x-github-delivery': delivery }),
});

const send = (
  name: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
) =>
  fetch(`${url}/hooks/${name}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

interface Answer {
  workflow_id: string;
  created: boolean;
  error?: { code: string; message: string };
}
const bodyOf = async (response: Response): Promise<Answer> => (await response.json()) as Answer;

/** The run of an accepted request, when it has ended. */
async function ended(response: Response) {
  expect(response.status).toBe(202);
  const { workflow_id } = await bodyOf(response);
  const status = await post(`${url}/api/v1/status`, { workflow_id, wait: '2m', until: 'ended' });
  return (await status.json()) as {
    status: string;
    input: Record<string, unknown>;
    output: { context: { webhook: { name: string; headers: Record<string, string> } } };
    trigger: unknown;
    template: string;
    agent_id: string | null;
  };
}

describe('a signed request', () => {
  test('starts the template with its JSON as input', async () => {
    const body = '{"ref":"main"}';
    const run = await ended(await send('push', body, signed(body, { 'x-github-event': 'push' })));
    expect(run).toMatchObject({
      status: 'completed',
      template: 'typed',
      input: { ref: 'main' },
      trigger: { type: 'webhook', webhook: 'push' },
    });
    expect(run.output.context.webhook).toMatchObject({
      name: 'push',
      headers: { 'x-github-event': 'push' },
    });
    expect(JSON.stringify(run)).not.toContain('v2=');
  });

  test('in the form of the forges', async () => {
    const body = '{"ref":"forge"}';
    const run = await ended(await send('forge', body, signedForge(body, randomUUID())));
    expect(run.input).toEqual({ ref: 'forge' });
  });

  test('with any other content is body and headers', async () => {
    const form = 'payload=%7B%7D';
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const run = await ended(await send('any', form, signedFor('any', form, type)));
    expect(run.input).toMatchObject({ body: form, headers: type });
    const list = '[1,2]';
    expect((await ended(await send('any', list, signedFor('any', list)))).input.body).toEqual([
      1, 2,
    ]);
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    const t = Math.floor(Date.now() / 1000);
    const v2 = createHmac('sha256', KEYS.ANY_KEY ?? '')
      .update(`v2\nany\n${t}\n`)
      .update(bytes)
      .digest('hex');
    const headers = { 'x-opcode-signature': `t=${t},v2=${v2}`, 'content-type': 'image/png' };
    const binary = await ended(await send('any', bytes, headers));
    expect(binary.input).toMatchObject({ body: bytes.toString('base64'), encoding: 'base64' });
  });

  test('that does not fit the input schema is told what is wrong', async () => {
    const body = '{"branch":"main"}';
    const refused = await send('push', body, signed(body));
    expect(refused.status).toBe(400);
    expect((await bodyOf(refused)).error?.message).toContain('ref');
    const broken = await send('push', '{', signed('{'));
    expect((await bodyOf(broken)).error?.message).toContain('is not');
  });
});

test('what another Opcode tells to a webhook can be taken in', async () => {
  const body = '{"ref":"told"}';
  const signature = `sha256=${hmac(body, KEYS.FORGE_KEY)}`;
  const headers = { 'x-opcode-signature': signature, 'x-opcode-event': randomUUID() };
  const first = await bodyOf(await send('forge', body, headers));
  const second = await bodyOf(await send('forge', body, headers));
  expect(second).toEqual({ workflow_id: first.workflow_id, created: false });
});

describe('a delivery', () => {
  test('that comes again starts nothing more', async () => {
    const body = '{"ref":"again"}';
    const headers = { 'x-opcode-delivery': randomUUID() };
    const first = await bodyOf(await send('push', body, signed(body, headers)));
    const second = await bodyOf(await send('push', body, signed(body, headers, Date.now() - 2000)));
    expect(first.created).toBe(true);
    expect(second).toEqual({ workflow_id: first.workflow_id, created: false });
    const other = '{"ref":"other"}';
    const conflict = await send('push', other, signed(other, headers));
    expect(conflict.status).toBe(409);
  });

  test('is taken away by nobody who knows its id before it comes', async () => {
    const delivery = randomUUID();
    const body = '{"ref":"wanted"}';
    const taken = await post(`${url}/api/v1/run`, {
      template_name: 'typed',
      params: { ref: 'evil' },
      idempotency_key: `webhook push ${delivery}`,
    });
    expect([taken.status, await taken.text()]).toEqual([
      400,
      expect.stringContaining('are those of webhooks'),
    ]);
    const sent = await send('push', body, signed(body, { 'x-opcode-delivery': delivery }));
    expect([sent.status, (await bodyOf(sent)).created]).toEqual([202, true]);
  });

  test('without an id: the same signed request again starts nothing more', async () => {
    const body = '{"ref":"replayed"}';
    const headers = signed(body);
    const first = await bodyOf(await send('push', body, headers));
    const second = await bodyOf(await send('push', body, headers));
    expect(second.workflow_id).toBe(first.workflow_id);
  });
});

describe('refused', () => {
  const body = '{"ref":"evil"}';
  const now = () => Math.floor(Date.now() / 1000);
  test.each([
    ['no signature', () => ({}), /not signed/],
    [
      'another key',
      () => ({
        'x-opcode-signature': `t=${now()},v2=${hmac(`v2\npush\n${now()}\n${body}`, 'guess')}`,
      }),
      /does not fit/,
    ],
    ['another body', () => signed('{"ref":"good"}'), /does not fit/],
    ['an old time', () => signed(body, {}, Date.now() - 6 * 60_000), /another time/],
    ['a time to come', () => signed(body, {}, Date.now() + 6 * 60_000), /another time/],
    [
      'a time that is not the signed one',
      () => ({
        'x-opcode-signature':
          signed(body, {}, Date.now() - 6 * 60_000)['x-opcode-signature']?.replace(
            /t=\d+/,
            `t=${now()}`,
          ) ?? '',
      }),
      /does not fit/,
    ],
    ['nonsense', () => ({ 'x-opcode-signature': 'v2=abc' }), /must be t=/],
    [
      'the form of another webhook',
      () => ({ 'x-hub-signature-256': `sha256=${hmac(body)}` }),
      /fit/,
    ],
    [
      'a forge form that is cut',
      () => ({ 'x-hub-signature-256': `sha256=${hmac(body).slice(2)}` }),
      /must be sha256=/,
    ],
    [
      'a forge form of another body',
      () => ({ 'x-hub-signature-256': `sha256=${hmac('{}')}` }),
      /does not fit/,
    ],
    ['an empty forge form', () => ({ 'x-hub-signature-256': '' }), /must be sha256=/],
    [
      'a good forge form beside a bad one of ours',
      () => ({ 'x-hub-signature-256': `sha256=${hmac(body)}`, 'x-opcode-signature': 't=1,v1=00' }),
      /must be t=/,
    ],
  ])('%s', async (_what, headers, message) => {
    const answer = await send('push', body, headers());
    expect(answer.status).toBe(401);
    const { error } = await bodyOf(answer);
    expect(error?.code).toBe('PERMISSION_DENIED');
    expect(error?.message).toMatch(message);
    const runs = await post(`${url}/api/v1/query`, {
      resource: 'workflows',
      filter: { limit: 100 },
    });
    expect(await runs.text()).not.toContain('evil');
  });

  test('a request that was seen and is sent again as another delivery', async () => {
    const seen = '{"ref":"seen"}';
    const headers = signed(seen, { 'x-opcode-delivery': randomUUID() });
    const first = await bodyOf(await send('push', seen, headers));
    expect(first.created).toBe(true);
    for (const delivery of [randomUUID(), 'other']) {
      const again = await send('push', seen, { ...headers, 'x-opcode-delivery': delivery });
      expect([again.status, (await bodyOf(again)).error?.message]).toEqual([
        401,
        'replayed: this signature came with another delivery before',
      ]);
    }
    const resent = await bodyOf(await send('push', seen, headers));
    expect(resent).toEqual({ workflow_id: first.workflow_id, created: false });
  });

  test('names that are tried out: one that is not there answers like one that is', async () => {
    const tries: Record<string, string>[] = [
      {},
      { 'x-opcode-signature': 'v1=abc' },
      { 'x-opcode-signature': `t=${now()},v2=${hmac(`v2\npush\n${now()}\n${body}`, 'guess')}` },
      { 'x-hub-signature-256': `sha256=${hmac(body, 'guess')}` },
    ];
    for (const headers of tries) {
      const [there, nowhere] = await Promise.all(
        ['push', 'nobody'].map(async (name) => {
          const answer = await send(name, body, headers);
          return [answer.status, await answer.text()];
        }),
      );
      expect(nowhere).toEqual(there ?? []);
    }
  });

  test('as often as somebody likes, and the log does not fill the disk', async () => {
    const before = lines.length;
    await Promise.all(Array.from({ length: 60 }, () => send('any', body, {})));
    const told = lines.slice(before).filter((line) => line.includes('a webhook was refused'));
    expect(told.length).toBeWithin(1, 6);
  });

  test('another method, a secret that is not there', async () => {
    expect((await fetch(`${url}/hooks/push`)).status).toBe(405);
    const keyless = await send('keyless', body, signed(body));
    const nowhere = await send('nowhere', body, signed(body));
    expect([keyless.status, await keyless.text()]).toEqual([401, await nowhere.text()]);
    expect(lines.join()).toContain('there is no secret \\"NOT_THERE\\"');
  });

  test('pages of other sites, and other content elsewhere', async () => {
    const page = await send('push', body, signed(body, { origin: 'https://evil.example' }));
    expect(page.status).toBe(403);
    const form = await fetch(`${url}/api/v1/query`, { method: 'POST', body: 'a=b' });
    expect(form.status).toBe(415);
  });

  test('more than the limit a minute', async () => {
    await define('busy', { triggers: { webhook: [{ name: 'busy', secret: 'BUSY_KEY' }] } });
    const at = Date.now();
    const one = (_: unknown, index: number) =>
      send('busy', '{}', signedFor('busy', '{}', {}, at - index * 1000));
    const answers = await Promise.all(Array.from({ length: 125 }, one));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused).toHaveLength(5);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('a recorded request of a forge', () => {
  const body = '{"ref":"recorded"}';

  test('starts nothing more under another delivery id, also after a restart', async () => {
    const first = await bodyOf(await send('forge', body, signedForge(body, 'delivery-1')));
    expect(first.created).toBe(true);
    await daemon.stop();
    await startAgain();
    const replayed = await send('forge', body, signedForge(body, 'delivery-2'));
    expect([replayed.status, (await bodyOf(replayed)).error?.message]).toEqual([
      401,
      'replayed: this signature came with another delivery before',
    ]);
    const other = '{"ref":"another body"}';
    for (const again of [
      await send('forge', body, signedForge(body, 'delivery-1')),
      await send('forge', body, signedForge(body, null)),
      await send('forge', other, signedForge(other, 'delivery-1')),
    ]) {
      expect(await bodyOf(again)).toEqual({ workflow_id: first.workflow_id, created: false });
    }
  });

  test('without a delivery id takes none later', async () => {
    const alone = '{"ref":"alone"}';
    const first = await bodyOf(await send('forge', alone, signedForge(alone, null)));
    expect(first.created).toBe(true);
    expect((await send('forge', alone, signedForge(alone, 'later'))).status).toBe(401);
  });

  test('of a sender of equal bodies counts by its delivery id alone, and needs one', async () => {
    const signedEqual = (delivery: string | null) => signedForge(body, delivery, 'EQUAL_KEY');
    const answers: Answer[] = [];
    for (const delivery of ['e1', 'e2', 'e1']) {
      answers.push(await bodyOf(await send('equal', body, signedEqual(delivery))));
    }
    expect(answers.map(({ created }) => created)).toEqual([true, true, false]);
    const without = await send('equal', body, signedEqual(null));
    expect([without.status, (await bodyOf(without)).error?.message]).toEqual([
      400,
      expect.stringContaining('x-opcode-delivery'),
    ]);
  });

  test('made of a signed message of another form is refused', async () => {
    for (const text of ['1790000000.{}', 'v2\npush\n1790000000\n{}']) {
      const plain = { ...signedForge(text, randomUUID()), 'content-type': 'text/plain' };
      expect((await send('forge', text, plain)).status).toBe(401);
    }
  });
});

describe('webhooks with one secret', () => {
  const one = (secret: string, name = 'second') => ({ triggers: { webhook: [{ name, secret }] } });

  test.each(['HOOK_KEY', 'SAME_KEY'])('a second one is refused: %s', async (secret) => {
    const answer = await post(`${url}/api/v1/define`, {
      name: 'second',
      definition,
      ...one(secret),
    });
    expect([answer.status, (await bodyOf(answer)).error?.message]).toEqual([
      409,
      expect.stringContaining('"push" is signed with the same value'),
    ]);
  });

  test('one whose value was not known then is refused at its first request', async () => {
    const row = { template: 'typed', form: 'opcode', equalBodies: false } as const;
    addWebhooks([{ ...row, name: 'late', secret: 'SAME_KEY', createdAt: Date.now() + 1000 }]);
    const body = '{"ref":"late"}';
    const t = Math.floor(Date.now() / 1000);
    const v2 = hmac(`v2\nlate\n${t}\n${body}`);
    const answer = await send('late', body, { 'x-opcode-signature': `t=${t},v2=${v2}` });
    expect([answer.status, (await bodyOf(answer)).error?.message]).toEqual([
      409,
      expect.stringContaining('"push"'),
    ]);
  });
});

describe('a webhook from before', () => {
  const legacy = (name: string): WebhookRow => ({
    name,
    template: 'old',
    secret: 'OLD_KEY',
    form: 'legacy',
    equalBodies: false,
    createdAt: 1,
  });
  const timed = (body: string, delivery: string) => {
    const t = Math.floor(Date.now() / 1000);
    const v1 = hmac(`${t}.${body}`, KEYS.OLD_KEY);
    return { 'x-opcode-signature': `t=${t},v1=${v1}`, 'x-opcode-delivery': delivery };
  };
  beforeAll(async () => {
    await define('old', {});
    addWebhooks([legacy('old-a'), legacy('old-b')]);
  });

  test('takes both forms of then, equal bodies too', async () => {
    const body = '{"ref":"old"}';
    for (const headers of [
      timed(body, 'o1'),
      signedForge(body, 'o2', 'OLD_KEY'),
      signedForge(body, 'o3', 'OLD_KEY'),
    ]) {
      const answer = await send('old-a', body, headers);
      expect([answer.status, (await bodyOf(answer)).created]).toEqual([202, true]);
    }
  });

  test('starts nothing by a request that was recorded at another one', async () => {
    const body = '{"ref":"crossed"}';
    expect((await send('old-a', body, signedForge(body, 'c1', 'OLD_KEY'))).status).toBe(202);
    expect((await send('old-b', body, signedForge(body, 'c2', 'OLD_KEY'))).status).toBe(401);
    const same = await send('old-b', body, signedForge(body, 'c1', 'OLD_KEY'));
    expect((await bodyOf(same)).created).toBe(false);
  });

  test('takes no request of the form with a time as one without', async () => {
    const body = '{"ref":"form"}';
    const headers = timed(body, 'f1');
    expect((await send('old-a', body, headers)).status).toBe(202);
    const t = Math.floor(Date.now() / 1000);
    const text = `${t}.${body}`;
    const again = { ...signedForge(text, 'f2', 'OLD_KEY'), 'content-type': 'text/plain' };
    expect((await send('old-a', text, again)).status).toBe(401);
  });

  test('keeps its form when its template is defined again', async () => {
    const entry = { name: 'old-a', secret: 'OLD_KEY' };
    await define('old', { description: 'again', triggers: { webhook: [entry] } });
    const body = '{"ref":"kept form"}';
    const answer = await send('old-a', body, signedForge(body, 'k1', 'OLD_KEY'));
    expect(answer.status).toBe(202);
  });
});

test('with tokens on, a webhook asks for none: its signature is what counts', async () => {
  const made = await post(`${url}/api/v1/token_create`, { role: 'admin' });
  const { token } = (await made.json()) as { token: string };
  const body = '{"ref":"tokens"}';
  expect((await post(`${url}/api/v1/query`, { resource: 'workflows' })).status).toBe(401);
  expect((await send('push', body, {})).status).toBe(401);
  const accepted = await send('push', body, signed(body));
  expect(accepted.status).toBe(202);
  const { workflow_id } = await bodyOf(accepted);
  const headers = { authorization: `Bearer ${token}` };
  const status = await post(`${url}/api/v1/status`, { workflow_id }, headers);
  expect(((await status.json()) as { input: object }).input).toEqual({ ref: 'tokens' });
});
