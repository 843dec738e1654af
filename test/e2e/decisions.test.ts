/** Decisions over the death of processes: what was given in time counts, what came late does not. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

/** Data from before the question is used behind it. */
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

/** Until the question's own time is over; nothing of ours lives meanwhile. */
async function untilItsTimeIsOver(): Promise<void> {
  const { pending_decisions: pending } = await statusOf();
  const due = Date.parse(pending[0]?.timeout_at ?? '');
  expect(due).toBeGreaterThan(0);
  while (Date.now() <= due) await Bun.sleep(20);
}

describe('while no process lives', () => {
  test('an approval given in time wins over a time-out that passed later', async () => {
    const file = world.file('asking.json', asking('1500ms'));
    expect((await world.run('run', file)).code).toBe(7);
    expect((await world.run('decide', '@last', 'pay', '--detach')).code).toBe(0);
    await untilItsTimeIsOver();
    expect((await world.run('recover', '@last')).code).toBe(0);
    const run = await statusOf();
    expect(run.steps.ask?.output).toMatchObject({ choice: 'pay', via: 'signal' });
    expect(await Bun.file(`${world.folder}/paid.txt`).text()).toBe('42 by signal');
  });

  test('a time-out that passed first takes its fallback, and the late approval is refused', async () => {
    const file = world.file('asking.json', asking('300ms'));
    expect((await world.run('run', file)).code).toBe(7);
    await untilItsTimeIsOver();
    expect((await world.run('decide', '@last', 'pay', '--detach')).code).toBe(0);
    expect((await world.run('recover', '@last')).code).toBe(0);
    const run = await statusOf();
    expect(run.status).toBe('completed');
    expect(run.steps.ask?.output).toMatchObject({ choice: 'leave', via: 'timeout' });
    expect(run.steps.paid?.status).toBe('skipped');
    expect(await Bun.file(`${world.folder}/paid.txt`).exists()).toBe(false);
  });
});
