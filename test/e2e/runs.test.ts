/** Runs through the executable: start, wait, answer, retry, cancel, recover; exit codes and output. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withRoom } from '../support/patience.ts';
import { finished, flow, newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const UNTIL_GO = 'until test -e go; do sleep 0.02; done';
const letGo = (): void => writeFileSync(join(world.folder, 'go'), '');

const hash = { id: 'hash', action: 'crypto.hash', params: { data: 'abc' } };
const ask = {
  id: 'approve',
  type: 'reasoning',
  config: {
    prompt_context: 'Ship it?',
    options: [{ id: 'ship' }, { id: 'hold', outcome: 'stop' }],
  },
};
const asking = flow('asking', [
  ask,
  { id: 'ship', depends_on: ['approve'], action: 'assert.truthy', params: { value: true } },
]);
/** Fails until the file `ready` is there. */
const flaky = flow('flaky', [{ id: 'check', run: 'test -e ready && echo fine' }]);

const statusOf = async (run = '@last'): Promise<Record<string, never>> =>
  (await world.run('status', run, '--json', '--include', 'steps,decisions,output')).json();

describe('run', () => {
  test('prints the output on stdout and nothing else there', async () => {
    const done = await world.run('run', world.file('one.json', flow('one', [hash])));
    expect(done.code).toBe(0);
    expect(done.json()).toMatchObject({ hash: { algorithm: 'sha256' } });
    expect(done.stderr).toContain('completed  hash');
    expect(done.stderr).toContain('completed  one');
  });

  test('--json prints one document with steps and times', async () => {
    const done = await world.run('run', world.file('one.json', flow('one', [hash])), '--json');
    expect(done.stderr).toBe('');
    expect(done.json()).toMatchObject({
      status: 'completed',
      steps: { hash: { status: 'completed', duration_ms: expect.any(Number) } },
      pending_decisions: [],
    });
  });

  test('-q prints the output only', async () => {
    const done = await world.run('run', world.file('one.json', flow('one', [hash])), '-q');
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.json()).toHaveProperty('hash');
  });

  test('types -p by the input schema; := is JSON; --params comes from a file or stdin', async () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer' }, s: { type: 'string' }, list: { type: 'array' } },
      required: ['n', 's'],
    };
    const file = world.file('typed.json', {
      name: 'typed',
      input_schema: schema,
      definition: { steps: [hash], output: { got: '${{ inputs }}' } },
    });
    const typed = await world.run('run', file, '-q', '-p', 'n=3', '-p', 's=4', '-p', 'list:=[1]');
    expect(typed.json()).toEqual({ got: { n: 3, s: '4', list: [1] } });
    const input = '{"n": 1, "s": "x"}';
    const piped = await world.runWith({ input }, 'run', file, '-q', '--params', '-', '-p', 's=y');
    expect(piped.json()).toEqual({ got: { n: 1, s: 'y' } });
  });

  test('a failed run ends with 1, its code, what the command printed, and how to go on', async () => {
    const file = world.file('bad.json', flow('bad', [{ id: 'boom', run: 'echo why >&2; exit 3' }]));
    const done = await world.run('run', file);
    expect([done.code, done.stdout]).toEqual([1, '']);
    expect(done.stderr).toContain('boom | why'.replace('|', '│'));
    expect(done.stderr).toMatch(/\[EXECUTION_ERROR\] .* in boom/);
    expect(done.stderr).toContain('opcode retry');
  });

  test('--dry-run resolves, draws, and runs nothing', async () => {
    const file = world.file('touch.json', flow('touch', [{ id: 'touch', run: 'touch made' }]));
    const done = await world.run('run', file, '--dry-run');
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('│ touch');
    expect(existsSync(join(world.folder, 'made'))).toBe(false);
    expect((await world.run('query', 'workflows', '--json')).json()).toEqual({ workflows: [] });
  });

  test('with an idempotency key starts once', async () => {
    const file = world.file('one.json', flow('one', [hash]));
    const first = await world.run('run', file, '--json', '--idempotency-key', 'k');
    const second = await world.run('run', file, '--json', '--idempotency-key', 'k');
    expect(second.json().workflow_id).toBe(first.json().workflow_id);
    expect(second.json().created).toBe(false);
  });

  test('--wait leaves a run that goes on', async () => {
    const file = world.file(
      'slow.json',
      flow('slow', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]),
    );
    const done = await world.run('run', file, '--wait', '50ms');
    expect(done.code).toBe(5);
    expect(await statusOf()).toMatchObject({ status: 'active', has_executor: false });
  });
});

