/**
 * Reading a database of a million events as its users do, through the operations.
 */
import { type App, openApp } from '../../../src/app.ts';
import { loadConfig } from '../../../src/config.ts';
import type { RunEvent } from '../../../src/model/event.ts';
import { toRfc3339 } from '../../../src/model/time.ts';
import { createMemoryStore } from '../../../src/store/memory/memory-store.ts';
import { createBenchEngine, prepare } from '../engine-harness.ts';
import { quantile } from '../figure.ts';
import { fillDatabase, filledAt, filledRunId } from '../filled-database.ts';
import { openStore } from '../raw-limit.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

/** `crypto.hash` is an action of the product too, so its plans compile these runs. */
const STEPS = Array.from({ length: 24 }, (_, n) => ({
  id: `s${n}`,
  action: 'crypto.hash',
  params: { data: 'bench' },
  ...(n === 0 ? {} : { depends_on: [`s${n - 1}`] }),
}));
/** 24 pure steps: 50 events. */
const EVENTS_A_RUN = 50;
const MAX_SAMPLES = 200;

async function eventsOfOneRun(): Promise<readonly RunEvent[]> {
  const store = createMemoryStore();
  const bench = createBenchEngine({ store });
  const steps = STEPS.map((step) => ({ ...step, action: 'bench.pure' }));
  const runId = await bench.complete(prepare({ steps }));
  await bench.close();
  return store.events(runId, 0, EVENTS_A_RUN);
}

type Ops = App['ops'];
type Read = (ops: Ops, index: number) => Promise<unknown>;
const CALLER = { caller: { agentId: null, role: 'local', sender: 'person' }, exec: null } as const;

/** `index` spreads the samples over the database. */
const reads = (runs: number): Readonly<Record<string, Read>> => {
  const query = (ops: Ops, resource: 'workflows' | 'events', filter: object) =>
    ops.query(CALLER, { resource, filter });
  const since = (index: number) => toRfc3339(filledAt(index));
  return {
    'status of a run': (ops, index) =>
      ops.status(CALLER, { workflow_id: filledRunId(index), wait: 0 }),
    'query of the newest runs': (ops) => query(ops, 'workflows', {}),
    'query of failed runs': (ops) => query(ops, 'workflows', { status: 'failed' }),
    'query of runs of a template': (ops, index) =>
      query(ops, 'workflows', { template_name: `template-${index % 50}` }),
    'query of an agent’s failed runs': (ops, index) =>
      query(ops, 'workflows', { agent_id: `agent-${index % 7}`, status: 'failed' }),
    'query of runs in a time': (ops, index) =>
      query(ops, 'workflows', {
        since: since(index),
        until: since(Math.min(runs - 1, index + 30)),
      }),
    'query of the newest events': (ops) => query(ops, 'events', {}),
    'query of a run’s events': (ops, index) =>
      query(ops, 'events', { workflow_id: filledRunId(index) }),
    'query of events of a rare type': (ops) =>
      query(ops, 'events', { event_type: 'workflow_failed' }),
    'query of events in a time': (ops, index) =>
      query(ops, 'events', { since: since(index), until: since(Math.min(runs - 1, index + 5)) }),
  };
};

async function measure(context: BenchContext, path: string, runs: number): Promise<void> {
  const home = `${path}.home`;
  const flags = { db_path: path };
  const app = await openApp(loadConfig({ flags, env: {}, home }), { execute: false });
  const samples = context.quick ? 10 : MAX_SAMPLES;
  for (const [name, read] of Object.entries(reads(runs))) {
    const times: number[] = [];
    for (let at = 0; at <= samples; at++) {
      const index = Math.floor(((at * 0.618) % 1) * runs);
      const ms = await timed(() => read(app.ops, index));
      if (at > 0) times.push(ms);
    }
    context.add(name, [{ samples: [quantile(times, 0.95)] }], {
      settings: `${runs * EVENTS_A_RUN} events, ${runs} runs`,
      unit: 'ms',
      bar: { max: 10 },
      note: `95th percentile, half of them under ${Math.round(quantile(times, 0.5) * 100) / 100} ms`,
    });
  }
  await app.close();
}

export const queries: Suite = {
  name: 'queries',
  about: 'status and query over a million events (--big)',
  big: true,
  async run(context) {
    const runs = context.quick ? 500 : 20_000;
    const template = await eventsOfOneRun();
    const prepared = prepare({ steps: STEPS });
    await context.withFile(async (path) => {
      fillDatabase(path, {
        runs,
        prepared,
        statusOf: (index) => (index % 20 === 0 ? 'failed' : 'completed'),
        eventsOf: (index) => template.map((event) => endingOf(event, index)),
      });
      const store = openStore(path, 'normal');
      store.putDefinition(prepared.hash, {
        definition: prepared.definition as never,
        output_schema: null,
      });
      store.close();
      await measure(context, path, runs);
    });
  },
};

/** The event of the run `index`: at its time, and a failure at the end of every twentieth. */
function endingOf(event: RunEvent, index: number): RunEvent {
  const at = filledAt(index) + event.seq;
  if (event.type !== 'workflow_completed' || index % 20 !== 0) return { ...event, at };
  const error = { code: 'EXECUTION_ERROR' as const, message: 'failed for the measuring' };
  return { seq: event.seq, at, path: null, type: 'workflow_failed', payload: { error } };
}
