/** Short spellings of steps for the sentences of the core tests. */
import type { StepConfigDef, StepDef } from '../../src/model/definition.ts';
import type { JsonObject } from '../../src/model/json.ts';

type More = Partial<StepDef>;

/** Ends at once, inside the decision, with `{value}`. */
export const noop = (id: string, more: More = {}): StepDef => ({
  id,
  action: 'test.noop',
  params: { value: id },
  ...more,
});

/** Fails at once and for good (`NON_RETRYABLE`). */
export const bad = (id: string, more: More = {}): StepDef => ({ id, action: 'test.fail', ...more });

/** Runs outside: ends when the test says so. */
export const effect = (id: string, more: More = {}): StepDef => ({
  id,
  action: 'test.idempotent',
  params: { value: id },
  ...more,
});

export const unsafe = (id: string, more: More = {}): StepDef => ({
  ...effect(id, more),
  action: 'test.unsafe',
});

export const child = (id: string, more: More = {}, params: JsonObject = {}): StepDef => ({
  id,
  action: 'workflow.run',
  params: { template_name: 't', ...params },
  ...more,
});

const composite =
  (type: NonNullable<StepDef['type']>) =>
  (id: string, config: StepConfigDef, more: More = {}): StepDef => ({ id, type, config, ...more });

export const condition = composite('condition');
export const loop = composite('loop');
export const parallel = composite('parallel');
export const wait = composite('wait');
const reasoning = composite('reasoning');

/** A question with the options yes and no (which stops). */
export const ask = (id: string, config: StepConfigDef = {}, more: More = {}): StepDef =>
  reasoning(
    id,
    {
      prompt_context: `${id}?`,
      options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }],
      ...config,
    },
    more,
  );
