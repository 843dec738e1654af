/**
 * Nine commands at a time and a daemon on one database: nobody is told that it is locked, no step runs
 * twice, none is lost. TEST_TURNS=40 for more of it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { type Finished, flow, newWorld, type World } from './opcode.ts';

const PROCESSES = 9;
/** Commands of each process, one after the other. */
const TURNS = Number(process.env.TEST_TURNS ?? 6);
const TURNS_MS = TURNS * 60_000;

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

/** Each step leaves a line that says whose it is. */
const marks = (id: string, ...after: string[]) => ({
  id,
  run: 'echo "$OPCODE_IDEMPOTENCY_KEY" >> "$MARKS"',
  depends_on: after,
});
const COUNTS = [marks('one'), marks('two', 'one'), marks('three', 'one')];
const ASKS = [
  marks('one'),
  {
    id: 'ask',
    type: 'reasoning',
    depends_on: ['one'],
    config: { prompt_context: 'Go?', options: [{ id: 'yes' }] },
  },
  marks('two', 'ask'),
];
const STEPS = { counts: 3, asks: 2 } as const;

interface Started {
  readonly id: string;
  readonly kind: keyof typeof STEPS;
}

/** What one process after the other does, and what that started. */
type Task = (started: Started[]) => Promise<Finished>;

const idOf = (done: Finished): string => done.json<{ workflow_id: string }>().workflow_id;
const note = (done: Finished, started: Started[], kind: Started['kind']): Finished => {
  started.push({ id: idOf(done), kind });
  return done;
};

function tasks(file: string): readonly Task[] {
  const run = async (started: Started[], kind: Started['kind'], ...args: string[]) =>
    note(await world.run('run', ...args, '--json'), started, kind);
  return [
    (started) => run(started, 'counts', 'counts'),
    (started) => run(started, 'counts', file),
    (started) => run(started, 'counts', 'counts', '--detach'),
    (started) => run(started, 'counts', 'counts', '--local'),
    async (started) => {
      const asked = await run(started, 'asks', 'asks');
      return asked.code === 7 ? world.run('decide', idOf(asked), 'yes', '--json') : asked;
    },
    () => world.run('query', 'workflows', '--json'),
    () => world.run('status', '--json'),
    () => world.run('query', 'events', '--json'),
  ];
}

/** Commands one after the other, from task `at` on; everything that went wrong. */
async function actor(at: number, file: string, started: Started[]): Promise<string[]> {
  const all = tasks(file);
  const wrong: string[] = [];
  for (let turn = at; turn < at + TURNS; turn++) {
    const task = all[turn % all.length] as Task;
    const done = await task(started);
    if (done.code !== 0) wrong.push(`${done.code}: ${done.stdout} ${done.stderr}`);
    else if (/lock|busy|error/i.test(done.stderr)) wrong.push(done.stderr);
  }
  return wrong;
}

const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];

describe('nine processes and a daemon', () => {
  test(
    'run every step once',
    async () => {
      const sink = join(world.folder, 'marks.txt');
      const steps = (list: object[]) =>
        JSON.parse(JSON.stringify(list).replaceAll('\\"$MARKS\\"', `'${sink}'`));
      const file = world.file('counts.json', flow('counts', steps(COUNTS)));
      for (const name of [file, world.file('asks.json', flow('asks', steps(ASKS)))]) {
        expect((await world.run('define', name)).code).toBe(0);
      }
      daemon = await startDaemon(world);
      const started: Started[] = [];
      const actors = Array.from({ length: PROCESSES }, (_, at) => actor(at, file, started));
      expect((await Promise.all(actors)).flat()).toEqual([]);
      const expected = started.reduce((sum, { kind }) => sum + STEPS[kind], 0);
      expect(expected).toBeGreaterThan(20);
      await eventually(async () => {
        const { counts } = (await world.run('status', '--json')).json<{
          counts: Record<string, number>;
        }>();
        return counts.completed === started.length;
      }, 'everything has ended');
      const marksLeft = linesOf(sink);
      expect(new Set(marksLeft).size).toBe(marksLeft.length);
      expect(marksLeft).toHaveLength(expected);
      expect(daemon.log()).not.toMatch(/"level":"(warn|error)"/);
    },
    TEST_MS + TURNS_MS,
  );
});
