/** Everything that an open step or a run may wait for has one sentence, and the table has every kind. */
import { describe, expect, test } from 'bun:test';
import { type OpenWait, openWaits } from '../../src/core/open-waits.ts';
import type { RunRow } from '../../src/model/store.ts';
import { MAX_WAITS_OF_A_KIND, openWaitTexts } from '../../src/ops/waiting-text.ts';
import { ask, child, effect, loop, parallel, unsafe, wait } from '../core/steps.ts';
import { failed, type GivenOptions, given, restarted, type Scenario } from '../support/given.ts';

const NOBODY = { rows: [], isCut: false };
const told = (waits: readonly OpenWait[]): string[] =>
  openWaitTexts(waits, [], NOBODY, () => []).map(({ kind, text }) => `${kind}: ${text}`);
const waitsOf = (run: Scenario): string[] => told(openWaits(run.state));

const admitted = (reason: 'slot' | 'vault'): GivenOptions => ({
  admit: () => ({ kind: 'wait', for: reason }),
});
const START = '2026-01-01T00:00:0';

describe('an open step says what it waits for', () => {
  const rows: [string, () => Scenario, string][] = [
    [
      'slot',
      () => given({ steps: [effect('a')] }, admitted('slot')),
      'slot: "a" waits for a free slot',
    ],
    [
      'vault',
      () => given({ steps: [effect('a')] }, admitted('vault')),
      'vault: "a" waits for the vault to be unlocked',
    ],
    [
      'concurrency',
      () => given({ max_concurrency: 1, steps: [effect('b'), effect('a')] }),
      'concurrency: "a" waits for its turn: max_concurrency',
    ],
    [
      'breaker',
      () =>
        given(
          { steps: [effect('a', { retry: { max: 1 } })] },
          { admit: () => ({ kind: 'open', target: 'x', untilMs: Date.parse(`${START}9Z`) }) },
        ),
      `timer: "a" waits for its circuit breaker, which lets it try again at ${START}9`,
    ],
    [
      'a retry',
      () => given({ steps: [effect('a', { retry: { max: 2, delay: '5s' } })] }).when(failed('a')),
      `timer: "a" tries again at ${START}5.000Z (attempt 2 of 3) after EXECUTION_ERROR`,
    ],
    [
      'timer',
      () => given({ steps: [wait('a', { duration: '7s' })] }),
      `timer: "a" waits until ${START}7.000Z`,
    ],
    [
      'signal',
      () => given({ steps: [wait('a', { signal: 'go', timeout: '8s' })] }),
      `signal: "a" waits for the signal "go", until ${START}8.000Z`,
    ],
    [
      'decision',
      () => given({ steps: [ask('a', { timeout: '9s' })] }),
      `decision: "a" waits for a decision, until ${START}9.000Z`,
    ],
    [
      'outcome_unknown',
      () => given({ steps: [unsafe('a')] }).when(restarted()),
      'outcome_unknown: "a" was interrupted and nobody knows',
    ],
    ['child', () => given({ steps: [child('a')] }), 'child: "a" waits for run child-a-2'],
  ];
  test.each(rows)('%s', (_name, run, sentence) => {
    const texts = waitsOf(run());
    expect(texts.find((text) => text.startsWith(sentence)) ?? texts).toBeString();
  });

  test('settling', () => {
    expect(told([{ step_id: 'a', kind: 'start', name: 'settling' }])).toEqual([
      'settling: "a" waits until what ran before it is really over',
    ]);
  });

  test('and one that is at work waits for nothing', () => {
    const steps = [effect('a'), loop('l', { over: [1], body: [effect('x')] })];
    expect(waitsOf(given({ steps }))).toEqual([]);
  });
});

test('of a kind that many wait for, some are listed and the others counted', () => {
  const branches = Array.from({ length: MAX_WAITS_OF_A_KIND + 5 }, () => [effect('x')]);
  const run = given({ steps: [parallel('p', { branches })] }, admitted('slot'));
  const texts = waitsOf(run);
  expect(texts).toHaveLength(MAX_WAITS_OF_A_KIND + 1);
  expect(texts.at(-1)).toBe('slot: 5 more steps wait as well (slot)');
});

test('what an awaited run waits for is told with the run', () => {
  const row = {
    runId: 'below',
    status: 'suspended',
    paused: false,
    waitingFor: [{ step_id: 'w', kind: 'signal', name: 'go' }],
  } as unknown as RunRow;
  const waits: OpenWait[] = [{ step_id: 's', kind: 'child', name: 'below' }];
  expect(openWaitTexts(waits, [], { rows: [row], isCut: false }, () => [])).toEqual([
    {
      step_id: 's',
      kind: 'child',
      name: 'below',
      status: 'suspended',
      text: '"s" waits for run below, which is suspended',
    },
    {
      workflow_id: 'below',
      step_id: 'w',
      kind: 'signal',
      name: 'go',
      text: 'in run below: "w" waits for the signal "go"',
    },
  ]);
});
