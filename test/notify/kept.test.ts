/**
 * Messages and questions reach an agent at once or when it comes, once, over restarts of the daemon and
 * whatever its client listens to.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { openApp } from '../../src/app.ts';
import { type Daemon, startDaemon } from '../../src/app-serve.ts';
import { createAudience } from '../../src/notify/audience.ts';
import { post } from '../http/daemon.ts';
import { ASKING, call, freshHome, type Home } from '../mcp/session.ts';
import { eventually, TEST_MS, untilPast } from '../support/patience.ts';

let home: Home;
let daemon: Daemon;
let clients: Client[];

const start = (): Promise<Daemon> =>
  startDaemon({ config: home.config, write: () => undefined, pretty: false, color: false });

beforeEach(async () => {
  home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s' });
  daemon = await start();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await daemon.stop();
  home.remove();
});

async function restart(): Promise<void> {
  for (const client of clients.splice(0)) await client.close();
  await daemon.stop();
  daemon = await start();
}

interface Agent {
  readonly client: Client;
  /** What it was told, in order: texts of messages and prompts of questions. */
  readonly told: string[];
  readonly levels: string[];
  speak(): Promise<void>;
}

/** A client whose name is the agent's. */
async function come(name: string, over: 'mcp' | 'sse' = 'sse'): Promise<Agent> {
  const client = new Client({ name, version: '1' });
  const told: string[] = [];
  const levels: string[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    const { message, prompt } = params.data as Record<string, string>;
    told.push(String(prompt ?? message));
    levels.push(params.level);
  });
  const url = new URL(`/${over}`, daemon.urls[0]);
  const transport =
    over === 'sse' ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url);
  await client.connect(transport as Parameters<Client['connect']>[0]);
  clients.push(client);
  const speak = async (): Promise<void> => {
    await call(client, 'query', { resource: 'templates' });
  };
  return { client, told, levels, speak };
}

async function leave({ client }: Agent): Promise<void> {
  clients = clients.filter((each) => each !== client);
  await client.close();
}

const messages = (...list: readonly object[]) => ({
  steps: list.map((params, at) => ({
    id: `say${at}`,
    action: 'workflow.notify',
    params,
    ...(at === 0 ? {} : { depends_on: [`say${at - 1}`] }),
  })),
});

const say = async (boss: Agent, ...list: readonly object[]): Promise<Record<string, unknown>> =>
  (await call(boss.client, 'run', { definition: messages(...list), include: ['steps'] })).data;

const outputOf = (ran: Record<string, unknown>): unknown =>
  (ran.steps as Record<string, { output: unknown }>).say0?.output;

/** What would have come by now has come: two messages later in the same stream. */
async function settled(boss: Agent, agent: Agent, name: string): Promise<void> {
  const mark = `mark ${Math.random()}`;
  await say(boss, { message: mark, agent_id: name });
  await eventually(() => agent.told.includes(mark));
  agent.told.splice(agent.told.indexOf(mark), 1);
}

describe.each(['sse', 'mcp'] as const)('over /%s', (over) => {
  test('a message waits for its agent, and is told once', async () => {
    const boss = await come('boss', over);
    const ran = await say(boss, { message: 'for ann', agent_id: 'ann', level: 'warn' });
    expect(outputOf(ran)).toEqual({
      notified: false,
      reason: 'kept until agent "ann" is there',
    });
    const ben = await come('ben', over);
    await ben.speak();
    const ann = await come('ann', over);
    await eventually(() => ann.told.length > 0);
    await ann.speak();
    await settled(boss, ann, 'ann');
    expect(ann.told).toEqual(['for ann']);
    expect(ann.levels[0]).toBe('warning');
    await leave(ann);
    const again = await come('ann', over);
    await again.speak();
    await settled(boss, again, 'ann');
    expect(again.told).toEqual([]);
    expect(ben.told).toEqual([]);
  });

  test('who is there is told at once, and not again', async () => {
    const boss = await come('boss', over);
    const ann = await come('ann', over);
    await ann.speak();
    const ran = await say(boss, { message: 'now', agent_id: 'ann' });
    expect(outputOf(ran)).toEqual({ notified: true });
    await eventually(() => ann.told.length > 0);
    await ann.speak();
    await settled(boss, ann, 'ann');
    expect(ann.told).toEqual(['now']);
  });
});

