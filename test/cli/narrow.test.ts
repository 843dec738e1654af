/**
 * What a person reads on a terminal of 80 columns: ids and names whole, times that say their day, and one
 * duration for one step.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLineOf } from '../../cli/print/event-line.ts';
import { shortId } from '../../cli/print/run-id.ts';
import { PLAIN_STYLE } from '../../cli/print/style.ts';
import { execute } from '../../cli/program.ts';
import { formatDuration } from '../../src/model/time.ts';
import { fakeStream, fakeTerminal } from './fake-terminal.ts';

const NAME = 'a-template-with-a-name-of-fifty-characters-in-all-50';
const STEP = 'a_step_with_a_name_of_forty_characters_40';

let folder = '';
async function opcode(words: readonly string[], isTerminal = true) {
  const stdout = fakeStream(isTerminal ? { columns: 80 } : {});
  const terminal = { ...fakeTerminal(), stdout };
  const env = { OPCODE_HOME: join(folder, 'home'), HOME: folder };
  const code = await execute([...words], terminal, env);
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

let run = '';
let token = { id: '', prefix: '' };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-narrow-'));
  const file = join(folder, 'flow.json');
  const ask = {
    id: 'ask',
    type: 'reasoning',
    depends_on: [STEP],
    config: {
      prompt_context: `May it go on? ${'Think. '.repeat(20)}`,
      options: [{ id: 'by_all_means_do_it' }, { id: 'under_no_circumstances', outcome: 'stop' }],
    },
  };
  writeFileSync(file, JSON.stringify({ steps: [{ id: STEP, run: 'echo hello' }, ask] }));
  for (const words of [
    ['define', file, '--name', NAME],
    ['run', NAME, '-q', '--detach'],
    ['recover'],
    ['schedule', 'add', NAME, NAME, '0 2 * * *', '--timezone', 'America/Argentina/Buenos_Aires'],
  ]) {
    const done = await opcode(words, false);
    expect([words, done.stderr, [0, 3].includes(done.code)]).toEqual([words, done.stderr, true]);
  }
  const listed = await opcode(['query', 'workflows', '--json'], false);
  run = JSON.parse(listed.stdout).workflows[0].workflow_id;
  const made = await opcode(
    ['token', 'create', '--role', 'viewer', '--name', 'somebody who looks at it', '--json'],
    false,
  );
  token = JSON.parse(made.stdout);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('80 columns', () => {
  const short = () => shortId(run);
  const LISTS: readonly (readonly [readonly string[], () => readonly string[]])[] = [
    [['status'], () => [short(), NAME]],
    [['status', '@last'], () => [run, STEP, 'ask']],
    [['query', 'workflows'], () => [short(), NAME]],
    [['query', 'events', '--run', '@last'], () => [short(), STEP, 'step_completed']],
    [['query', 'templates'], () => [NAME, 'v1']],
    [
      ['query', 'decisions'],
      () => [short(), 'ask', 'by_all_means_do_it|under_no_circumstances', 'May it go on?'],
    ],
    [['query', 'actions'], () => ['workflow.context', 'fail_on_error_status']],
    [['query', 'schedules'], () => [NAME, 'America/Argentina/Buenos_Aires', '0 2 * * *']],
    [['schedule', 'list'], () => [NAME, 'America/Argentina/Buenos_Aires']],
    [['query', 'audit'], () => ['token_create']],
    [['token', 'list'], () => [token.id, token.prefix, 'somebody who looks at it', 'never']],
    [['events', '@last'], () => [STEP, 'decision_requested']],
    [['settings'], () => ['limits.output_bytes']],
  ];

  test.each(LISTS.map(([words, whole]) => [words.join(' '), words, whole] as const))(
    '%s',
    async (_, words, whole) => {
      const { stdout, stderr, code } = await opcode(words);
      expect([stderr, code === 0 || code === 3]).toEqual([stderr, true]);
      for (const text of whole()) expect(stdout).toContain(text);
    },
  );
});

describe('a time of an event', () => {
  const event = {
    id: 1,
    workflow_id: '01934c5e-8a2b-7c3d-9e4f-5a6b7c8d9e0f',
    sequence: 3,
    event_type: 'step_completed',
    step_id: 'build',
    timestamp: '2026-03-09T12:03:12.120Z',
    payload: { output: 'x'.repeat(100) },
  };
  const lineOf = (nowMs: number | null) =>
    eventLineOf(event, { style: PLAIN_STYLE, width: 80 }, { run: false, nowMs });
  const at = Date.parse(event.timestamp);

  test('is without its date on its own day, and has it on every other and in files', () => {
    expect(lineOf(at + 1000)).not.toContain('2026-');
    expect(lineOf(at + 3 * 86_400_000)).toMatch(/ 2026-03-\d\d \d\d:\d\d:12\.120 /);
    expect(lineOf(null)).toMatch(/ 2026-03-\d\d \d\d:\d\d:12\.120 /);
  });

  test('and the step are whole however narrow the terminal is', () => {
    const line = eventLineOf(event, { style: PLAIN_STYLE, width: 30 }, { run: true, nowMs: null });
    expect(line).toContain('step_completed        build');
    expect(lineOf(at)).toHaveLength(80);
  });
});

test('a step has one duration: in the lines of its run, its events, its status, its answer', async () => {
  const file = join(folder, 'slow.json');
  writeFileSync(file, JSON.stringify({ steps: [{ id: 'slow', run: 'sleep 0.05' }] }));
  const ran = await opcode(['run', file], false);
  expect(ran.code).toBe(0);
  const status = JSON.parse((await opcode(['status', '@last', '--json'], false)).stdout);
  const {
    duration_ms: took,
    started_at,
    completed_at,
  } = {
    ...status.steps.slow,
    ...JSON.parse((await opcode(['status', '@last', 'slow', '--json'], false)).stdout),
  };
  const events = (await opcode(['events', '@last', '--json'], false)).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const done = events.find((event) => event.event_type === 'step_completed');
  expect(status.steps.slow.duration_ms).toBe(took);
  expect(done.payload.duration_ms).toBe(took);
  expect(Date.parse(completed_at) - Date.parse(started_at)).toBe(took);
  expect(ran.stderr + ran.stdout).toContain(`slow  ${formatDuration(took)}`);
});
