/** Retention over a real file: that it shrinks, what it leaves, and that others hardly notice. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, statSync } from 'node:fs';
import { AppError } from '../../src/model/error.ts';
import { asNodeId, asRunId } from '../../src/model/ids.ts';
import type { NewRun, RunAppend, RunPatch, Store } from '../../src/model/store.ts';
import { ENDED_STATUSES } from '../../src/model/upkeep-store.ts';
import { collectGarbage, type GcRequest } from '../../src/ops/retention.ts';
import { createClock } from '../../src/runtime/clock.ts';
import { verifyDatabase } from '../../src/store/sqlite/verify.ts';
import {
  creation,
  custom,
  newRun,
  node,
  patch,
  startFacts,
  T0,
} from '../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from '../store/sqlite/temp-database.ts';
import { slowly, TEST_MS } from '../support/patience.ts';

let files: TempDatabases;
let store: Store;

beforeEach(() => {
  files = tempDatabases();
  store = files.open();
});
afterEach(() => files.remove());

const parts = (alive: boolean | null = false) => ({
  store,
  clock: createClock(),
  processes: { isAlive: () => alive },
});

const everything: GcRequest = {
  rules: ENDED_STATUSES.map((status) => ({ status, endedBefore: T0 + 1000 })),
  keepLast: 0,
};

const done = (change: Partial<RunPatch> = {}) =>
  patch({ status: 'completed', endedAt: T0 + 10, release: true, ...change });

/** A run of ten steps with small outputs; of every tenth run one that is stored apart. */
function tenSteps(
  id: string,
  change: Partial<RunAppend> = {},
  run: Partial<NewRun> = {},
): RunAppend {
  const events = Array.from({ length: 22 }, (_, at) =>
    custom(
      at + 1,
      at === 11 && id.endsWith('7') ? `${id} `.repeat(3000) : { at, text: 'x'.repeat(100) },
    ),
  );
  return creation(id, { events, patch: done(), ...change }, run);
}

async function fill(count: number): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    await store.append(Array.from({ length: 500 }, (_, at) => tenSteps(`run-${from + at}`)));
  }
}

test(
  'after 10,000 runs the file is small again, and what stayed is whole',
  async () => {
    await fill(10_000);
    await store.append([
      tenSteps('open', { patch: patch() }),
      tenSteps('kept', { patch: done({ endedAt: T0 + 5000 }) }),
    ]);
    const before = store.space().bytes;
    expect(before).toBeGreaterThan(40_000_000);
    const result = await collectGarbage(parts(), everything);
    expect(result).toMatchObject({
      runs: 10_000,
      children: 0,
      stopped: false,
      bytesBefore: before,
    });
    expect(result.bytesAfter).toBeLessThan(400_000);
    expect(store.space()).toEqual({ bytes: result.bytesAfter, freeBytes: 0 });
    expect(store.countRuns()).toMatchObject({ active: 1, completed: 1 });
    expect(store.events(asRunId('kept'), 0, 100)).toHaveLength(22);
    expect(verifyDatabase(files.path)).toEqual({ ok: true, problems: [] });
    expect(await store.append([tenSteps('later')])).toMatchObject([{ ok: true }]);
  },
  TEST_MS,
);

test('children go with their parents and are counted', async () => {
  const child = (id: string, of: string) =>
    tenSteps(id, {}, { start: startFacts({ parent: { runId: of, path: 'call', depth: 1 } }) });
  await store.append([tenSteps('top'), child('a', 'top'), child('b', 'a')]);
  expect(await collectGarbage(parts(), everything)).toMatchObject({ runs: 3, children: 2 });
  expect(verifyDatabase(files.path).ok).toBe(true);
});

test('what one was stopped in the middle of, the next one goes on with', async () => {
  await fill(500);
  const stop = new AbortController();
  const first = await collectGarbage(parts(), {
    ...everything,
    abort: stop.signal,
    onProgress: () => stop.abort(),
  });
  expect(first).toMatchObject({ stopped: true });
  expect(first.runs).toBeLessThan(500);
  const second = await collectGarbage(parts(), everything);
  expect(first.runs + second.runs).toBe(500);
  expect(store.tail(0, 1)).toEqual([]);
  expect(second.bytesAfter).toBeLessThan(400_000);
});

describe('beside others', () => {
  test(
    'commits of the same process and of another connection go on meanwhile',
    async () => {
      await fill(2000);
      store.register(node());
      const other = files.open();
      other.register(node(asNodeId('other')));
      let collecting = true;
      const writer = async (through: Store, name: string): Promise<number> => {
        let at = 0;
        for (; collecting; at++) {
          const [outcome] = await through.append([tenSteps(`${name}-${at}`, { patch: patch() })]);
          if (outcome?.ok !== true) throw new Error(`${name}: ${JSON.stringify(outcome)}`);
          await slowly(1);
        }
        return at;
      };
      const writers = [writer(store, 'same'), writer(other, 'other')];
      const result = await collectGarbage(parts(true), everything);
      collecting = false;
      const commits = await Promise.all(writers);
      expect(result.runs).toBe(2000);
      for (const each of commits) expect(each).toBeGreaterThan(5);
      expect(verifyDatabase(files.path).ok).toBe(true);
    },
    TEST_MS,
  );

  test('a run that somebody executes stays, also when it has ended', async () => {
    store.register(node());
    await store.append([tenSteps('held', { patch: done({ release: false }) }), tenSteps('free')]);
    expect(await collectGarbage(parts(true), everything)).toMatchObject({ runs: 1 });
    expect(await collectGarbage(parts(false), everything)).toMatchObject({ runs: 1 });
  });
});

describe('on a full disk', () => {
  const full = (): AppError =>
    new AppError('STORE_ERROR', 'the disk is full', { details: { kind: 'full' } });

  test('the reserve is spent and it goes on', async () => {
    await fill(500);
    store.keepReserve();
    const reserve = `${files.path}-reserve`;
    expect(statSync(reserve).size).toBe(8 * 1024 * 1024);
    expect(statSync(reserve).mode & 0o777).toBe(0o600);
    const { removeRuns } = store;
    let refusals = 2;
    const refusing: typeof removeRuns = (...given) => {
      refusals -= 1;
      if (refusals >= 0) throw full();
      return removeRuns(...given);
    };
    const first = collectGarbage(
      { ...parts(), store: { ...store, removeRuns: refusing, keepReserve: () => undefined } },
      everything,
    );
    await expect(first).rejects.toThrow('the disk is full');
    expect(existsSync(reserve)).toBe(false);
    expect(await collectGarbage(parts(), everything)).toMatchObject({ runs: 500 });
  });

  test('without any room it says what to do', async () => {
    await fill(500);
    const never = (): never => {
      throw full();
    };
    const stuck = { ...store, removeRuns: never, checkpoint: never };
    await expect(collectGarbage({ ...parts(), store: stuck }, everything)).rejects.toThrow(
      'there is no room at all',
    );
  });
});

test('a definition goes when nothing has used it for a while', async () => {
  const run = newRun('r');
  store.putDefinition(run.definitionHash, { steps: [] });
  await store.append([tenSteps('r')]);
  const at = (nowMs: number) => ({ ...parts(), clock: { ...createClock(), now: () => nowMs } });
  expect(await collectGarbage(at(T0), everything)).toMatchObject({ runs: 1, definitions: 0 });
  expect(await collectGarbage(at(T0 + 599_000), everything)).toMatchObject({ definitions: 0 });
  expect(await collectGarbage(at(T0 + 600_000), everything)).toMatchObject({ definitions: 1 });
  expect(store.definition(run.definitionHash)).toBeNull();
});
