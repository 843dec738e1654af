/** A decision whose question, or whom it is for, comes out empty when its time has come. */
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import { given } from '../support/given.ts';
import { ask } from './steps.ts';

const asking = (field: 'prompt_context' | 'target_agent', value: Json, rules?: number) =>
  given(
    { steps: [ask('a', { [field]: '${{inputs.x}}' })] },
    { inputs: { x: value }, ...(rules === undefined ? {} : { rules }) },
  );

describe('a question that is a template', () => {
  test.each([[''], ['  \n'], [null], [[]], [{}]] as [Json][])(
    'and gives %j fails its step',
    (value) => {
      const run = asking('prompt_context', value).is('failed VALIDATION_ERROR');
      expect(run.state.error?.message).toBe(
        `its question came out empty: \`prompt_context\` gave ${JSON.stringify(value)}: see to it that what it reads has a value`,
      );
    },
  );

  test.each([['Go?'], [0], [false], [['Go?']], [{ q: '' }]] as [Json][])(
    'and gives %j is asked',
    (value) => {
      asking('prompt_context', value).is('suspended');
    },
  );

  test.each(['', null] as Json[])('and gives %j is asked under the first rules', (value) => {
    asking('prompt_context', value, 1).is('suspended');
  });
});

describe('an agent that is a template', () => {
  test.each(['', ' ', null, 7] as Json[])('and gives %j does not open it to anybody', (value) => {
    const run = asking('target_agent', value).is('failed VALIDATION_ERROR');
    expect(run.state.error?.message).toStartWith('it is for no agent: `target_agent` gave ');
  });

  test('and gives a name is asked, under the first rules nobody too', () => {
    asking('target_agent', 'ann').is('suspended');
    asking('target_agent', null, 1).is('suspended');
  });
});
