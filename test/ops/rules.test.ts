/** Which rules a run gets, and that it keeps them. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import { definitionHashOf } from '../../src/ops/plans.ts';
import { template } from '../contract/store-fixtures.ts';
import { sha256 } from '../support/test-engine.ts';
import { type Harness, openHarness, person, steps } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const DEFINITION = { steps: [{ id: 'a', action: 'test.noop', params: {} }] };
const HASH = definitionHashOf(
  { random: { uuid: () => '', sha256 } },
  {
    definition: DEFINITION as unknown as Definition,
    output_schema: null,
  },
);

function registerOld(name: string): void {
  harness.store.putDefinition(HASH, { definition: DEFINITION, output_schema: null });
  const pack = { ...template(name).pack, definition: DEFINITION };
  harness.store.define(template(name, { definitionHash: HASH, pack, rules: 1 }));
}

const idOf = (run: object): RunId => (run as { workflow_id: RunId }).workflow_id;

const rulesOfRun = (run: object): unknown => {
  const [first] = harness.store.events(idOf(run), 0, 1);
  return first?.type === 'workflow_started' ? first.payload.rules : undefined;
};

const rulesOfTemplate = (name: string): unknown => harness.store.template(name, null)?.rules;

test('what is given with the call has the newest rules', async () => {
  const run = await harness.ops.run(person, { definition: DEFINITION });
  expect(rulesOfRun(run)).toBe(2);
  expect(harness.store.run(idOf(run))?.rules).toBe(2);
});

test('a registered version keeps its rules, also in reruns and when it is defined again', async () => {
  registerOld('old');
  const again = await harness.ops.define(person, { name: 'old', definition: DEFINITION });
  expect(again).toMatchObject({ version: 1, created: false });
  const run = await harness.ops.run(person, { template_name: 'old' });
  expect(rulesOfRun(run)).toBe(1);
  const rerun = await harness.ops.rerun(person, { workflow_id: idOf(run) });
  expect(rulesOfRun(rerun)).toBe(1);
});

test('a changed text, and the same text when that is asked for, get the newest rules', async () => {
  registerOld('old');
  registerOld('kept');
  await harness.ops.define(person, {
    name: 'old',
    definition: steps({ id: 'b', action: 'test.noop' }),
  });
  expect(rulesOfTemplate('old')).toBe(2);
  const renewed = await harness.ops.define(person, { name: 'kept', rules: 2 });
  expect(renewed).toMatchObject({ version: 2, created: true });
  expect(rulesOfTemplate('kept')).toBe(2);
  expect(await harness.ops.define(person, { name: 'kept', rules: 2 })).toMatchObject({
    version: 2,
    created: false,
  });
});

test('rules of the past and of the future cannot be asked for', async () => {
  registerOld('old');
  for (const rules of [1, 3, 1.5]) {
    expect(harness.ops.define(person, { name: 'old', rules })).rejects.toThrow(/rules 2/);
  }
});

test('rules of a newer program are not executed, and reading says why', async () => {
  harness.store.putDefinition(HASH, { definition: DEFINITION, output_schema: null });
  harness.store.define(template('new', { definitionHash: HASH, rules: 99 }));
  expect(harness.ops.run(person, { template_name: 'new' })).rejects.toThrow(
    /newer Opcode|rules 99/,
  );
});

test('a registered text is told what its rules mean, once it is defined again', async () => {
  const definition = steps({ id: 'a', action: 'test.noop', retry: { max: 1, delay: '5s' } });
  const pack = { ...template('old').pack, definition: definition as never };
  harness.store.putDefinition(HASH, { definition, output_schema: null });
  harness.store.define(template('old', { definitionHash: HASH, pack, rules: 1 }));
  const again = await harness.ops.define(person, { name: 'old', definition });
  expect(again.created).toBe(false);
  expect(again.warnings).toContainEqual(
    expect.objectContaining({
      code: 'DELAY_IGNORED',
      path: 'steps[0].retry.delay',
      hint: expect.stringContaining('opcode define --rules 2 old'),
    }),
  );
  const looked = await harness.ops.validate(person, { template_name: 'old' });
  expect(looked.issues.map(({ code }) => code)).toContain('DELAY_IGNORED');
  const renewed = await harness.ops.define(person, { name: 'old', rules: 2 });
  expect(renewed.warnings.map(({ code }) => code)).not.toContain('DELAY_IGNORED');
});
