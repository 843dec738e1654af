/** A client that asks for ever more: what a session holds is bounded. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createTeller } from '../../src/mcp/notices.ts';
import { call, freshHome, type Home, openSession, PURE, type Session } from './session.ts';

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
});

afterAll(async () => {
  await session.close();
  home.remove();
});

describe('subscriptions', () => {
  test('have addresses of a bounded length', async () => {
    const uri = `opcode://runs/${'a'.repeat(100_000)}`;
    const refused = await session.client.subscribeResource({ uri }).catch((error) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(refused.message.length).toBeLessThan(3000);
  });

  test('are so many at most, and one can be given up for another', async () => {
    const { client } = session;
    const uri = (i: number) => `opcode://runs/run-${i}`;
    for (let i = 0; i < 1000; i++) await client.subscribeResource({ uri: uri(i) });
    const most = 'a session subscribes to at most 1000 resources';
    await expect(client.subscribeResource({ uri: uri(1000) })).rejects.toThrow(most);
    await client.subscribeResource({ uri: uri(999) });
    await client.unsubscribeResource({ uri: uri(0) });
    await client.subscribeResource({ uri: uri(1000) });
  });
});

describe('the name of an agent', () => {
  test.each([
    ['longer than any', 'a'.repeat(129), 'at most 128 characters'],
    ['that forges a line', 'ann\nbob', 'no line breaks'],
    ['that moves the cursor', 'ann\u001b[2J', 'no line breaks'],
  ])('%s is refused, and nobody is noted under it', async (_what, agent_id, why) => {
    const { text } = await call(session.client, 'run', { definition: PURE, agent_id });
    expect(text).toContain('VALIDATION_ERROR');
    expect(text).toContain(why);
    const { data } = await call(session.client, 'query', { resource: 'agents' });
    expect(JSON.stringify(data)).not.toContain(JSON.stringify(agent_id).slice(1, -1));
  });
});

test('a session that speaks for ever more agents hears for a bounded number', () => {
  const joined: string[] = [];
  const quiet = (): void => undefined;
  const state = {
    agents: new Set<string>(),
    uris: new Set<string>(),
    sortsUris: false,
    level: null,
  };
  const teller = createTeller({
    server: { onclose: undefined } as never,
    feed: { subscribe: () => () => undefined },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    spelling: 'dots',
    state,
    told: {
      kept: { untold: () => [], markTold: () => undefined },
      audience: {
        join(agent: string) {
          joined.push(agent);
          return () => undefined;
        },
      } as never,
    },
    hearing: { isOpen: () => true, onOpen: null },
  });
  teller.start();
  for (let i = 0; i < 5000; i++) teller.speaks(`agent ${i}`, null);
  expect([state.agents.size, joined.length]).toEqual([100, 100]);
  teller.stop();
});
