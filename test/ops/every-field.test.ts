/**
 * Nothing is accepted and ignored: each field of a workflow works for every way to start it (a file, a
 * package, an inline definition, a template), or is warned about.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { workflowJsonSchema } from '../../src/validate/json-schema.ts';
import { testRegistry } from '../validate/support.ts';
import { person } from './harness.ts';

let home = '';
let app: App;
beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'opcode-fields-')));
  mkdirSync(join(home, 'inner'));
  const env = { PATH: process.env.PATH, HOME: home };
  app = await openApp(loadConfig({ flags: {}, env, home }), { execute: true });
});
afterAll(async () => {
  await app.close();
  rmSync(home, { recursive: true, force: true });
});

const caller = () => ({ ...person, exec: { cwd: home, env: { PATH: process.env.PATH ?? '' } } });

/** Fields that stand around a definition when it is packed. */
const AROUND = [
  'name',
  'description',
  'category',
  'input_schema',
  'output_schema',
  'triggers',
  'labels',
];

function packed(workflow: JsonObject): JsonObject {
  const entries = Object.entries(workflow);
  const definition = Object.fromEntries(entries.filter(([key]) => !AROUND.includes(key)));
  return { ...Object.fromEntries(entries.filter(([key]) => AROUND.includes(key))), definition };
}

interface Ran {
  readonly status: JsonObject;
  readonly warnings: readonly string[];
}

type Way = (workflow: JsonObject, name: string) => Promise<JsonObject>;
const source = (workflow: JsonObject) => ({
  text: JSON.stringify(workflow),
  file: join(home, 'flow.json'),
});

/** How each way starts a workflow: what `run` is given. */
const WAYS: Readonly<Record<string, Way>> = {
  'a file': async (workflow) => ({ source: source(workflow) }),
  'a packed file': async (workflow) => ({ source: source(packed(workflow)) }),
  'an inline definition': async (workflow) => ({ definition: workflow }),
  'an inline package': async (workflow) => ({ definition: packed(workflow) }),
  'a template': async (workflow, name) => {
    await app.ops.define(caller(), { source: source(workflow), name });
    return { template_name: name };
  },
};

let count = 0;
async function start(way: Way, workflow: JsonObject): Promise<Ran> {
  count += 1;
  const input = await way(workflow, `t${count}`);
  const result = await app.ops.run(caller(), { ...input, wait: '2m' } as never);
  const { workflow_id, warnings = [] } = result as {
    workflow_id: string;
    warnings?: { code: string; path: string }[];
  };
  const status = await app.ops.status(caller(), {
    workflow_id,
    include: ['steps', 'output', 'events'],
  });
  return {
    status: status as unknown as JsonObject,
    warnings: warnings.map(({ code, path }) => `${code} ${path}`),
  };
}

const say = (id: string, expression: string, more: object = {}): Json =>
  ({ id, action: 'expr.eval', params: { expression }, ...more }) as unknown as Json;
const fail = { id: 'f', action: 'workflow.fail', params: { reason: 'no' } };
const one = { steps: [say('a', '1')] };
const asked = { id: 'q', type: 'reasoning', config: { prompt_context: 'go on?' } };

interface Case {
  readonly workflow: JsonObject;
  readonly shows: (ran: Ran) => void;
}

const completes =
  (output: Json): Case['shows'] =>
  ({ status }) =>
    expect(status).toMatchObject({ status: 'completed', output });

