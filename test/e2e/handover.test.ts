/** Who executes: template runs are left to the daemon and followed; each side goes on with what the other leaves. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS, withRoom } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { finished, flow, newWorld, type World } from './opcode.ts';

// Several processes at a time, on a machine that may have other work.
setDefaultTimeout(TEST_MS);

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

const define = async (name: string, steps: unknown[], rest: object = {}): Promise<void> => {
  const file = world.file(`${name}.json`, flow(name, steps, rest));
  expect((await world.run('define', file)).code).toBe(0);
};

const PRINTS = [
  { id: 'first', run: 'echo one; echo two >&2' },
  { id: 'second', depends_on: ['first'], run: 'echo "from $PPID"' },
];
const ASKS = [
  { id: 'ask', type: 'reasoning', config: { prompt_context: 'Go?', options: [{ id: 'yes' }] } },
  { id: 'after', run: 'echo went on', depends_on: ['ask'] },
];
const UNTIL_GO = 'until test -e go; do sleep 0.02; done';
const after = { id: 'after', run: 'echo "$PPID" >> ran.txt', depends_on: ['wait'] };
/** Works until `letGo`, then says who its executor is. */
const SLOW = [{ id: 'wait', run: UNTIL_GO, effect: 'idempotent' }, after];
const letGo = (): void => writeFileSync(join(world.folder, 'go'), '');

interface RunDocument {
  readonly workflow_id: string;
  readonly status: string;
  readonly steps: Record<string, { status: string; output?: { stdout: string } }>;
}

const statusOf = async (id: string): Promise<RunDocument> =>
  (
    await world.run('status', id, '--json', '--include', 'steps,decisions,output')
  ).json<RunDocument>();
const ends = (id: string, status = 'completed'): Promise<true> =>
  eventually(async () => (await statusOf(id)).status === status, `${id} is ${status}`);
const executors = (): string[] =>
  readFileSync(join(world.folder, 'ran.txt'), 'utf8').trim().split('\n');

describe('a template run with a live daemon', () => {
  test('is executed by it, shown and answered like a local one', async () => {
    await define('prints', PRINTS);
    daemon = await startDaemon(world);
    const run = await world.run('run', 'prints');
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('first │ one');
    expect(run.stderr).toContain('first │ two');
    expect(run.stderr).toContain('✓ completed  second');
    expect(run.stdout).toContain(`from ${daemon.pid}`);
    const remote = (
      await world.run('run', 'prints', '--json', '--include', 'steps')
    ).json<RunDocument>();
    const local = (
      await world.run('run', 'prints', '--json', '--local', '--include', 'steps')
    ).json<RunDocument>();
    expect(remote.steps.second?.output?.stdout).toBe(`from ${daemon.pid}\n`);
    expect(local.steps.second?.output?.stdout).not.toBe(`from ${daemon.pid}\n`);
    expect(Object.keys(remote).sort()).toEqual(Object.keys(local).sort());
  });

  test('shows the last line of its log though the run ends with it', async () => {
    const says = { action: 'workflow.log', params: { message: 'it is over' } };
    await define('says', [{ id: 'said', ...says }]);
    daemon = await startDaemon(world);
    expect((await world.run('run', 'says')).stderr).toContain('said │ it is over');
    expect((await world.run('logs', '@last')).stdout).toContain('it is over');
  });

  test('has the exit codes of a local one, and --wait leaves it', async () => {
    await define('fails', [{ id: 'no', action: 'workflow.fail', params: { reason: 'no' } }]);
    await define('asks', ASKS);
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    expect((await world.run('run', 'fails', '-q')).code).toBe(1);
    expect((await world.run('run', 'asks')).code).toBe(7);
    const left = await world.run('run', 'slow', '--wait', '100ms', '--json');
    expect(left.code).toBe(5);
    letGo();
    await ends(left.json<RunDocument>().workflow_id);
    expect(executors()).toEqual([String(daemon.pid)]);
  });

  test('asks its decisions on this terminal', async () => {
    await define('asks', ASKS);
    daemon = await startDaemon(world);
    const terminal = world.onTerminal('run', 'asks');
    await terminal.until('Your choice');
    terminal.type('yes\n');
    await terminal.until('Reason');
    terminal.type('\n');
    expect(await terminal.exited).toBe(0);
    expect(terminal.text()).toContain('went on');
  });

  test('goes on when Ctrl-C leaves it', async () => {
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    const terminal = world.onTerminal('run', 'slow');
    await terminal.until('wait');
    terminal.type('\u0003');
    expect(await terminal.exited).toBe(130);
    expect(terminal.text()).toContain('The daemon goes on with it.');
    letGo();
    await ends('@last');
    expect(executors()).toEqual([String(daemon.pid)]);
  });

  test('is executed here, which is said, when the daemon is of another version', async () => {
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    const database = new Database(join(world.home, 'opcode.db'));
    database.run('PRAGMA busy_timeout = 5000');
    database.run("UPDATE nodes SET version = '9.9.9'");
    database.close();
    letGo();
    const run = await world.run('run', 'slow', '-q');
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(
      /Executing here: the daemon \(pid \d+\) is version 9\.9\.9, this is /,
    );
    expect(executors()).not.toEqual([String(daemon.pid)]);
  });

  test('is executed here, which is said, while the daemon stops', async () => {
    await define('long', [{ id: 'long', run: `touch begun; ${UNTIL_GO}` }]);
    await define('prints', PRINTS);
    daemon = await startDaemon(world);
    expect((await world.run('run', 'long', '--detach')).code).toBe(0);
    await eventually(() => existsSync(join(world.folder, 'begun')), 'its step is in flight');
    daemon.signal('SIGTERM');
    await eventually(() => daemon?.log().includes('stopping') === true, 'it stops');
    const run = await world.run('run', 'prints');
    expect(run.stderr).toMatch(/Executing here: the daemon \(pid \d+\) is stopping/);
    expect(run.stdout).not.toContain(`from ${daemon.pid}`);
    letGo();
    expect(await daemon.exited).toBe(0);
  });

  test('is followed over the death of its daemon', async () => {
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    const run = world.start('run', 'slow');
    await eventually(async () => (await world.run('status', '@last')).code === 0, 'it runs');
    await end(daemon);
    daemon = await startDaemon(world);
    letGo();
    expect((await finished(run)).code).toBe(0);
    expect(executors()).toEqual([String(daemon.pid)]);
  });
});

