/** `concurrency` for every way to start a run, and for every way back from its end. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CallContext } from '../../src/ops/operation.ts';
import { eventually, TEST_MS } from '../support/patience.ts';
import { newHome, openSystem, refusal, removeHome, type System } from './support.ts';

setDefaultTimeout(TEST_MS);

let home = '';
let system: System;
beforeEach(async () => {
  home = newHome();
  system = await openSystem(home, {}, { claims: true });
});
afterEach(async () => {
  await system.close();
  removeHome(home);
});

const lines = (name: string): string[] =>
  existsSync(join(home, name)) ? readFileSync(join(home, name), 'utf8').trim().split('\n') : [];
const touch = (name: string): void => writeFileSync(join(home, name), '');
const status = (id: string) => system.ops.status(system.me, { workflow_id: id });
const ended = (id: string) =>
  system.ops.status(system.me, { workflow_id: id, wait: '2m', until: 'ended' });
const signal = (id: string, signal_type: 'retry' | 'skip' | 'cancel', more: object = {}) =>
  system.ops.signal(system.me, { workflow_id: id, signal_type, wait: 0, ...more });

/** Notes when its work begins and ends, which takes a moment. */
const WORK = 'echo + >> log; sleep 0.15; echo - >> log';
const ONE_BY_ONE = (count: number) => Array.from({ length: count }, () => ['+', '-']).flat();
const exclusive = (more: object = {}, steps: object[] = [{ id: 'work', run: WORK }]): object => ({
  concurrency: { key: 'k', limit: 1, ...more },
  steps,
});
/** Fails until the file `ok` is there, then works. */
const mendable = (more: object = {}) =>
  exclusive(more, [
    { id: 'check', run: 'test -e ok' },
    { id: 'work', run: WORK, depends_on: ['check'] },
  ]);
/** Works until the file `go` is there. */
const HOLD = { id: 'hold', run: 'echo held >> held; until test -e go; do sleep 0.02; done' };
const isHeld = () => eventually(() => lines('held').length > 0);

const failedRuns = async (template: string, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    ids.push((await system.runTemplate(template)).workflow_id);
  }
  return ids;
};

describe('a way back from the end', () => {
  test('retry: each waits for its turn', async () => {
    await system.template('t', mendable());
    const ids = await failedRuns('t', 3);
    touch('ok');
    for (const id of ids) await signal(id, 'retry');
    for (const id of ids) expect((await ended(id)).status).toBe('completed');
    expect(lines('log')).toEqual(ONE_BY_ONE(3));
    const { runs, differences } = await system.ops.verify(system.me, {});
    expect([runs, differences]).toEqual([3, 0]);
  });

  test('skip of the failed step, too', async () => {
    await system.template('t', mendable());
    const ids = await failedRuns('t', 2);
    for (const id of ids) await signal(id, 'skip', { step_id: 'check' });
    for (const id of ids) expect((await ended(id)).status).toBe('completed');
  });

  test('reject: CONFLICT that names who is in the way, and nothing has changed', async () => {
    await system.template('t', mendable({ when_full: 'reject' }));
    const [failed = ''] = await failedRuns('t', 1);
    await system.template('t', exclusive({ when_full: 'reject' }, [HOLD]));
    const holder = await system.runTemplate('t', { wait: 0 });
    await isHeld();
    const error = await refusal(signal(failed, 'retry'), 'CONFLICT');
    expect(error.details).toEqual({ running: [holder.workflow_id] });
    expect((await status(failed)).status).toBe('failed');
    touch('go');
    touch('ok');
    await ended(holder.workflow_id);
    await signal(failed, 'retry');
    expect((await ended(failed)).status).toBe('completed');
  });

  test('replace: the holder is cancelled first', async () => {
    await system.template('t', mendable({ when_full: 'replace' }));
    const [failed = ''] = await failedRuns('t', 1);
    await system.template('t', exclusive({}, [HOLD]));
    const holder = await system.runTemplate('t', { wait: 0 });
    await isHeld();
    touch('ok');
    await signal(failed, 'retry');
    expect((await ended(holder.workflow_id)).status).toBe('cancelled');
    expect((await ended(failed)).status).toBe('completed');
  });

  test('a waiting one says what it waits for, and can be cancelled', async () => {
    await system.template('t', mendable());
    const [failed = ''] = await failedRuns('t', 1);
    await system.template('t', exclusive({}, [HOLD]));
    const holder = await system.runTemplate('t', { wait: 0 });
    await isHeld();
    const sent = await signal(failed, 'retry');
    expect(sent).toMatchObject({ status: 'pending', result: { queued: true } });
    const { waiting_for: waits } = await status(failed);
    expect(waits).toMatchObject([{ kind: 'turn', step_id: '' }]);
    expect(waits[0]?.text).toContain(`run ${holder.workflow_id} holds`);
    await refusal(signal(failed, 'retry'), 'CONFLICT');
    expect(await signal(failed, 'cancel')).toMatchObject({ status: 'cancelled' });
    touch('go');
    expect((await ended(holder.workflow_id)).status).toBe('completed');
  });
});