test('a message and who was told of it survive restarts of the daemon', async () => {
  const boss = await come('boss');
  await say(boss, { message: 'over the night', agent_id: 'ann' });
  await restart();
  const ann = await come('ann');
  await eventually(() => ann.told.length > 0);
  expect(ann.told).toEqual(['over the night']);
  await ann.speak();
  await restart();
  const again = await come('ann');
  await again.speak();
  const bossAgain = await come('boss');
  await settled(bossAgain, again, 'ann');
  expect(again.told).toEqual([]);
});

test('a message whose time has passed is not told', async () => {
  const boss = await come('boss');
  await say(
    boss,
    { message: 'too late', agent_id: 'ann', ttl: '1ms' },
    { message: 'in time', agent_id: 'ann' },
    { message: 'never kept', agent_id: 'ann', ttl: '0s' },
  );
  await untilPast(Date.now() + 1);
  const ann = await come('ann');
  await eventually(() => ann.told.length > 0);
  expect(ann.told).toEqual(['in time']);
});

test('a message for nobody in particular goes to whoever comes first', async () => {
  // Nobody listens: the run is started over HTTP.
  const url = new URL('/api/v1/run', daemon.urls[0]).href;
  const response = await post(url, {
    definition: messages({ message: 'hello' }),
    wait: '2m',
    include: ['steps'],
  });
  expect(outputOf(await response.json())).toEqual({
    notified: false,
    reason: 'kept until somebody is there',
  });
  const ann = await come('ann');
  await eventually(() => ann.told.length > 0);
  expect(ann.told).toEqual(['hello']);
  await ann.speak();
  const ben = await come('ben');
  await ben.speak();
  expect(ben.told).toEqual([]);
});

test('open questions are told to who comes, once, and not when they are answered', async () => {
  const boss = await come('boss');
  const asking = (prompt: string, target_agent?: string) => ({
    steps: [
      {
        ...ASKING.steps[0],
        config: { ...ASKING.steps[0]?.config, prompt_context: prompt, target_agent },
      },
    ],
  });
  const open = async (definition: object) =>
    (await call(boss.client, 'run', { definition })).data.workflow_id;
  await open(asking('for ann?', 'ann'));
  const answered = await open(asking('answered?'));
  await open(asking('for all?'));
  const payload = { choice: 'yes' };
  await call(boss.client, 'signal', { workflow_id: answered, signal_type: 'decision', payload });
  const ann = await come('ann');
  await eventually(() => ann.told.length === 2);
  expect(ann.told).toEqual(['for ann?', 'for all?']);
  const ben = await come('ben');
  await eventually(() => ben.told.length > 0);
  expect(ben.told).toEqual(['for all?']);
  await leave(ann);
  const again = await come('ann');
  await again.speak();
  await settled(boss, again, 'ann');
  expect(again.told).toEqual([]);
});

test(
  'who comes to many questions of others is told once that there are some',
  async () => {
    const boss = await come('boss');
    for (let at = 0; at < 6; at++) {
      await call(boss.client, 'run', { definition: ASKING });
    }
    const mine = {
      steps: [
        {
          ...ASKING.steps[0],
          config: { ...ASKING.steps[0]?.config, prompt_context: 'Yours?', target_agent: 'ann' },
        },
      ],
    };
    await call(boss.client, 'run', { definition: mine });
    const ann = await come('ann');
    await eventually(() => ann.told.length >= 2);
    await ann.speak();
    await settled(boss, ann, 'ann');
    expect(ann.told.toSorted()).toEqual([
      '6 or more decisions that anybody may make wait for an answer',
      'Yours?',
    ]);
  },
  TEST_MS,
);

