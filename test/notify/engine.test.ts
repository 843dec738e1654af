/**
 * What a run gives to tell stands in the same transaction as its events: after a crash at any moment it
 * is there when the event is, and only then, and going on tells nothing a second time.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import { asRunId } from '../../src/model/ids.ts';
import { readNoticeRules } from '../../src/model/notice-settings.ts';
import type { NoticeRow } from '../../src/model/notice-store.ts';
import type { Store } from '../../src/model/store.ts';
import { createOutbox } from '../../src/notify/outbox.ts';
import { type TempDatabases, tempDatabases } from '../store/sqlite/temp-database.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { createSink } from '../support/test-actions.ts';
import { createTestEngine, type TestEngine } from '../support/test-engine.ts';

let databases: TempDatabases;
let store: Store;
let engines: TestEngine[];

beforeEach(() => {
  databases = tempDatabases();
  store = databases.open();
  engines = [];
});

afterEach(async () => {
  for (const engine of engines) await engine.close();
  databases.remove();
});

const RULES = readNoticeRules([
  { on: ['decision', 'outcome_unknown', 'run_failed', 'notify'], channel: 'team' },
]).value;

function engine(options: { readonly sink?: ReturnType<typeof createSink> } = {}): TestEngine {
  const made = createTestEngine({ store, outbox: createOutbox(() => RULES), ...options });
  engines.push(made);
  return made;
}

/** Until it has ended or waits for somebody. */
const REST = { timeoutMs: PATIENCE_MS, orSuspended: true };

const definition = (...steps: readonly object[]): Definition =>
  ({ steps }) as unknown as Definition;
const ASK = {
  id: 'ask',
  type: 'reasoning',
  config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no' }] },
};

/** The rows of the outbox, which stay due. */
function rows(): readonly NoticeRow[] {
  const nowMs = Number.MAX_SAFE_INTEGER;
  return store.claimNotices({ channel: 'team', nowMs, leaseUntil: 0, limit: 1000 });
}

const kinds = (): string[] => rows().map(({ kind }) => kind);

describe('a run', () => {
  test('that asks and fails tells both, with the ids of the events', async () => {
    const { engine: running, start, signal } = engine();
    const runId = await start(
      definition(ASK, { id: 'end', action: 'test.fail', params: {}, depends_on: ['ask'] }),
    );
    await running.settled(runId, REST);
    expect(kinds()).toEqual(['decision']);
    await signal(runId, { type: 'decision', payload: { choice: 'yes' } });
    await running.settled(runId, REST);
    const events = store
      .tail(0, 100)
      .filter(({ event }) => ['decision_requested', 'workflow_failed'].includes(event.type));
    expect(rows().map(({ key }) => key)).toEqual(events.map(({ id }) => String(id)));
  });

  test('that goes on after a crash tells nothing again', async () => {
    const first = engine();
    const runId = await first.start(definition(ASK));
    await first.engine.settled(runId, REST);
    first.crash();
    const second = engine();
    await second.engine.recover(runId);
    await second.engine.settled(runId, REST);
    expect(kinds()).toEqual(['decision']);
  });
});

test('a row is there when its event is, and only then', async () => {
  // Every append is refused by turns, so that runs decide and write again and again.
  let refusals = 0;
  const shaky: Store = {
    ...store,
    append(group) {
      refusals += 1;
      if (refusals % 2 === 1) return Promise.reject(new Error('no room on the disk'));
      return store.append(group);
    },
  };
  const made = createTestEngine({ store: shaky, outbox: createOutbox(() => RULES) });
  engines.push(made);
  for (let n = 0; n < 5; n++) {
    const started = made.start(definition({ id: 'end', action: 'test.fail', params: {} }));
    await started.then(
      (runId) => made.engine.settled(runId, REST),
      () => undefined,
    );
  }
  const failed = store.tail(0, 1000).filter(({ event }) => event.type === 'workflow_failed');
  expect(failed.length).toBeGreaterThan(0);
  expect(rows().map(({ key }) => key)).toEqual(failed.map(({ id }) => String(id)));
});

test('each crash asks once about all it left unknown', async () => {
  const sink = createSink();
  let here: TestEngine | null = engine({ sink });
  sink.onEffect = () => {
    here?.crash();
    here = null;
  };
  const runId = await here.start(
    definition(
      { id: 'a', action: 'test.unsafe', params: {} },
      { id: 'b', action: 'test.unsafe', params: {} },
    ),
  );
  for (let rounds = 0; here !== null && rounds < 1000; rounds++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  sink.onEffect = null;
  const next = engine({ sink });
  await next.engine.recover(runId);
  await next.engine.settled(runId, REST);
  const told = rows();
  expect(told.map(({ kind }) => kind)).toEqual(['outcome_unknown']);
  expect(told[0]?.key).toStartWith(`outcome_unknown/${asRunId(runId)}/`);
  expect(told[0]?.payload.message).toContain('"a", "b"');
});
