/**
 * Folding logs: from memory, from the file, and as a caller sees it when a parked run is woken.
 */

import { fold } from '../../../src/core/evolve.ts';
import { newState } from '../../../src/core/state.ts';
import type { Definition } from '../../../src/model/definition.ts';
import type { RunEvent } from '../../../src/model/event.ts';
import type { RunId } from '../../../src/model/ids.ts';
import type { Store } from '../../../src/model/store.ts';
import { foldOn } from '../../../src/runtime/folding.ts';
import { createBenchEngine, type Prepared, planOf, prepare } from '../engine-harness.ts';
import { median, type Round } from '../figure.ts';
import { openStore } from '../raw-limit.ts';
import { type BenchContext, type Suite, timed, timedSync } from '../suite.ts';

/** A run of `4 × iterations` events that then waits for a signal. */
const loopThenWait = (iterations: number): Definition => ({
  steps: [
    {
      id: 'loop',
      type: 'loop',
      config: {
        over: Array.from({ length: iterations }, (_, index) => index),
        body: [{ id: 'body', action: 'bench.pure', params: { value: '${{loop.item}}' } }],
      },
    },
    { id: 'wait', type: 'wait', config: { signal: 'go' }, depends_on: ['loop'] },
  ],
});

/** As many loops as needed: one loop takes at most 10,000 items. */
const loopsThenWait = (events: number): Definition => {
  const loops = Math.ceil(events / 40_000);
  const each = Math.floor(events / 4 / loops);
  const [loop, wait] = loopThenWait(each).steps;
  if (loop === undefined || wait === undefined) throw new Error('the shape has two steps');
  const ids = Array.from({ length: loops }, (_, index) => `loop${index}`);
  return {
    steps: [
      ...ids.map((id, index) => ({ ...loop, id, depends_on: ids.slice(index - 1, index) })),
      { ...wait, depends_on: ids.slice(-1) },
    ],
  };
};

async function parkedRun(store: Store, prepared: Prepared): Promise<RunId> {
  const bench = createBenchEngine({ store });
  const runId = await bench.start(prepared);
  await bench.engine.settled(runId, { timeoutMs: null, orSuspended: true });
  await bench.close();
  return runId;
}

function allEvents(store: Store, runId: RunId): RunEvent[] {
  const events: RunEvent[] = [];
  for (;;) {
    const page = store.events(runId, events.length, 5000);
    events.push(...page);
    if (page.length < 5000) return events;
  }
}

async function replayOf(context: BenchContext, wanted: number): Promise<number[]> {
  const prepared = prepare(loopsThenWait(wanted));
  return context.withFile(async (path) => {
    const store = openStore(path, 'normal');
    const runId = await parkedRun(store, prepared);
    const plan = planOf(prepared.definition, prepared.hash);
    const events = allEvents(store, runId);
    const memory: Round[] = [];
    const file: Round[] = [];
    const repeat = Math.max(1, Math.round(20_000 / wanted));
    for (let round = 0; round <= context.rounds(9); round++) {
      Bun.gc(true);
      const pure = Array.from({ length: repeat }, () =>
        timedSync(() => fold(newState(runId, plan), events)),
      );
      const read = Array.from({ length: repeat }, () =>
        timedSync(() => foldOn(store, newState(runId, plan))),
      );
      if (round === 0) continue;
      memory.push({ samples: pure });
      file.push({ samples: read });
    }
    store.close();
    const size = `${events.length} events`;
    const bar = wanted === 1000 ? { bar: { max: 2 } } : {};
    context.add('fold of a log in memory', memory, { settings: size, unit: 'ms' });
    context.add('replay from the file', file, { settings: size, unit: 'ms', ...bar });
    return file.flatMap(({ samples }) => samples.map((ms) => (ms * 1000) / events.length));
  });
}

/** Milliseconds from the signal to its verdict, for one parked run after the other. */
async function wake(context: BenchContext, inSameProcess: boolean): Promise<void> {
  const events = context.quick ? 3000 : 30_000;
  const prepared = prepare(loopsThenWait(events));
  const samples: number[] = [];
  await context.withFile(async (path) => {
    const store = openStore(path, 'normal');
    for (let round = 0; round <= context.rounds(7); round++) {
      const bench = createBenchEngine({ store });
      // Its plan is compiled once per definition, not once per wake.
      const own = await bench.start(prepared);
      await bench.engine.settled(own, { timeoutMs: null, orSuspended: true });
      const runId = inSameProcess ? own : await parkedRun(store, prepared);
      // Parked for good: what is cached behind the commit is there.
      while (store.snapshotMark(runId) === null) await Bun.sleep(1);
      Bun.gc(true);
      const ms = await timed(() =>
        bench.engine.signal(
          runId,
          { type: 'data', name: 'go', by: null, role: 'local', sender: 'person', payload: null },
          null,
          60_000,
        ),
      );
      if (round > 0) samples.push(ms);
      await bench.close();
    }
    store.close();
  });
  const where = inSameProcess ? 'by the process that parked it' : 'by another process';
  context.add(`wake of a parked run, ${where}`, [{ samples }], {
    settings: `normal, ${events} events`,
    unit: 'ms',
    ...(context.quick ? {} : { bar: { max: 10 } }),
    note: 'from the signal to its verdict',
  });
}

export const replay: Suite = {
  name: 'replay',
  about: 'folding logs of 1,000 to 1,000,000 events, waking a parked run',
  async run(context) {
    const sizes = context.quick ? [1000] : [1000, 10_000, 100_000];
    if (context.big) sizes.push(1_000_000);
    const costs: number[][] = [];
    for (const size of sizes) costs.push(await replayOf(context, size));
    const first = median(costs[0] ?? []);
    const last = costs.at(-1);
    if (costs.length > 1 && last !== undefined) {
      context.add(
        'replay, an event of the longest log against one of 1,000',
        [{ samples: last.map((cost) => cost / first) }],
        { settings: `${sizes.at(-1)} events`, unit: '×', bar: { max: 1.3 } },
      );
    }
    await wake(context, true);
    await wake(context, false);
  },
};
