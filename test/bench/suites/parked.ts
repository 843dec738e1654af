/**
 * 100,000 runs that wait for somebody, beside an executor with nothing to do.
 */
import { join } from 'node:path';
import type { RunEvent } from '../../../src/model/event.ts';
import { createMemoryStore } from '../../../src/store/memory/memory-store.ts';
import { createBenchEngine, prepare } from '../engine-harness.ts';
import { fillDatabase } from '../filled-database.ts';
import type { IdleReport } from '../idle-process.ts';
import { openStore } from '../raw-limit.ts';
import { waiting } from '../shapes.ts';
import type { Suite } from '../suite.ts';

const PREPARED = prepare(waiting(1));

async function eventsOfOneRun(): Promise<readonly RunEvent[]> {
  const store = createMemoryStore();
  const bench = createBenchEngine({ store });
  const runId = await bench.start(PREPARED);
  await bench.engine.settled(runId, { timeoutMs: null, orSuspended: true });
  await bench.close();
  return store.events(runId, 0, 100);
}

async function watchProcess(path: string, seconds: number): Promise<IdleReport> {
  const script = join(import.meta.dir, '..', 'idle-process.ts');
  const child = Bun.spawn([process.execPath, script, path, String(seconds)], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error('the idle process failed');
  return JSON.parse(text) as IdleReport;
}

export const parked: Suite = {
  name: 'parked',
  about: 'memory and CPU beside 100,000 suspended runs (--big)',
  big: true,
  async run(context) {
    const runs = context.quick ? 1000 : 100_000;
    const events = await eventsOfOneRun();
    await context.withFile(async (path) => {
      fillDatabase(path, {
        runs,
        prepared: PREPARED,
        statusOf: () => 'suspended',
        eventsOf: () => events,
      });
      const store = openStore(path, 'full');
      store.putDefinition(PREPARED.hash, {
        definition: PREPARED.definition as never,
        output_schema: null,
      });
      store.close();
      const report = await watchProcess(path, context.quick ? 2 : 20);
      const settings = `full, ${runs} suspended runs`;
      const add = (name: string, value: number, unit: 'MB' | '%' | '/s', max: number): void => {
        context.add(name, [{ samples: [value] }], { settings, unit, bar: { max } });
      };
      add('resident memory of an idle executor', report.rss_mb, 'MB', 200);
      add('CPU of an idle executor, of one core', report.cpu_percent, '%', 0.5);
      add('calls to the store while idle', report.queries_a_second, '/s', 5);
    });
  },
};