describe('reruns', () => {
  test('are left to the daemon with what they keep, also detached and without any executor', async () => {
    await define('prints', PRINTS);
    expect((await world.run('run', 'prints', '-q')).code).toBe(0);
    const first = await statusOf('@last');
    const detached = await world.run('rerun', '@last', '--from', 'second', '--detach');
    expect(detached.code).toBe(0);
    expect(detached.stderr).toContain('No daemon runs, so nothing moves yet');
    const id = detached.stdout.trim();
    daemon = await startDaemon(world);
    await ends(id);
    const second = await statusOf(id);
    expect(second.steps.first?.output).toEqual(first.steps.first?.output);
    expect(second.steps.second?.output?.stdout).toBe(`from ${daemon.pid}\n`);
    const followed = await world.run('rerun', id, '--from', 'second');
    expect(followed.code).toBe(0);
    expect(followed.stderr).toContain('Kept   first');
    const events = await world.run('events', '@last', '--json');
    expect(events.stdout.match(/"step_started"/g)).toHaveLength(2);
    expect(events.stdout).toContain('reused_from');
  });
});

describe('hand-over', () => {
  test('the daemon goes on at once with a run whose process was killed', async () => {
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    const run = world.start('run', 'slow', '--local');
    await eventually(async () => (await world.run('status', '@last')).code === 0, 'it runs');
    run.kill('SIGKILL');
    await run.exited;
    letGo();
    await ends('@last');
    expect(executors()).toEqual([String(daemon.pid)]);
  });

  test('the daemon goes on with a run of a file that was left', async () => {
    daemon = await startDaemon(world);
    await withRoom(async (roomMs) => {
      const naps = { id: 'wait', type: 'wait', config: { duration: `${roomMs}ms` } };
      const terminal = world.onTerminal(
        'run',
        world.file('slow.json', flow('slow', [naps, after])),
      );
      await terminal.until('wait');
      terminal.type('\u0003');
      if ((await terminal.exited) === 0) return false;
      expect(await terminal.exited).toBe(130);
      expect(terminal.text()).toContain('The daemon goes on with it.');
      return true;
    });
    await ends('@last');
    expect(executors().at(-1)).toBe(String(daemon.pid));
  });

  test('recover says why there is nothing to do', async () => {
    expect((await world.run('recover')).stderr).toContain('no run is unfinished');
    const ask = {
      id: 'q',
      type: 'reasoning',
      config: { prompt_context: '?', options: [{ id: 'a' }] },
    };
    await world.run('run', world.file('ask.json', flow('ask', [ask])));
    const { code, stderr } = await world.run('recover');
    expect([code, stderr]).toEqual([0, expect.stringContaining('1 run waits for somebody')]);
  });

  test('recover goes on with the runs of a daemon that was killed', async () => {
    await define('slow', SLOW);
    daemon = await startDaemon(world);
    const { stdout } = await world.run('run', 'slow', '--detach');
    await eventually(async () => (await statusOf(stdout.trim())).status === 'active', 'it runs');
    await end(daemon);
    expect((await world.run('status')).stderr).toContain('without an executor');
    letGo();
    expect((await world.run('recover')).code).toBe(0);
    expect((await statusOf(stdout.trim())).status).toBe('completed');
  });

  test('a signal is acted on by the daemon, and here when there is none', async () => {
    await define('asks', ASKS);
    const ask = async (): Promise<string> =>
      (await world.run('run', 'asks', '--json')).json<RunDocument>().workflow_id;
    const [one, two] = [await ask(), await ask()];
    expect((await world.run('decide', one, 'yes')).stderr).toContain('went on');
    expect((await statusOf(one)).status).toBe('completed');
    daemon = await startDaemon(world);
    const decided = await world.run('decide', two, 'yes');
    expect(decided.code).toBe(0);
    expect(decided.stderr).toContain('Decided: yes');
    // Followed to its end, as if it ran here.
    expect(decided.stderr).toContain('went on');
    expect((await statusOf(two)).status).toBe('completed');
    expect(daemon.log()).not.toContain('"level":"error"');
  });
});