test('one that waits is held with the others, waits again when it is resumed, and has its turn', async () => {
  await system.template('t', mendable());
  const [failed = ''] = await failedRuns('t', 1);
  await system.template('t', exclusive({}, [HOLD]));
  const holder = await system.runTemplate('t', { wait: 0 });
  await isHeld();
  await signal(failed, 'retry');
  await system.close();
  system = await openSystem(home, {}, { execute: false });
  await system.ops.hold(system.me, {});
  expect((await system.ops.verify(system.me, {})).differences).toBe(0);
  await system.close();
  touch('ok');
  touch('go');
  system = await openSystem(home, {}, { claims: true });
  const resume = (id: string) =>
    system.ops.signal(system.me, { workflow_id: id, signal_type: 'resume', wait: 0 });
  expect((await status(failed)).status).toBe('suspended');
  expect(await resume(failed)).toMatchObject({ status: 'pending' });
  expect((await status(failed)).waiting_for).toMatchObject([{ kind: 'turn' }]);
  await resume(holder.workflow_id);
  const { pending_decisions: asked } = await eventually(async () => {
    const now = await status(holder.workflow_id);
    return now.pending_decisions.length > 0 && now;
  });
  await system.ops.signal(system.me, {
    ...{ workflow_id: holder.workflow_id, signal_type: 'decision' },
    ...{ step_id: asked[0]?.step_id ?? '', payload: { choice: 'rerun' } },
  });
  expect((await ended(holder.workflow_id)).status).toBe('completed');
  expect((await ended(failed)).status).toBe('completed');
  expect((await system.ops.verify(system.me, {})).differences).toBe(0);
});

describe('without a template', () => {
  const start = (definition: object, more: object = {}) =>
    system.run(definition, { wait: 0, ...more });

  test('runs of one definition are counted together', async () => {
    const [a, b] = [await start(exclusive()), await start(exclusive())];
    for (const { workflow_id: id } of [a, b]) await ended(id);
    expect(lines('log')).toEqual(ONE_BY_ONE(2));
  });

  test('runs of one name are counted together, also when the definition was changed', async () => {
    const named = (more: object) => ({ name: 'sync', definition: exclusive({}, [more]) });
    const a = await start(named({ id: 'a', run: WORK }));
    const b = await start(named({ id: 'b', run: WORK }));
    for (const { workflow_id: id } of [a, b]) await ended(id);
    expect(lines('log')).toEqual(ONE_BY_ONE(2));
  });

  test('a file that is run is counted like any other', async () => {
    mkdirSync(join(home, 'f'));
    const text = JSON.stringify(exclusive());
    const file = () =>
      system.ops.run(system.me, { source: { text, format: 'json', file: 'f/x.json' }, wait: 0 });
    for (const run of [await file(), await file()]) {
      await ended((run as { workflow_id: string }).workflow_id);
    }
    expect(lines('f/log')).toEqual(ONE_BY_ONE(2));
  });

  test('a borrowed name reaches no run of the template', async () => {
    await system.template('deploy', exclusive({}, [HOLD]));
    const holder = await system.runTemplate('deploy', { wait: 0 });
    await isHeld();
    const borrowed = { name: 'deploy', definition: exclusive({ when_full: 'replace' }) };
    const run = await start(borrowed);
    expect((await ended(run.workflow_id)).status).toBe('completed');
    expect((await status(holder.workflow_id)).status).toBe('active');
    touch('go');
    expect((await ended(holder.workflow_id)).status).toBe('completed');
  });

  test("another caller's runs are not reached either", async () => {
    const as = (owner: string): CallContext => ({
      caller: { agentId: owner, role: 'agent', sender: 'agent', owner: `agent:${owner}` },
      exec: system.me.exec,
    });
    const run = (owner: string, definition: object) =>
      system.ops.run(as(owner), {
        definition: { name: 'x', definition } as never,
        wait: 0,
      }) as Promise<{ workflow_id: string }>;
    const first = await run('ann', exclusive({ when_full: 'replace' }, [HOLD]));
    await isHeld();
    const other = await run('bob', exclusive({ when_full: 'replace' }));
    expect((await ended(other.workflow_id)).status).toBe('completed');
    expect((await status(first.workflow_id)).status).toBe('active');
    touch('go');
    expect((await ended(first.workflow_id)).status).toBe('completed');
  });
});

