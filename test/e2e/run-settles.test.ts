/** A run ends when its commands are gone, as whoever cancels it or waits for its place can see. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { newWorld, type World } from './opcode.ts';

let world: World;
let daemon: DaemonProcess | null;
beforeEach(() => {
  world = newWorld();
  daemon = null;
});
afterEach(async () => {
  await end(daemon);
  world.close();
});

const text = (name: string): string => {
  try {
    return readFileSync(join(world.folder, name), 'utf8');
  } catch {
    return '';
  }
};

test(
  'a newer run takes the place when the command of the older is gone',
  async () => {
    // It goes on when it is told to end, and notes itself while it lives.
    const command = `trap '' TERM; while :; do printf %s \${{inputs.n}} >> '${world.folder}/n'; sleep 0.05; done`;
    world.file('t.json', {
      name: 't',
      definition: {
        concurrency: { key: 'k', limit: 1, when_full: 'replace' },
        steps: [{ id: 's', run: command }],
      },
    });
    await world.run('define', 't.json');
    daemon = await startDaemon(world);
    const { url } = daemon;
    const post = async (operation: string, body: object) => {
      const response = await fetch(`${url}/api/v1/${operation}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, never>;
    };
    const run = (n: string) => post('run', { template_name: 't', params: { n }, wait: 0 });
    const first = await run('A');
    await eventually(() => text('n').includes('A'), 'the first is at work');
    const second = await run('B');
    await eventually(() => text('n').includes('B'), 'the second is at work');
    expect(text('n')).toMatch(/^A+B+$/);
    expect(await post('status', { workflow_id: first.workflow_id })).toMatchObject({
      status: 'cancelled',
    });
    const cancelled = await post('signal', {
      workflow_id: second.workflow_id,
      signal_type: 'cancel',
    });
    expect(cancelled).toMatchObject({
      status: 'active',
      ending: 'cancelled',
      waiting_for: [{ step_id: 's', kind: 'settling', name: 'cancelled' }],
    });
    const listed = await world.run('query', 'workflows', '--json');
    expect(listed.stdout).toContain('"ending":"cancelled"');
    const shown = await world.run('status', '@last');
    expect(shown.stdout).toContain('ending: cancelled');
  },
  TEST_MS,
);
