/** A parent of a run that asks, at the command line: exit code, question, and the answer at the parent. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const QUESTION = {
  id: 'q',
  type: 'reasoning',
  config: { prompt_context: 'Go on?', options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }] },
};

/** Starts the parent of a run that asks; returns the parent's id. */
async function parent(more: object = {}): Promise<string> {
  await world.run('define', world.file('c.json', { name: 'c', definition: { steps: [QUESTION] } }));
  const call = { id: 's', action: 'workflow.run', params: { template_name: 'c' }, ...more };
  const after = { id: 'after', run: 'echo done', depends_on: ['s'] };
  const file = world.file('p.json', { steps: [call, after] });
  const { code, stdout } = await world.run('run', file, '--json');
  expect(code).toBe(7);
  const { workflow_id } = JSON.parse(stdout) as { workflow_id: string };
  return workflow_id;
}

describe('a parent whose child asks', () => {
  test('shows the question with the command that answers it', async () => {
    const id = await parent();
    const { stdout } = await world.run('status', id);
    expect(stdout).toContain('Go on?');
    expect(stdout).toMatch(/opcode decide \w+ q yes\|no/);
  });

  test('takes the answer, and both go on to their end', async () => {
    const id = await parent();
    const decided = await world.run('decide', id, 'q', 'yes');
    expect(decided.code).toBe(0);
    const status = (await world.run('status', id, '--json')).json<{ status: string }>();
    expect(status.status).toBe('completed');
  });

  test('takes a no, which no ignore of the parent catches', async () => {
    const id = await parent({ on_error: { strategy: 'ignore' } });
    await world.run('reject', id, '--reason', 'wrong account');
    const status = (await world.run('status', id, '--json')).json<{ error: { code: string } }>();
    expect(status.error.code).toBe('REJECTED');
  });
});

test('the short name answers the question that is open, iteration after iteration', async () => {
  const over = { over: [1, 2, 3], body: [QUESTION] };
  await world.run(
    'run',
    world.file('t.json', { steps: [{ id: 'l', type: 'loop', config: over }] }),
  );
  const codes: number[] = [];
  for (let i = 0; i < 3; i++)
    codes.push((await world.run('decide', '@last', 'q', 'yes', '-q')).code);
  expect(codes).toEqual([7, 7, 0]);
});