describe('sub-workflows', () => {
  const call = (template: string, more: object = {}) => ({
    id: 'sub',
    action: 'workflow.run',
    params: { template_name: template, ...more },
  });

  test('a template that starts itself works within its own place', async () => {
    await system.template('t', {
      ...exclusive({ when_full: 'reject' }, []),
      steps: [
        { ...call('t', { params: { n: 1 } }), condition: 'inputs.n == 0' },
        { id: 'work', run: WORK, depends_on: ['sub'], trigger_rule: 'all_done' },
      ],
      inputs: { n: 0 },
    });
    const run = await system.runTemplate('t');
    expect(run.error).toBeUndefined();
    expect(run.status).toBe('completed');
    expect(lines('log')).toEqual(ONE_BY_ONE(2));
  });

  test('one that nobody awaits takes a place of its own', async () => {
    await system.template('t', {
      ...exclusive(),
      steps: [
        { ...call('t', { wait: false, params: { n: 1 } }), condition: 'inputs.n == 0' },
        { id: 'work', run: WORK, depends_on: ['sub'], trigger_rule: 'all_done' },
      ],
      inputs: { n: 0 },
    });
    expect((await system.runTemplate('t')).status).toBe('completed');
    await eventually(() => lines('log').length === 4);
    expect(lines('log')).toEqual(ONE_BY_ONE(2));
  });

  test('two that wait for each other: the second is told the circle', async () => {
    const crossing = (other: string, first: string, second: string) =>
      exclusive({}, [
        { id: 'meet', run: `touch ${first}; until test -e ${second}; do sleep 0.02; done` },
        { ...call(other), depends_on: ['meet'] },
      ]);
    await system.template('left', crossing('right', 'l', 'r'));
    await system.template('right', crossing('left', 'r', 'l'));
    const runs = [
      await system.runTemplate('left', { wait: 0 }),
      await system.runTemplate('right', { wait: 0 }),
    ];
    const ends = await Promise.all(runs.map(({ workflow_id: id }) => ended(id)));
    // The one that is refused frees what the other waits for; that one's child then goes the same way.
    const refused = ends.filter(({ error }) => error?.code === 'CONFLICT');
    expect(refused.length).toBeGreaterThan(0);
    const [first] = refused;
    expect(first?.error?.message).toContain('it would wait for ever');
    for (const { workflow_id: id } of runs) expect(first?.error?.message).toContain(id);
  });
});

describe('global groups', () => {
  test('limit runs of different workflows together; unknown ones are an error', async () => {
    const grouped = (id: string) => ({ concurrency: { group: 'gpu' }, steps: [{ id, run: WORK }] });
    const error = await refusal(system.run(grouped('a')), 'VALIDATION_ERROR');
    expect(error.message).toContain('"gpu"');
    expect(error.hint).toContain('limits.groups.gpu');
    await system.close();
    system = await openSystem(home, { 'limits.groups': { gpu: 1 } }, { claims: true });
    const runs = [
      await system.run(grouped('a'), { wait: 0 }),
      await system.run(grouped('b'), { wait: 0 }),
    ];
    for (const { workflow_id: id } of runs) await ended(id);
    expect(lines('log')).toEqual(ONE_BY_ONE(2));
  });
});

describe('the limit of a template', () => {
  test('is that of its newest version, and a higher one lets waiting runs start at once', async () => {
    await system.template('t', exclusive({}, [HOLD]));
    await system.runTemplate('t', { wait: 0 });
    await isHeld();
    const second = await system.runTemplate('t', { wait: 0 });
    expect((await status(second.workflow_id)).status).toBe('pending');
    await system.template('t', exclusive({ limit: 2 }, [{ id: 'other', run: WORK }]));
    await eventually(() => lines('held').length === 2);
    const third = await system.runTemplate('t', { wait: 0 });
    expect((await status(third.workflow_id)).status).toBe('pending');
    touch('go');
    expect((await ended(third.workflow_id)).status).toBe('completed');
  });
});