const CASES: Readonly<Record<string, Case>> = {
  steps: { workflow: one, shows: completes({ a: { result: 1 } }) },
  name: {
    workflow: { ...one, name: 'mine' },
    shows: ({ status }) => expect(status.name).toBe('mine'),
  },
  input_schema: {
    workflow: {
      steps: [say('a', 'inputs.n')],
      input_schema: { type: 'object', properties: { n: { type: 'integer', default: 5 } } },
    },
    shows: completes({ a: { result: 5 } }),
  },
  output_schema: {
    workflow: { ...one, output_schema: { type: 'object', required: ['missing'] } },
    shows: ({ status }) =>
      expect(status).toMatchObject({ status: 'failed', error: { code: 'VALIDATION_ERROR' } }),
  },
  labels: {
    workflow: { ...one, labels: { team: 'ops' } },
    shows: ({ status }) => expect(status.labels).toEqual({ team: 'ops' }),
  },
  inputs: {
    workflow: { steps: [say('a', 'inputs.n')], inputs: { n: 7 } },
    shows: completes({ a: { result: 7 } }),
  },
  context: {
    workflow: { steps: [say('a', 'context.n')], context: { n: 8 } },
    shows: completes({ a: { result: 8 } }),
  },
  output: { workflow: { ...one, output: { b: 2 } }, shows: completes({ b: 2 }) },
  timeout: {
    workflow: { steps: [{ id: 'w', type: 'wait', config: { duration: '30s' } }], timeout: '50ms' },
    shows: ({ status }) =>
      expect(status).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT_ERROR' } }),
  },
  on_timeout: {
    workflow: {
      steps: [{ id: 'w', type: 'wait', config: { duration: '30s' } }],
      timeout: '50ms',
      on_timeout: 'cancel',
    },
    shows: ({ status }) => expect(status.status).toBe('cancelled'),
  },
  on_complete: {
    workflow: { ...one, on_complete: say('h', '2') },
    shows: ({ status }) => expect(JSON.stringify(status.events)).toContain('hook_completed'),
  },
  on_error: {
    workflow: { steps: [fail], on_error: say('h', '2') },
    shows: ({ status }) => expect(JSON.stringify(status.events)).toContain('hook_completed'),
  },
  fail_fast: {
    workflow: { steps: [fail, asked as unknown as Json], fail_fast: true },
    shows: ({ status }) => expect(status.status).toBe('failed'),
  },
  order: {
    workflow: { steps: [say('a', '1'), say('b', '2')], order: 'sequence' },
    shows: completes({ b: { result: 2 } }),
  },
  defaults: {
    workflow: {
      steps: [{ id: 'w', action: 'shell.exec', params: { command: 'sh', args: ['-c', 'exit 3'] } }],
      defaults: { params: { 'shell.exec': { fail_on_error: true } } },
    },
    shows: ({ status }) => expect(status.status).toBe('failed'),
  },
  working_dir: {
    workflow: { steps: [{ id: 'p', run: 'pwd' }], working_dir: 'inner' },
    shows: ({ status }) => {
      const { p } = status.output as { p: { stdout_raw: string } };
      expect(p.stdout_raw.trim()).toEndWith('/inner');
    },
  },
  triggers: {
    workflow: { ...one, triggers: { cron: [{ name: 'n', expression: '@yearly' }] } },
    shows: ({ status, warnings }) =>
      expect(warnings.includes('NO_EFFECT triggers') || status.template !== null).toBe(true),
  },
};

/** Fields that nothing of one run shows, each with where its effect is tested. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  description: 'test/ops/define-names.test.ts',
  category: 'test/ops/define.test.ts',
  metadata: 'test/ops/define-names.test.ts',
  concurrency: 'test/runtime',
  max_concurrency: 'test/runtime',
  on_interrupt: 'test/crash',
};

const FREE = new Set(['$schema', 'features', 'tags', 'title']);

test('every field that a workflow may have is in the table', () => {
  const { $defs } = workflowJsonSchema(testRegistry) as {
    $defs: { workflow: { properties: object } };
  };
  const fields = Object.keys($defs.workflow.properties).filter((name) => !FREE.has(name));
  const known = [...Object.keys(CASES), ...Object.keys(ELSEWHERE)];
  expect(fields.filter((name) => !known.includes(name))).toEqual([]);
});

describe.each(Object.entries(WAYS))('started by %s', (_way, way) => {
  test.each(Object.entries(CASES))('`%s` works', async (_field, { workflow, shows }) => {
    mkdirSync(join(home, 'work', 'inner'), { recursive: true });
    shows(await start(way, workflow));
  });
});
