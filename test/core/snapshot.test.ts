/**
 * What a version of the snapshots says of the logs that releases have written: when this changes, an
 * older snapshot would be read as something else, and `EVOLVE_VERSION` has to be raised with it.
 */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { fold } from '../../src/core/evolve.ts';
import { EVOLVE_VERSION, readSnapshot, writeSnapshot } from '../../src/core/snapshot.ts';
import { newState } from '../../src/core/state.ts';
import type { Definition } from '../../src/model/definition.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { asRunId, type RunId } from '../../src/model/ids.ts';
import { sha256, testPlan } from '../support/test-engine.ts';

interface Golden {
  readonly run_id: RunId;
  readonly definition: Definition;
  readonly events: readonly RunEvent[];
}

const golden = new URL('./golden/', import.meta.url);

function digest(): string {
  const texts: (string | null)[] = [];
  for (const file of readdirSync(golden)
    .filter((name) => name.endsWith('.golden.json'))
    .sort()) {
    const logs = JSON.parse(readFileSync(new URL(file, golden), 'utf8')) as Golden[];
    for (const { run_id, definition, events } of logs) {
      const state = newState(run_id, testPlan(definition));
      for (const event of events) texts.push(writeSnapshot(fold(state, [event])));
    }
  }
  return sha256(JSON.stringify(texts));
}

/** By version; a new release's logs change the present line too. */
const DIGESTS: Readonly<Record<number, string>> = {
  5: 'e1ae0d2e7630607baad67617e7135f75bd572be95302fd65b2c7305720fc661b',
};

test('the same logs fold to the same snapshots as long as the version is the same', () => {
  expect(DIGESTS[EVOLVE_VERSION]).toBe(digest());
});

test('a snapshot is read only by the run and the definition it is of, and is stable', () => {
  const step = { id: 'a', action: 'test.noop', params: { value: 1 } };
  const plan = testPlan({ steps: [step] });
  const other = testPlan({ steps: [{ ...step, id: 'b' }] });
  const text = writeSnapshot(newState(asRunId('r'), plan)) ?? '';
  const read = readSnapshot(text, asRunId('r'), plan);
  expect(read && writeSnapshot(read)).toBe(text);
  expect(readSnapshot(text, asRunId('s'), plan)).toBeNull();
  expect(readSnapshot(text, asRunId('r'), other)).toBeNull();
});

test('a state whose tree and index do not agree is not written', () => {
  const state = newState(asRunId('r'), testPlan({ steps: [{ id: 'a', action: 'test.noop' }] }));
  state.steps.delete('a');
  expect(writeSnapshot(state)).toBeNull();
});
