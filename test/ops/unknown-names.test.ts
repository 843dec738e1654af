/** Whoever misspells a name is told the one that was meant, whatever it is the name of. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { AppError } from '../../src/model/error.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { ask, type Harness, openHarness, person, runOf } from './harness.ts';

let harness: Harness;
let run = '';
beforeAll(async () => {
  harness = openHarness();
  const { ops } = harness;
  const definition = { steps: [ask('approve')] } as unknown as JsonObject;
  await ops.define(person, { name: 'nightly-report', definition });
  await ops.schedule_add(person, {
    name: 'every-night',
    template_name: 'nightly-report',
    expression: '@daily',
  });
  await ops.token_create(person, { role: 'viewer', name: 'dashboard' });
  run = (await runOf(ops, definition)).workflow_id;
});
afterAll(() => harness.close());

/** What an error says, its hint and its issues included. */
async function saidBy(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return `${thrown.message} ${thrown.hint ?? ''} ${JSON.stringify(thrown.details ?? '')}`;
  }
  return 'nothing was refused';
}

const step = (more: JsonObject): JsonObject => ({ steps: [{ id: 'a', ...more }] });

type Row = readonly [kind: string, call: (harness: Harness) => Promise<unknown>, meant: string];
const NAMES: readonly Row[] = [
  ['template', ({ ops }) => ops.run(person, { template_name: 'nightly-reprot' }), 'nightly-report'],
  [
    'template of a schedule',
    ({ ops }) =>
      ops.schedule_add(person, { name: 'x', template_name: 'nightly-reprt', expression: '@daily' }),
    'nightly-report',
  ],
  [
    'template drawn',
    ({ ops }) => ops.diagram(person, { template_name: 'nightly_report', format: 'dot' }),
    'nightly-report',
  ],
  ['schedule', ({ ops }) => ops.schedule_remove(person, { name: 'evry-night' }), 'every-night'],
  [
    'schedule asked for',
    ({ ops }) => ops.schedule_next(person, { name: 'every-nigth' }),
    'every-night',
  ],
  ['token', ({ ops }) => ops.token_revoke(person, { id: 'dashbord' }), 'dashboard'],
  ['run', ({ ops }) => ops.status(person, { workflow_id: '@lats' }), '@last'],
  [
    'run, where a template was given',
    ({ ops }) => ops.status(person, { workflow_id: 'nightly-report' }),
    '--template nightly-report',
  ],
  [
    'step looked at',
    ({ ops }) => ops.status(person, { workflow_id: run, step_id: 'aprove' }),
    'approve',
  ],
  [
    'step whose log is read',
    ({ ops }) => ops.logs(person, { workflow_id: run, step_id: 'aprove' }),
    'approve',
  ],
  [
    'step to begin at',
    ({ ops }) => ops.rerun(person, { workflow_id: run, from_step: 'aprove' }),
    'approve',
  ],
  [
    'step decided',
    ({ ops }) =>
      ops.signal(person, {
        workflow_id: run,
        signal_type: 'decision',
        step_id: 'aprove',
        payload: { choice: 'yes' },
      }),
    'approve',
  ],
  [
    'event type',
    ({ ops }) => ops.query(person, { resource: 'events', filter: { event_type: 'step_complete' } }),
    'step_completed',
  ],
  [
    'page of the manual',
    ({ ops }) => ops.query(person, { resource: 'reference', filter: { name: 'erors' } }),
    'errors',
  ],
  [
    'action',
    ({ ops }) =>
      ops.define(person, { name: 'y', definition: step({ action: 'test.nop', params: {} }) }),
    'test.noop',
  ],
  [
    'field of a step',
    ({ ops }) =>
      ops.define(person, { name: 'y', definition: step({ action: 'test.noop', parms: {} }) }),
    'params',
  ],
  [
    'dependency',
    ({ ops }) =>
      ops.define(person, {
        name: 'y',
        definition: {
          steps: [
            { id: 'fetch', run: 'ls' },
            { id: 'b', run: 'ls', depends_on: ['fecth'] },
          ],
        },
      }),
    'fetch',
  ],
  [
    'step in an expression',
    ({ ops }) =>
      ops.define(person, {
        name: 'y',
        definition: {
          steps: [
            { id: 'fetch', run: 'ls' },
            { id: 'b', run: 'echo ${{steps.fecth.stdout}}' },
          ],
        },
      }),
    'fetch',
  ],
];

describe('a misspelled name of a', () => {
  test.each(NAMES)('%s', async (_, call, meant) => {
    expect(await saidBy(call(harness))).toContain(meant);
  });
});

describe('on the command line, a misspelled', () => {
  const COMMANDS: readonly (readonly [readonly string[], string])[] = [
    [['settings', 'retention.completd'], 'did you mean "retention.completed"?'],
    [['examples', 'quikstart'], 'did you mean "quickstart"?'],
    [['stauts'], 'status'],
    [['status', '--jsn'], '--json'],
    [['query', 'workflow'], 'workflows'],
  ];
  test.each(COMMANDS.map(([words, meant]) => [words.join(' '), words, meant] as const))(
    '%s',
    async (_, words, meant) => {
      const home = mkdtempSync(join(tmpdir(), 'opcode-names-'));
      const terminal = fakeTerminal();
      const code = await execute([...words], terminal, { OPCODE_HOME: home, HOME: home });
      rmSync(home, { recursive: true });
      expect(code).not.toBe(0);
      expect(terminal.stderr.text()).toContain(meant);
    },
  );
});