describe('a decision', () => {
  test('ends the run command with 7 and says how to answer', async () => {
    const done = await world.run('run', world.file('asking.json', asking));
    expect(done.code).toBe(7);
    expect(done.stderr).toMatch(/opcode decide [0-9a-f]{8} approve ship\|hold/);
  });

  test('goes on here when it is answered', async () => {
    await world.run('run', world.file('asking.json', asking));
    const wrong = await world.run('decide', '@last', 'perhaps');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('perhaps')]);
    const done = await world.run('decide', '@last', 'ship', '--reason', 'green');
    expect(done.code).toBe(0);
    const run = await statusOf();
    expect(run).toMatchObject({
      status: 'completed',
      steps: { approve: { output: { choice: 'ship', reasoning: 'green' } } },
    });
    expect((await world.run('decide', '@last', 'hold')).code).toBe(4);
  });

  test('that is rejected runs nothing behind it', async () => {
    await world.run('run', world.file('asking.json', asking));
    const done = await world.run('reject', '@last', 'approve', '--json');
    expect(done.code).toBe(0);
    expect(done.json()).toMatchObject({ ok: true, status: 'failed', error: { code: 'REJECTED' } });
    expect(await statusOf()).toMatchObject({ steps: { ship: { status: 'skipped' } } });
  });

  test('answered with --detach waits for an executor', async () => {
    await world.run('run', world.file('asking.json', asking));
    const left = await world.run('decide', '@last', 'ship', '--detach');
    expect([left.code, left.stderr]).toEqual([0, expect.stringContaining('opcode recover')]);
    expect(await statusOf()).toMatchObject({ status: 'suspended' });
    expect((await world.run('recover', '@last')).code).toBe(0);
    expect(await statusOf()).toMatchObject({ status: 'completed' });
  });

  test('on a terminal is asked right there', async () => {
    const session = world.onTerminal('run', world.file('asking.json', asking));
    await session.until('Your choice');
    expect(session.text()).toContain('Ship it?');
    session.type('7\n');
    await session.until('is none of ship, hold');
    session.type('1\n');
    await session.until('Reason');
    session.type('because\n');
    expect(await session.exited).toBe(0);
    expect(session.text()).toContain('✓ approve');
    expect(await statusOf()).toMatchObject({
      steps: { approve: { output: { choice: 'ship', reasoning: 'because' } } },
    });
  });

  test('on a terminal may be left open', async () => {
    const session = world.onTerminal('run', world.file('asking.json', asking));
    await session.until('Your choice');
    session.type('\n');
    expect(await session.exited).toBe(7);
  });

  test('is asked no longer than --wait says', async () => {
    const file = world.file('asking.json', asking);
    await withRoom(async (roomMs) => {
      const session = world.onTerminal('run', file, '--wait', `${roomMs}ms`);
      if ((await session.exited) === 5) return false;
      expect(await session.exited).toBe(7);
      expect(await statusOf()).toMatchObject({ status: 'suspended' });
      return session.text().includes('Your choice');
    });
  });

  test('answered while another process executes the run is left to it', async () => {
    const steps = [ask, { id: 'busy', run: UNTIL_GO }];
    const session = world.onTerminal('run', world.file('nap.json', flow('nap', steps)));
    await session.until('Your choice');
    const decided = await world.run('decide', '@last', 'ship');
    expect([decided.code, decided.stderr]).toEqual([0, expect.stringContaining('Decided')]);
    expect(await statusOf()).toMatchObject({ status: 'active', has_executor: true });
    letGo();
    expect(await session.exited).toBe(0);
  });

  test('settled elsewhere ends the question', async () => {
    const session = world.onTerminal('run', world.file('asking.json', asking));
    await session.until('Your choice');
    expect((await world.run('decide', '@last', 'ship')).code).toBe(0);
    expect(await session.exited).toBe(0);
    expect(session.text()).toContain('settled elsewhere');
  });
});

