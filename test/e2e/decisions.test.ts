/** Decisions over the death of processes: what was given in time counts, what came late does not. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { untilPast, withRoom } from '../support/patience.ts';
import { newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

/** Data from before the question is used behind it; a process that lives at its time-out takes the fallback. */
const asking = (timeout: string) => ({
  steps: [
    { id: 'price', action: 'expr.eval', params: { expression: '40 + 2' } },
    {
      id: 'ask',
      type: 'reasoning',
      depends_on: ['price'],
      config: {
        prompt_context: 'Pay ${{steps.price.result}}?',
        options: [{ id: 'pay' }, { id: 'leave' }],
        timeout,
        fallback: 'leave',
      },
    },
    {
      id: 'paid',
      action: 'fs.append',
      condition: "steps.ask.choice == 'pay'",
      params: { path: 'paid.txt', content: '${{steps.price.result}} by ${{steps.ask.via}}' },
    },
  ],
});

interface Run {
  readonly status: string;
  readonly steps: Record<string, { status: string; output?: { choice?: string; via?: string } }>;
  readonly pending_decisions: readonly { timeout_at?: string }[];
}

const statusOf = async (): Promise<Run> =>
  (await world.run('status', '@last', '--json', '--include', 'steps,decisions,output')).json<Run>();

/** Waits until the question's own time is over, and answers it; nothing of ours lives meanwhile. */
async function untilItsTimeIsOver(): Promise<number> {
  const { pending_decisions: pending } = await statusOf();
  const due = Date.parse(pending[0]?.timeout_at ?? '');
  expect(due).toBeGreaterThan(0);
  await untilPast(due);
  return due;
}

describe('while no process lives', () => {
  test('an approval given in time wins over a time-out that passed later', async () => {
    await withRoom(async (roomMs) => {
      const file = world.file('asking.json', asking(`${roomMs}ms`));
      if ((await world.run('run', file)).code !== 7) return false;
      expect((await world.run('decide', '@last', 'pay', '--detach')).code).toBe(0);
      const decidedAt = Date.now();
      return decidedAt < (await untilItsTimeIsOver());
    });
    expect((await world.run('recover', '@last')).code).toBe(0);
    const run = await statusOf();
    expect(run.steps.ask?.output).toMatchObject({ choice: 'pay', via: 'signal' });
    expect(await Bun.file(`${world.folder}/paid.txt`).text()).toBe('42 by signal');
  });

  test('a time-out that passed first takes its fallback, and the late approval is refused', async () => {
    await withRoom(async (roomMs) => {
      const file = world.file('asking.json', asking(`${roomMs}ms`));
      if ((await world.run('run', file)).code !== 7) return false;
      await untilItsTimeIsOver();
      return true;
    });
    expect((await world.run('decide', '@last', 'pay', '--detach')).code).toBe(0);
    expect((await world.run('recover', '@last')).code).toBe(0);
    const run = await statusOf();
    expect(run.status).toBe('completed');
    expect(run.steps.ask?.output).toMatchObject({ choice: 'leave', via: 'timeout' });
    expect(run.steps.paid?.status).toBe('skipped');
    expect(await Bun.file(`${world.folder}/paid.txt`).exists()).toBe(false);
  });
});
