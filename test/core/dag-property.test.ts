/**
 * Random graphs with random outcomes: every step runs at most once and after what it depends on, the
 * end is what the rules say whatever the order of results, and a log cut anywhere comes to it too.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fold } from '../../src/core/evolve.ts';
import { outstanding } from '../../src/core/outstanding.ts';
import { newState } from '../../src/core/state.ts';
import { type StepDef, TRIGGER_RULES, type TriggerRule } from '../../src/model/definition.ts';
import {
  eventSentence,
  failed,
  given,
  restarted,
  type Scenario,
  succeeded,
} from '../support/given.ts';
import { expectSameState } from './plain-state.ts';

interface Node {
  readonly deps: readonly number[];
  readonly rule: TriggerRule;
  readonly outcome: 'ok' | 'fail' | 'ignored' | 'guarded';
  readonly inline: boolean;
}

const node = (index: number): fc.Arbitrary<Node> =>
  fc.record({
    deps: fc.subarray(
      Array.from({ length: index }, (_, i) => i),
      { maxLength: Math.min(3, index) },
    ),
    rule: fc.constantFrom(...TRIGGER_RULES),
    outcome: fc.constantFrom('ok', 'ok', 'ok', 'fail', 'ignored', 'guarded'),
    inline: fc.boolean(),
  });

const graphs = fc
  .integer({ min: 1, max: 8 })
  .chain((size) => fc.tuple(...Array.from({ length: size }, (_, index) => node(index))));

const idOf = (index: number): string => `s${index}`;

function stepOf(it: Node, index: number): StepDef {
  const fails = it.outcome === 'fail' || it.outcome === 'ignored';
  const inline = fails ? 'test.fail' : 'test.noop';
  return {
    id: idOf(index),
    action: it.inline ? inline : 'test.idempotent',
    depends_on: it.deps.map(idOf),
    trigger_rule: it.rule,
    ...(it.outcome === 'guarded' ? { condition: 'false' } : {}),
    ...(it.outcome === 'ignored' ? { on_error: { strategy: 'ignore' as const } } : {}),
  };
}

type End = 'completed' | 'failed' | 'skipped' | 'broken';

/** The trigger rules, told once more without any machinery. */
function endsOf(nodes: readonly Node[]): End[] {
  const ends: End[] = [];
  for (const it of nodes) {
    const deps = it.deps.map((index) => ends[index] as End);
    const has = (end: End): boolean => deps.includes(end);
    ends.push(endOf(it, deps, has));
  }
  return ends;
}

function endOf(it: Node, deps: readonly End[], has: (end: End) => boolean): End {
  const broken = has('failed') || has('broken');
  switch (it.rule) {
    case 'all_ok':
      if (broken) return 'broken';
      if (deps.length > 0 && !has('completed')) return 'skipped';
      break;
    case 'all_completed':
      if (broken) return 'broken';
      if (has('skipped')) return 'skipped';
      break;
    case 'none_failed':
      if (has('failed')) return 'broken';
      break;
    case 'any_failed':
      if (!has('failed')) return 'skipped';
      break;
    case 'all_done':
      break;
  }
  if (it.outcome === 'guarded') return 'skipped';
  return it.outcome === 'fail' ? 'failed' : 'completed';
}

const isOpen = (run: Scenario): string[] =>
  outstanding(run.state).flatMap((command) => (command.kind === 'execute' ? [command.path] : []));

/** Ends open steps one by one, the next one chosen by `choices`, until nothing is open. */
function drive(run: Scenario, nodes: readonly Node[], choices: readonly number[]): Scenario {
  for (let turn = 0; turn < 100; turn++) {
    const open = isOpen(run);
    const path = open[(choices[turn % choices.length] ?? 0) % Math.max(1, open.length)];
    if (path === undefined) return run;
    const it = nodes[Number(path.slice(1))] as Node;
    const fails = it.outcome === 'fail' || it.outcome === 'ignored';
    run.when(fails ? failed(path, 'NON_RETRYABLE') : succeeded(path), { atMs: turn });
  }
  throw new Error('the run never ends');
}

const standsLike = (run: Scenario, index: number): End => {
  const step = run.step(idOf(index));
  if (step.status !== 'skipped') return step.status as End;
  return step.skipReason === 'upstream_failed' ? 'broken' : 'skipped';
};

const definitionOf = (nodes: readonly Node[]) => ({ steps: nodes.map(stepOf) });
const choicesOf = fc.array(fc.nat(7), { minLength: 1, maxLength: 12 });

describe('random graphs', () => {
  test('end as the trigger rules say, whatever comes first', () => {
    fc.assert(
      fc.property(graphs, choicesOf, (nodes, choices) => {
        const run = drive(given(definitionOf(nodes)), nodes, choices);
        const ends = endsOf(nodes);
        expect(nodes.map((_, index) => standsLike(run, index))).toEqual(ends);
        expect(run.state.status).toBe(ends.includes('failed') ? 'failed' : 'completed');
      }),
      { numRuns: 150 },
    );
  });

  test('start every step at most once, and only when all it depends on has ended', () => {
    fc.assert(
      fc.property(graphs, choicesOf, (nodes, choices) => {
        const run = drive(given(definitionOf(nodes)), nodes, choices);
        const ended = new Set<string>();
        const begun = new Set<string>();
        for (const { type, path } of run.log) {
          if (path === null) continue;
          if (type === 'step_started') {
            expect(begun.has(path)).toBe(false);
            begun.add(path);
            const it = nodes[Number(path.slice(1))] as Node;
            expect(it.deps.map(idOf).filter((dep) => !ended.has(dep))).toEqual([]);
          } else if (/^step_(completed|failed|skipped|ignored)$/.test(type)) ended.add(path);
        }
        expect(ended.size).toBe(nodes.length);
      }),
      { numRuns: 150 },
    );
  });

  test('come to the same end from a log cut after any event', () => {
    fc.assert(
      fc.property(graphs, choicesOf, fc.nat(200), (nodes, choices, cut) => {
        const definition = definitionOf(nodes);
        const whole = drive(given(definition), nodes, choices);
        const count = 1 + (cut % whole.log.length);
        const again = given(definition, {}, whole.log.slice(0, count)).when(restarted());
        drive(again, nodes, choices);
        const where = `cut after ${count}: ${eventSentence(whole.log[count - 1] as (typeof whole.log)[0])}`;
        expect({ where, ends: nodes.map((_, index) => standsLike(again, index)) }).toEqual({
          where,
          ends: endsOf(nodes),
        });
      }),
      { numRuns: 150 },
    );
  });

  test('have a log of which every beginning folds, alone and as the rest of a shorter one', () => {
    fc.assert(
      fc.property(graphs, choicesOf, fc.nat(200), (nodes, choices, cut) => {
        const { plan, state, log } = drive(given(definitionOf(nodes)), nodes, choices);
        const count = cut % (log.length + 1);
        const folded = fold(newState(state.runId, plan), log.slice(0, count));
        expect(folded.seq).toBe(count);
        fold(folded, log.slice(count));
        expectSameState(state, folded);
      }),
      { numRuns: 100 },
    );
  });
});
