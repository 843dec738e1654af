/**
 * A process of its own that executes, over a database of runs that only wait: what it holds and what
 * it does while nothing happens. Prints one line of JSON.
 *
 * Arguments: the database, seconds to watch.
 */
import type { Store } from '../../src/model/store.ts';
import { createBenchEngine } from './engine-harness.ts';
import { openStore } from './raw-limit.ts';

export interface IdleReport {
  readonly rss_mb: number;
  readonly cpu_percent: number;
  readonly queries_a_second: number;
}

/** Counts every call that reaches the store. */
function countCalls(store: Store): { readonly store: Store; readonly count: () => number } {
  let calls = 0;
  const counted = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      (...args: never[]) => {
        calls += 1;
        return (method as (...given: never[]) => unknown)(...args);
      },
    ]),
  );
  return { store: counted as unknown as Store, count: () => calls };
}

async function watchIdle(path: string, seconds: number): Promise<IdleReport> {
  const store = openStore(path, 'full');
  const { store: counted, count } = countCalls(store);
  const bench = createBenchEngine({ store: counted, config: { claims: true } });
  await bench.engine.recover(null);
  await Bun.sleep(2000);
  const before = { cpu: process.cpuUsage(), calls: count(), at: performance.now() };
  await Bun.sleep(seconds * 1000);
  const used = process.cpuUsage(before.cpu);
  const elapsedMs = performance.now() - before.at;
  const report: IdleReport = {
    rss_mb: process.memoryUsage.rss() / 2 ** 20,
    cpu_percent: (100 * (used.user + used.system)) / 1000 / elapsedMs,
    queries_a_second: ((count() - before.calls) * 1000) / elapsedMs,
  };
  await bench.close();
  store.close();
  return report;
}

const [path, seconds] = process.argv.slice(2);
if (path === undefined) throw new Error('the database is missing');
console.log(JSON.stringify(await watchIdle(path, Number(seconds ?? 10))));
