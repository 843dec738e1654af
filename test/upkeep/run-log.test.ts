/** What a daemon logs of its runs, and where the lines of `workflow.log` are found. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../../src/app-serve.ts';
import { loadConfig } from '../../src/config.ts';
import { isJsonObject, type Json } from '../../src/model/json.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-run-log-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const STEPS = [
  {
    id: 'say',
    action: 'workflow.log',
    params: { message: 'hello', level: 'warn', data: { n: 1 } },
  },
  {
    id: 'flaky',
    depends_on: ['say'],
    run: 'exit 3',
    retry: { max: 1, delay: '1ms' },
    on_error: { strategy: 'ignore' },
  },
  {
    id: 'ask',
    type: 'reasoning',
    depends_on: ['flaky'],
    config: { prompt_context: 'Well?', options: [{ id: 'yes' }] },
  },
  { id: 'end', action: 'workflow.fail', depends_on: ['ask'], params: { reason: 'no more' } },
];

/** Runs the steps in a daemon with this level of log and answers yes; its lines of runs, and the run's output. */
async function served(level: string) {
  const lines: Record<string, Json>[] = [];
  const config = loadConfig({
    flags: { listen_addr: ':0', log_level: level },
    env: { HOME: home, PATH: process.env.PATH ?? '' },
    home,
  });
  const take = (text: string): void => {
    for (const line of text.trim().split('\n'))
      lines.push(JSON.parse(line) as Record<string, Json>);
  };
  const daemon = await startDaemon({ config, write: take, pretty: false, color: false });
  const post = async (path: string, body: object) => {
    const response = await fetch(`${daemon.urls[0]}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, Json>;
  };
  try {
    const definition = { name: 'told', steps: STEPS };
    const asked = await post('run', { definition, agent_id: 'bot', wait: '2m' });
    const { workflow_id } = asked;
    await post('signal', {
      workflow_id: String(workflow_id),
      signal_type: 'decision',
      step_id: 'ask',
      payload: { choice: 'yes' },
      wait: '2m',
    });
    const ended = await post('status', { workflow_id: String(workflow_id), wait: '2m' });
    expect(ended.status).toBe('failed');
    const logs = await post('logs', { workflow_id: String(workflow_id) });
    return { lines: () => lines.filter((line) => line.workflow_id === workflow_id), logs };
  } finally {
    await daemon.stop();
  }
}

const short = ({ level, message, step_id = '' }: Record<string, Json>): string =>
  [level, message, step_id].join(' ').trim();

test('starts, ends, decisions, failures and workflow.log stand in it with their ids', async () => {
  const { lines, logs } = await served('info');
  expect(lines().map(short)).toEqual([
    'info run started',
    'warn hello say',
    'warn step failed and is tried again flaky',
    'warn step failed, which is ignored flaky',
    'info decision asked for ask',
    'info decision made ask',
    'warn step failed end',
    'warn run failed end',
  ]);
  for (const line of lines()) expect(line).toMatchObject({ workflow: 'told', agent_id: 'bot' });
  expect(lines().at(1)).toMatchObject({ data: { n: 1 } });
  expect(lines().at(-1)).toMatchObject({ error: expect.stringContaining('no more') });
  const chunks = logs.chunks as Json[];
  expect(chunks.find((chunk) => isJsonObject(chunk) && chunk.step_id === 'say')).toMatchObject({
    stream: 'stderr',
    text: '[warn] hello {"n":1}\n',
  });
});

test('steps stand in it at the level debug, and only what is wrong at warn', async () => {
  const debug = await served('debug');
  expect(debug.lines().map(short)).toContain('debug step started flaky');
  rmSync(home, { recursive: true });
  const warn = await served('warn');
  expect(new Set(warn.lines().map((line) => line.level))).toEqual(new Set(['warn']));
});
