/**
 * Logs that earlier releases wrote still fold to the same end. One file per release, never changed:
 * a release that writes something new adds a file of its own.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import type { Definition } from '../../src/model/definition.ts';
import type { RunEvent } from '../../src/model/event.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { FIRST_RULES } from '../../src/model/rules.ts';
import { type End, endOf } from '../support/ends.ts';
import { hashOf, testPlan } from '../support/test-engine.ts';
import { expectSnapshotsHold } from './plain-state.ts';

interface Golden {
  readonly name: string;
  readonly run_id: RunId;
  readonly definition: Definition;
  readonly events: readonly RunEvent[];
  readonly end: End;
}

/** Rules stand in the first event since there is more than one version of them. */
function planOf({ definition, events: [first] }: Golden): Plan {
  const rules = first?.type === 'workflow_started' ? first.payload.rules : undefined;
  return testPlan(definition, hashOf(definition), rules ?? FIRST_RULES);
}

const folder = new URL('./golden/', import.meta.url);

for (const file of readdirSync(folder)) {
  const logs = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Golden[];
  describe(`logs of ${file.replace('.golden.json', '')}`, () => {
    test.each(logs.map((log) => [log.name, log] as const))('%s', (_name, log) => {
      const end = endOf(log.run_id, planOf(log), log.events);
      expect(JSON.parse(JSON.stringify(end))).toEqual(log.end);
    });

    test.each(logs.map((log) => [log.name, log] as const))('%s, from snapshots', (_name, log) => {
      const run = { runId: log.run_id, plan: planOf(log) };
      expectSnapshotsHold(run, log.events, [...log.events.keys()]);
    });
  });
}
