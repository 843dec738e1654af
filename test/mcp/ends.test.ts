/**
 * What is open × what ends it: every call that waits and every stream is over as soon as nobody is
 * there for it any more, the daemon keeps nothing of it, and the run goes on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { post } from '../http/daemon.ts';
import { eventually } from '../support/patience.ts';
import {
  AT_HOME,
  cancelled,
  INITIALIZE,
  listening,
  OPEN,
  type Open,
  openWorld,
  posted,
  session,
  toolCall,
  type World,
} from './ends-world.ts';
import { freshHome, type Home } from './session.ts';

let home: Home;
let world: World;

beforeAll(async () => {
  home = freshHome();
  world = await openWorld(home);
});

afterAll(async () => {
  await world.close();
  home.remove();
});

async function opened(kind: string, on: World = world): Promise<Open> {
  const open = await (OPEN[kind] as (world: World) => Promise<Open>)(on);
  await eventually(() => on.open() === 1, `${kind} waits, not ${on.open()}`);
  return open;
}

const isForgotten = (on: World = world): Promise<boolean> =>
  eventually(() => on.open() === 0, 'nothing waits any more');

const runIsUnharmed = async (): Promise<void> => {
  const { status } = await world.app.ops.status(AT_HOME, { workflow_id: world.run });
  expect(status).toBe('suspended');
};

describe('the client cancels its call', () => {
  test.each(['MCP call', 'MCP call with progress'])(
    '%s: its stream ends, unanswered',
    async (kind) => {
      const open = await opened(kind);
      await open.cancel?.();
      expect(await open.over).not.toContain('"id":7');
      await isForgotten();
      await runIsUnharmed();
    },
  );

  test.each(['MCP call over SSE', 'MCP call over stdio'])(
    '%s: no answer, and the session goes on',
    async (kind) => {
      const open = await opened(kind);
      await open.cancel?.();
      await isForgotten();
      open.leave?.();
      expect(await open.over).not.toContain('"id":7');
      await runIsUnharmed();
    },
  );

  test('of a batch only that call: the others are answered, then the stream ends', async () => {
    const headers = await session(world);
    const batch = [toolCall(world.run, 7), toolCall(world.run, 8), toolCall(world.run, 9)];
    const open = posted(`${world.url}/mcp`, batch, headers);
    await eventually(() => world.open() === 3);
    await post(`${world.url}/mcp`, cancelled(8), headers);
    await eventually(() => world.open() === 2);
    await post(`${world.url}/mcp`, [cancelled(7), cancelled(9), cancelled(9)], headers);
    expect(await open.over).not.toContain('"result"');
    await isForgotten();
    // The session is as good as before, and the ids are free again.
    const again = await post(
      `${world.url}/mcp`,
      { jsonrpc: '2.0', id: 8, method: 'ping' },
      headers,
    );
    expect(await again.text()).toContain('"id":8');
  });

  test('an id that is still open is not taken again', async () => {
    const headers = await session(world);
    const open = posted(`${world.url}/mcp`, toolCall(world.run, 7), headers);
    await eventually(() => world.open() === 1);
    const twice = await post(`${world.url}/mcp`, toolCall(world.run, 7), headers);
    expect([twice.status, await twice.text()]).toEqual([
      400,
      expect.stringContaining('without an answer yet'),
    ]);
    await post(`${world.url}/mcp`, cancelled(7), headers);
    await open.over;
  });
});

describe('a form that a call has put to a person', () => {
  const ASKS_PERSON = {
    steps: [
      {
        id: 'q',
        type: 'reasoning',
        config: { prompt_context: 'Sure?', by: 'person', options: [{ id: 'yes' }] },
      },
    ],
  };
  const withForms = {
    ...INITIALIZE,
    params: { ...INITIALIZE.params, capabilities: { elicitation: {} } },
  };

  /** A call whose stream shows a form; `seen` is what came on it. */
  async function formOpen(on: World) {
    const headers = await session(on, withForms);
    const params = { name: 'opcode_run', arguments: { definition: ASKS_PERSON } };
    const message = { jsonrpc: '2.0', id: 7, method: 'tools/call', params };
    const { body } = await post(`${on.url}/mcp`, message, headers);
    if (body === null) throw new Error('no stream');
    let text = '';
    const read = async (): Promise<string> => {
      for await (const chunk of body) text += new TextDecoder().decode(chunk);
      return text;
    };
    const over = read();
    await eventually(() => text.includes('elicitation/create'));
    return { headers, over };
  }

  test('is taken back when the call is cancelled', async () => {
    const { headers, over } = await formOpen(world);
    await post(`${world.url}/mcp`, cancelled(7), headers);
    const text = await over;
    expect(text).toContain('notifications/cancelled');
    expect(text).not.toContain('"id":7');
  });

  test('is taken back when the daemon stops, and the call is answered with the question', async () => {
    const own = freshHome();
    const stopped = await openWorld(own);
    const { over } = await formOpen(stopped);
    await stopped.close();
    const text = await over;
    expect(text).toContain('notifications/cancelled');
    expect(text).toContain('pending_decisions');
    own.remove();
  });
});

describe('the client leaves', () => {
  test.each(Object.keys(OPEN))('%s', async (kind) => {
    const open = await opened(kind);
    open.leave?.();
    await isForgotten();
    await open.over;
    await runIsUnharmed();
  });
});

describe('the client ends its session', () => {
  test.each(['MCP call', 'MCP call with progress'])('%s', async (kind) => {
    const open = await opened(kind);
    await open.end?.();
    await open.over;
    await isForgotten();
  });

  test('its stream of what it is told ends', async () => {
    const open = await listening(world);
    await open.end?.();
    expect(await open.over).not.toContain('"id"');
  });
});

describe('the token ends', () => {
  test.each(Object.keys(OPEN).filter((kind) => kind !== 'MCP call over stdio'))(
    '%s',
    async (kind) => {
      const open = await opened(kind);
      world.welcome = false;
      try {
        await isForgotten();
        const text = await open.over;
        // What came before on the stream of events is theirs; an answer is nobody's any more.
        if (kind !== 'HTTP events') expect(text).not.toContain('workflow_id');
      } finally {
        world.welcome = true;
      }
      await runIsUnharmed();
    },
  );

  test('the stream of what a session is told', async () => {
    const open = await listening(world);
    world.welcome = false;
    await open.over;
    world.welcome = true;
  });
});

describe('the daemon stops', () => {
  test.each(Object.keys(OPEN))('%s: answered as things stand, or broken off', async (kind) => {
    const own = freshHome();
    const stopped = await openWorld(own);
    const open = await opened(kind, stopped);
    await stopped.close();
    const text = await open.over;
    if (kind === 'HTTP events') expect(text).not.toContain('event: end');
    else expect(text).toMatch(/suspended|active/);
    expect(stopped.open()).toBe(0);
    own.remove();
  });
});
