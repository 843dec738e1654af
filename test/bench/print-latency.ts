/**
 * Prints how long small steps take alone and while hostile runs do their worst, one line each.
 *
 * A program of its own: `bun scripts/latency.ts` starts it.
 */
import { HOSTILE_STEPS } from '../system/hostile-steps.ts';
import { type Latency, measureLatency } from '../system/step-latency.ts';
import { newHome, openSystem, removeHome } from '../system/support.ts';

const line = (name: string, { steps, p50Ms, p99Ms, maxMs }: Latency): string =>
  [name.padEnd(44), steps, p50Ms, p99Ms, maxMs].join(' | ');

const home = newHome();
const system = await openSystem(home);
console.log('while'.padEnd(44), '| steps | p50 ms | p99 ms | max ms');
console.log(line('nothing else', await measureLatency(system, () => Bun.sleep(1000))));
for (const { name, step, params } of HOSTILE_STEPS) {
  const latency = await measureLatency(system, async () => {
    const more = params === undefined ? {} : { params };
    await system.run({ steps: [{ id: 'evil', ...step }] }, more);
  });
  console.log(line(name, latency));
}
await system.close();
removeHome(home);