describe('a run that waits for a signal', () => {
  const file = () =>
    world.file(
      'paid.json',
      flow('paid', [{ id: 'paid', type: 'wait', config: { signal: 'payment' } }]),
    );

  test('ends the command with 5, and goes on when the signal comes', async () => {
    const waits = await world.run('run', file());
    expect([waits.code, waits.stderr]).toEqual([5, expect.stringContaining('--name payment')]);
    const unknown = await world.run('signal', '@last', 'data', '--name', 'other');
    expect(unknown.code).toBe(3);
    const done = await world.run(
      'signal',
      '@last',
      'data',
      '--name',
      'payment',
      '--data',
      '{"n":1}',
    );
    expect(done.code).toBe(0);
    expect(done.json()).toMatchObject({ paid: { signal: 'payment', payload: { n: 1 } } });
  });

  test('can be paused, resumed and cancelled', async () => {
    await world.run('run', file());
    expect((await world.run('pause', '@last')).code).toBe(0);
    expect(await statusOf()).toMatchObject({ status: 'suspended', paused: true });
    expect((await world.run('resume', '@last')).code).toBe(5);
    expect((await world.run('cancel', '@last', '--reason', 'enough')).code).toBe(0);
    expect(await statusOf()).toMatchObject({ status: 'cancelled' });
    expect((await world.run('cancel', '@last')).code).toBe(4);
  });

  test('is cancelled with others of its kind after a count and a yes', async () => {
    await world.run('run', file());
    await world.run('run', file());
    const where = ['cancel', '--where', 'status=suspended'];
    const asked = await world.run(...where);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('fits 2 runs')]);
    const done = await world.run(...where, '--yes', '--json');
    expect(done.json()).toMatchObject({
      results: [
        { ok: true, status: 'cancelled' },
        { ok: true, status: 'cancelled' },
      ],
    });
  });
});

describe('a failed run', () => {
  test('is retried once the cause is gone', async () => {
    const file = world.file('flaky.json', flaky);
    expect((await world.run('run', file)).code).toBe(1);
    expect((await world.run('retry', '@last')).code).toBe(1);
    writeFileSync(join(world.folder, 'ready'), '');
    expect((await world.run('retry', '@last')).code).toBe(0);
    expect((await world.run('retry', '@last')).code).toBe(4);
  });

  test('goes on without a step', async () => {
    await world.run('run', world.file('flaky.json', flaky));
    const done = await world.run('skip', '@last', 'check');
    expect(done.code).toBe(0);
    expect(await statusOf()).toMatchObject({ steps: { check: { status: 'skipped' } } });
  });

  test('is run again with other inputs', async () => {
    const file = world.file('echo.json', {
      name: 'echo',
      definition: { inputs: { who: 'you' }, steps: [hash], output: 'hello ${{ inputs.who }}' },
    });
    expect((await world.run('run', file, '-q')).stdout).toBe('hello you\n');
    const again = await world.run('rerun', '@last', '-p', 'who=me');
    expect([again.code, again.stdout]).toEqual([0, 'hello me\n']);
    expect(again.stderr).toContain('Again  hash');
  });
});

