/** Replay and compare: quiet about what the engine wrote, exact about what somebody else changed. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Json } from '../../src/model/json.ts';
import { person } from '../ops/harness.ts';
import { TEST_MS } from '../support/patience.ts';

let home = '';
let app: App;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'opcode-verify-'));
  const config = loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home }, home });
  app = await openApp(config, { execute: true, claims: true, role: 'serve' });
});
afterEach(async () => {
  await app.close();
  rmSync(home, { recursive: true, force: true });
});

const evaluate = (id: string, expression: string, more: object = {}): Json =>
  ({ id, action: 'expr.eval', params: { expression }, ...more }) as unknown as Json;
const ask = (id: string, config: object = {}): Json =>
  ({
    id,
    type: 'reasoning',
    config: { prompt_context: 'Go on?', options: [{ id: 'yes' }, { id: 'no' }], ...config },
  }) as unknown as Json;

async function run(...steps: Json[]): Promise<string> {
  const result = await app.ops.run(person, { definition: { steps }, wait: '100ms' });
  if ('dry_run' in result) throw new Error('a dry run is no run');
  return result.workflow_id;
}

const verify = (input: { workflow_id?: string } = {}) => app.ops.verify(person, input);

/** Changes the file behind everybody's back. */
function tamper(sql: string, ...bindings: (string | number | null)[]): void {
  const database = new Database(join(home, 'opcode.db'));
  database.run(sql, bindings);
  database.close();
}

test(
  'finds nothing where runs ended, wait, loop, fail, pause and call others',
  async () => {
    await app.ops.define(person, { name: 'child', definition: { steps: [ask('deep')] } });
    await run(evaluate('a', '1 + 1'), evaluate('b', 'steps.a.result * 2'));
    await run(evaluate('bad', '1 / "x"', { retry: { max: 2 } }));
    await run(
      { id: 'sh', run: 'echo out; exit 3' },
      evaluate('never', '1', { depends_on: ['sh'] }),
    );
    const decided = await run(ask('one'), ask('two', { timeout: '1h', fallback: 'no' }));
    await app.ops.signal(person, {
      workflow_id: decided,
      signal_type: 'decision',
      step_id: 'one',
      payload: { choice: 'yes' },
    });
    await run({ id: 'later', type: 'wait', config: { duration: '2h' } } as unknown as Json);
    await run({
      id: 'each',
      type: 'loop',
      config: {
        over: [1, 2, 3],
        body: [evaluate('x', 'iter.item'), ask('which', { timeout: '3h' })],
      },
    } as unknown as Json);
    await run({ id: 'call', action: 'workflow.run', params: { template_name: 'child' } });
    const paused = await run({
      id: 'w',
      type: 'wait',
      config: { duration: '5h' },
    } as unknown as Json);
    await app.ops.signal(person, { workflow_id: paused, signal_type: 'pause' });
    const result = await verify();
    expect(result.mismatches).toEqual([]);
    expect(result).toMatchObject({ ok: true, problems: [], runs: 9, differences: 0 });
  },
  TEST_MS,
);

describe('names run, field and both values', () => {
  test('of a status that the log does not say', async () => {
    const id = await run(evaluate('a', '1'));
    tamper("UPDATE run_head SET status = 'failed' WHERE id = ?", id);
    const result = await verify();
    expect(result).toMatchObject({ ok: false, differences: 1 });
    expect(result.mismatches).toEqual([
      { workflow_id: id, field: 'status', row: 'failed', log: 'completed' },
    ]);
    expect(await verify({ workflow_id: id })).toMatchObject({ ok: false, runs: 1 });
  });

  test('of a timer that nobody would wake for, but not of one that is woken for early', async () => {
    const id = await run({ id: 'w', type: 'wait', config: { duration: '5h' } } as unknown as Json);
    const head = app.store.head(id as Parameters<App['store']['head']>[0]);
    expect(head?.wakeAt).not.toBeNull();
    tamper('UPDATE run_head SET owner = NULL, wake_at = NULL WHERE id = ?', id);
    const found = (await verify()).mismatches;
    expect(found.map(({ field, row }) => [field, row])).toEqual([['wake_at', null]]);
  });

  test('of a decision that was closed without an answer, or is gone', async () => {
    const [first, second] = [await run(ask('q')), await run(ask('q'))];
    tamper("UPDATE decisions SET status = 'cancelled' WHERE run_id = ?", first);
    tamper('DELETE FROM decisions WHERE run_id = ?', second);
    const fields = (await verify()).mismatches.map(({ field, row, log }) => [
      field.replace(/decision [^:]+/, 'decision'),
      row,
      log,
    ]);
    expect(fields.sort()).toEqual([
      ['decision', 'missing', 'pending'],
      ['decision: status', 'cancelled', 'pending'],
    ]);
  });

  test('of a log with a hole', async () => {
    const id = await run(evaluate('a', '1'));
    tamper(
      `DELETE FROM events WHERE seq = 2 AND rid = (SELECT rid FROM run_head WHERE id = ?)`,
      id,
    );
    const result = await verify();
    expect(result.problems.join()).toContain(`run ${id}`);
    expect(result.mismatches).toMatchObject([{ workflow_id: id, field: 'log' }]);
  });

  test('of events that belong to nobody', async () => {
    const id = await run(evaluate('a', '1'));
    tamper('DELETE FROM run_head WHERE id = ?', id);
    expect((await verify()).problems).toEqual(['1 logs belong to no run']);
  });
});