test(
  'an agent that comes while a message is being committed is told exactly once',
  async () => {
    const boss = await come('boss');
    for (let round = 0; round < 10; round++) {
      const name = `agent${round}`;
      const over = round % 2 === 0 ? 'sse' : 'mcp';
      const [agent] = await Promise.all([
        come(name, over).then(async (here) => {
          await here.speak();
          return here;
        }),
        say(boss, { message: `m${round}`, agent_id: name }),
      ]);
      await eventually(() => agent.told.length > 0);
      await agent.speak();
      await settled(boss, agent, name);
      expect(agent.told).toEqual([`m${round}`]);
      await leave(agent);
    }
  },
  TEST_MS,
);

describe('a client that opens no stream', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'deaf', version: '1' },
    },
  };
  const query = {
    jsonrpc: '2.0',
    id: 2,
    method: 'tools/call',
    params: { name: 'query', arguments: { resource: 'templates' } },
  };

  test('is told with the answer to its next call, and nothing is lost before', async () => {
    const url = new URL('/mcp', daemon.urls[0]).href;
    const boss = await come('boss');
    const opened = await post(url, initialize);
    await opened.text();
    const headers = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
    const ran = await say(boss, { message: 'psst', agent_id: 'deaf' });
    expect(outputOf(ran)).toMatchObject({ notified: false });
    const spoken = await (await post(url, query, headers)).text();
    expect(spoken).toContain('psst');
    expect(spoken.indexOf('psst')).toBeLessThan(spoken.indexOf('"id":2'));
    const again = await (await post(url, query, headers)).text();
    expect(again).not.toContain('psst');
  });
});

test('a session with a token of an agent is that agent from the beginning', async () => {
  const boss = await come('boss');
  await say(boss, { message: 'for ann', agent_id: 'ann' }, { message: 'not', agent_id: 'probe' });
  await leave(boss);
  const app = await openApp(home.config, { execute: false });
  const person = { agentId: null, name: 'cli:me', role: 'local', sender: 'person' } as const;
  const made = await app.ops.token_create(
    { caller: person, exec: null },
    { role: 'agent', agent: 'ann' },
  );
  await app.close();
  const headers = { authorization: `Bearer ${made.token}` };
  const client = new Client({ name: 'probe', version: '1' });
  clients.push(client);
  const told: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    told.push((params.data as Record<string, unknown>).message);
  });
  const url = new URL('/mcp', daemon.urls[0]);
  const transport = new StreamableHTTPClientTransport(url, { requestInit: { headers } });
  await client.connect(transport as Parameters<Client['connect']>[0]);
  await eventually(() => told.length > 0);
  expect(told).toEqual(['for ann']);
});

describe('a client of the newest protocol', () => {
  const ask = async (meta: object): Promise<string> => {
    const url = new URL('/mcp', daemon.urls[0]).href;
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'modern', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
      ...meta,
    };
    const params = { name: 'query', arguments: { resource: 'templates' }, _meta };
    const body = { jsonrpc: '2.0', id: 7, method: 'tools/call', params };
    const headers = {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'query',
    };
    return (await post(url, body, headers)).text();
  };

  test('is told with the answer when it asks for messages, and only then', async () => {
    const boss = await come('boss');
    await say(boss, { message: 'psst', agent_id: 'modern' });
    expect(await ask({})).not.toContain('psst');
    const wants = { 'io.modelcontextprotocol/logLevel': 'info' };
    const answer = await ask(wants);
    expect(answer).toContain('psst');
    expect(answer).toContain('"id":7');
    expect(await ask(wants)).not.toContain('psst');
  });
});

describe('the audience', () => {
  test('is who has joined and listens', () => {
    const audience = createAudience();
    expect([audience.hears('ann'), audience.hears(null)]).toEqual([false, false]);
    let listens = false;
    const leaveFirst = audience.join('ann', () => listens);
    expect([audience.hears('ann'), audience.hears(null)]).toEqual([false, false]);
    listens = true;
    expect([audience.hears('ann'), audience.hears(null), audience.hears('ben')]).toEqual([
      true,
      true,
      false,
    ]);
    const leaveSecond = audience.join('ann', () => listens);
    leaveFirst();
    leaveFirst();
    expect(audience.hears('ann')).toBe(true);
    leaveSecond();
    expect([audience.hears('ann'), audience.hears(null)]).toEqual([false, false]);
  });
});