describe('a process that goes away', () => {
  const slow = () =>
    world.file('slow.json', flow('slow', [{ id: 'work', run: 'echo begun; sleep 60; echo over' }]));

  test('on SIGTERM without a terminal cancels the run', async () => {
    const child = world.start('run', slow());
    await begun();
    child.kill('SIGTERM');
    expect((await finished(child)).code).toBe(8);
    expect(await statusOf()).toMatchObject({ status: 'cancelled' });
  });

  test('on Ctrl-C waits for the step in flight, then leaves; recover goes on', async () => {
    const steps = [
      { id: 'work', run: `echo begun; ${UNTIL_GO}` },
      { id: 'next', depends_on: ['work'], run: 'echo next' },
    ];
    const session = world.onTerminal('run', world.file('two.json', flow('two', steps)));
    await session.until('begun');
    session.type('\u0003');
    await session.until('Waiting for 1 step in flight (work)');
    letGo();
    expect(await session.exited).toBe(130);
    expect(session.text()).toContain('opcode recover');
    expect(await statusOf()).toMatchObject({
      status: 'active',
      steps: { work: { status: 'completed' }, next: { status: 'scheduled' } },
    });
    expect((await world.run('recover', '@last')).code).toBe(0);
  });

  test('on Ctrl-C twice stops the step; its outcome is asked for', async () => {
    const file = world.file(
      'long.json',
      flow('long', [{ id: 'work', run: 'echo begun; sleep 60' }]),
    );
    const session = world.onTerminal('run', file);
    await session.until('begun');
    session.type('\u0003');
    await session.until('Ctrl-C again');
    session.type('\u0003');
    expect(await session.exited).toBe(130);
    expect((await world.run('recover', '@last')).code).toBe(7);
    const decided = await world.run('decide', '@last', 'failed');
    expect(decided.code).toBe(1);
  });

  test('by kill -9 loses nothing: recover goes on', async () => {
    const file = world.file(
      'steps.json',
      flow('steps', [
        { id: 'first', run: 'echo first >> ran', on_interrupt: 'rerun' },
        {
          id: 'second',
          depends_on: ['first'],
          run: 'if test -e again; then echo second >> ran; else touch again; echo begun; sleep 60; fi',
          on_interrupt: 'rerun',
        },
      ]),
    );
    const child = world.start('run', file);
    await begun();
    child.kill('SIGKILL');
    await finished(child);
    const seen = await world.run('status');
    expect(seen.stderr).toContain('1 unfinished run without an executor');
    const recovered = await world.run('recover', '--json');
    expect(recovered.json()).toMatchObject({ workflows: [{ status: 'completed' }] });
    expect(await Bun.file(join(world.folder, 'ran')).text()).toBe('first\nsecond\n');
  });

  /** Until the step has printed. */
  async function begun(): Promise<void> {
    for (let i = 0; i < 100; i++) {
      const logs = await world.run('logs', '@last');
      if (logs.stdout.includes('begun')) return;
    }
    throw new Error('the step did not begin');
  }
});

test('run --detach starts a run for whoever executes', async () => {
  const left = await world.run('run', world.file('one.json', flow('one', [hash])), '--detach');
  expect([left.code, left.stderr]).toEqual([0, expect.stringContaining('opcode recover')]);
  expect(await statusOf(left.stdout.trim())).toMatchObject({ status: 'pending' });
  const recovered = await world.run('recover');
  expect(recovered.code).toBe(0);
  expect(await statusOf(left.stdout.trim())).toMatchObject({ status: 'completed' });
});

test('exec passes output through, logs it, and ends with 1 when the command fails', async () => {
  const done = await world.run('exec', '--', 'sh', '-c', 'echo out; echo err >&2', '$0 ${{ x }}');
  expect([done.code, done.stdout]).toEqual([0, 'out\n']);
  expect(done.stderr).toContain('err\n');
  const failed = await world.run('exec', '--name', 'check', '--', 'false');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('[EXECUTION_ERROR]')]);
  const runs = (await world.run('query', 'workflows', '--json')).json<{
    workflows: { name: string }[];
  }>();
  expect(runs.workflows[0]?.name).toBe('check');
});
