/**
 * What reaches SQLite: transactions, statements, and how often a value is turned into text.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/model/json.ts';
import { type BenchEngine, createBenchEngine, prepare } from '../bench/engine-harness.ts';
import { chain } from '../bench/shapes.ts';
import { type CountedStore, openCountedStore } from './counting-connection.ts';
import { steadyClock } from './steady-clock.ts';

let folder = '';
let counted: CountedStore;
let bench: BenchEngine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-counts-'));
  counted = openCountedStore(join(folder, 'opcode.db'));
  // The look at what other processes wrote goes by the clock, not by what runs do.
  const config = { livePollMs: 3_600_000, idlePollMs: 3_600_000 };
  bench = createBenchEngine({ store: counted.store, config, clock: steadyClock() });
});
afterEach(async () => {
  await bench.close();
  counted.store.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a run of ten pure steps is one transaction: its row in two tables and 22 events', async () => {
  const ten = prepare(chain(10));
  await bench.start(ten);
  counted.take();
  await bench.start(ten);
  const { transactions, rows } = counted.take();
  expect(transactions).toBe(1);
  expect(Object.fromEntries(rows)).toEqual({
    'INSERT INTO run_head': 1,
    'INSERT INTO runs': 1,
    'INSERT INTO events': 22,
  });
});

/** What follows a run's end in the same turn of the event loop is done after this. */
const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what a run reads does not grow with its steps', async () => {
  const reads: number[] = [];
  for (const steps of [10, 500]) {
    const prepared = prepare(chain(steps));
    // The first run of a definition also reads the definition.
    await bench.start(prepared);
    await turnOver();
    counted.take();
    await bench.start(prepared);
    await turnOver();
    reads.push(counted.take().reads);
  }
  expect(reads[1]).toBe(reads[0]);
  expect(reads[1]).toBeLessThanOrEqual(3);
});

test('a commit moves each run once: one fence, whatever it writes', async () => {
  const three = prepare(chain(3, 'bench.unsafe'));
  await bench.complete(three);
  counted.take();
  await Promise.all(Array.from({ length: 20 }, () => bench.complete(three)));
  const { transactions, rows } = counted.take();
  expect(transactions).toBe(4);
  expect(rows.get('INSERT INTO run_head')).toBe(20);
  expect(rows.get('UPDATE run_head')).toBe(3 * 20);
  expect(rows.get('INSERT INTO events')).toBe(20 * (2 + 3 * 2));
});

/** A value that counts how often it is turned into text. */
function countedValue(length: number): { readonly value: Json; readonly texts: () => number } {
  let texts = 0;
  const value = {
    toJSON() {
      texts += 1;
      return 'x'.repeat(length);
    },
  };
  return { value: value as unknown as Json, texts: () => texts };
}

test.each([10, 100_000])('a value of %d characters is serialised once an event', async (length) => {
  const { value, texts } = countedValue(length);
  const steps = [{ id: 'a', action: 'bench.pure', params: { value: '${{inputs.value}}' } }];
  const runId = await bench.start(prepare({ steps }), { value });
  // Inputs, params, the step's output, the run's output.
  expect(texts()).toBe(4);
  expect(JSON.stringify(counted.store.events(runId, 0, 10)).split('xxxxxxxxxx').length).toBe(
    1 + 4 * Math.floor(length / 10),
  );
});
