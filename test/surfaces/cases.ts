/**
 * For each operation how it is called through every surface it names, and how it refuses. An operation
 * without an entry here fails the parity test.
 */
import type { App } from '../../src/app.ts';
import { SCHEDULE_CASES } from './schedule-cases.ts';
import { type ParityCase, PERSON, type Way } from './surfaces.ts';

const SUM = {
  name: 'sum',
  input_schema: {
    type: 'object',
    properties: { a: { type: 'integer' }, b: { type: 'integer', default: 2 } },
    required: ['a'],
  },
  definition: {
    steps: [{ id: 'sum', action: 'cel.eval', params: { expression: 'inputs.a + inputs.b' } }],
  },
};
const ASKING = {
  steps: [
    {
      id: 'ask',
      type: 'reasoning',
      config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no' }] },
    },
  ],
};
const SAYING = {
  steps: [{ id: 'say', action: 'shell.exec', params: { command: 'echo', args: ['hello'] } }],
};
const WRONG = { steps: [{ id: 'a', action: 'cel.evil', params: {} }] };

const ran =
  (definition: object, params: object = {}) =>
  (app: App): Promise<unknown> =>
    app.ops.run(PERSON, { definition: definition as never, params: params as never, wait: '2m' });

const defined = (app: App): Promise<unknown> =>
  app.ops.define(PERSON, { name: 'sum', definition: SUM as never });

const sumRan = ran(SUM, { a: 1 });
const noRun = { workflow_id: 'feed' };

/** A refusal of a run that is not there. */
const noSuchRun = (
  cli: readonly string[] | null,
  mcp: Way['mcp'],
  more: object = {},
): NonNullable<ParityCase['refused']> => ({
  input: { ...noRun, ...more },
  cli,
  mcp,
  code: 'NOT_FOUND',
});

export const CASES: Readonly<Record<string, ParityCase>> = {
  ...SCHEDULE_CASES,
  run: {
    files: { 'sum.json': SUM, 'wrong.json': { steps: WRONG.steps } },
    input: { definition: SUM, params: { a: 1 }, wait: '2m' },
    cli: ['run', '$HOME/sum.json', '-p', 'a=1'],
    mcp: { tool: 'run', args: { definition: SUM, params: { a: 1 } } },
    // Without `include` MCP leaves out a list of decisions that is empty.
    same: ['status', 'output'],
    refused: {
      input: { definition: WRONG },
      cli: ['run', '$HOME/wrong.json'],
      mcp: { tool: 'run', args: { definition: WRONG } },
      code: 'VALIDATION_ERROR',
    },
  },
  rerun: {
    prepare: sumRan,
    input: { workflow_id: '@last', params: { a: 5 } },
    cli: ['rerun', '@last', '-p', 'a:=5'],
    mcp: { tool: 'run', args: { rerun_of: '@last', params: { a: 5 } } },
    same: ['status', 'output', 'error', 'again'],
    refused: noSuchRun(['rerun', 'feed'], { tool: 'run', args: { rerun_of: 'feed' } }),
  },
  define: {
    files: { 'sum.json': SUM, 'wrong.json': WRONG },
    input: { name: 'sum', definition: SUM },
    cli: ['define', '$HOME/sum.json'],
    mcp: { tool: 'define', args: { name: 'sum', definition: SUM } },
    same: ['name', 'version', 'created', 'warnings', 'plan'],
    refused: {
      input: { name: 'wrong', definition: WRONG },
      cli: ['define', '$HOME/wrong.json', '--name', 'wrong'],
      mcp: { tool: 'define', args: { name: 'wrong', definition: WRONG } },
      code: 'VALIDATION_ERROR',
    },
  },
  validate: {
    files: { 'sum.json': SUM },
    input: { definition: SUM },
    cli: ['validate', '$HOME/sum.json'],
    mcp: null,
    same: ['valid', 'name', 'issues', 'plan'],
  },
  schema: { input: {}, cli: ['schema'], under: 'schema', mcp: null },
  status: {
    prepare: sumRan,
    input: { workflow_id: '@last', include: ['steps', 'decisions', 'output'] },
    cli: ['status', '@last'],
    mcp: {
      tool: 'status',
      args: { workflow_id: '@last', include: ['steps', 'decisions', 'output'] },
    },
    same: ['workflow_id', 'status', 'input', 'output', 'pending_decisions', 'waiting_for'],
    refused: noSuchRun(['status', 'feed'], { tool: 'status', args: noRun }),
  },
  overview: { prepare: sumRan, input: {}, cli: ['status'], mcp: null },
  signal: {
    prepare: ran(ASKING),
    input: {
      workflow_id: '@last',
      signal_type: 'decision',
      payload: { choice: 'yes' },
      wait: '2m',
    },
    cli: ['decide', '@last', 'yes'],
    mcp: {
      tool: 'signal',
      args: {
        workflow_id: '@last',
        signal_type: 'decision',
        payload: { choice: 'yes' },
        wait: '2m',
      },
    },
    same: ['ok', 'workflow_id', 'signal_type', 'status'],
    refused: {
      input: { workflow_id: '@last', signal_type: 'decision', payload: { choice: 'maybe' } },
      cli: ['decide', '@last', 'maybe'],
      mcp: {
        tool: 'signal',
        args: {
          workflow_id: '@last',
          signal_type: 'decision',
          payload: { choice: 'maybe' },
        },
      },
      code: 'VALIDATION_ERROR',
    },
  },
  query: {
    prepare: sumRan,
    input: { resource: 'workflows', filter: { status: 'completed', limit: 5 } },
    cli: ['query', 'workflows', '--status', 'completed', '--limit', '5'],
    mcp: {
      tool: 'query',
      args: { resource: 'workflows', filter: { status: 'completed', limit: 5 } },
    },
    refused: {
      input: { resource: 'workflows', filter: { status: 'done' } },
      cli: ['query', 'workflows', '--status', 'done'],
      mcp: { tool: 'query', args: { resource: 'workflows', filter: { status: 'done' } } },
      code: 'VALIDATION_ERROR',
    },
  },
  template: {
    prepare: defined,
    input: { template_name: 'sum' },
    cli: null,
    mcp: null,
    refused: { input: { template_name: 'none' }, cli: null, mcp: null, code: 'NOT_FOUND' },
  },
  events: {
    prepare: sumRan,
    input: { workflow_id: '@last', limit: 1000 },
    cli: ['events', '@last'],
    lines: 'events',
    mcp: null,
    same: ['events'],
    refused: noSuchRun(['events', 'feed'], null),
  },
  logs: {
    prepare: ran(SAYING),
    input: { workflow_id: '@last', limit: 1000 },
    cli: ['logs', '@last'],
    lines: 'chunks',
    mcp: null,
    same: ['chunks'],
    refused: noSuchRun(['logs', 'feed'], null),
  },
  diagram: {
    prepare: defined,
    input: { template_name: 'sum', format: 'mermaid' },
    cli: ['diagram', 'sum', '--format', 'mermaid'],
    mcp: { tool: 'diagram', args: { template_name: 'sum', format: 'mermaid' } },
    same: ['text'],
    refused: {
      input: { template_name: 'none', format: 'mermaid' },
      cli: ['diagram', 'none', '--format', 'mermaid'],
      mcp: { tool: 'diagram', args: { template_name: 'none', format: 'mermaid' } },
      code: 'NOT_FOUND',
    },
  },
  nodes: { input: {}, cli: null, mcp: null, same: ['without_executor'] },
  recover: {
    input: { workflow_id: '@last' },
    prepare: sumRan,
    cli: ['recover', '@last'],
    mcp: null,
    same: ['claimed'],
    refused: noSuchRun(['recover', 'feed'], null),
  },
  gc: {
    prepare: sumRan,
    input: { older_than: '0', dry_run: true },
    cli: ['gc', '--older-than', '0', '--dry-run'],
    mcp: null,
  },
  verify: { prepare: sumRan, input: {}, cli: ['verify'], mcp: null },
  backup: {
    prepare: sumRan,
    input: {},
    cli: ['backup'],
    same: ['schema', 'runs', 'unfinished'],
    mcp: null,
  },
  hold: { prepare: sumRan, input: {}, cli: null, mcp: null },
  notices: { input: {}, cli: ['notify', 'list'], mcp: null },
  notify_test: {
    files: {
      'settings.json': { notify: { channels: { bell: { type: 'command', command: ['true'] } } } },
    },
    input: { channel: 'bell' },
    cli: ['notify', 'test', 'bell'],
    mcp: null,
    refused: {
      input: { channel: 'none' },
      cli: ['notify', 'test', 'none'],
      mcp: null,
      code: 'NOT_FOUND',
    },
  },
  token_create: {
    input: { role: 'viewer', name: 'board' },
    cli: ['token', 'create', '--role', 'viewer', '--name', 'board'],
    mcp: null,
    same: ['role', 'name', 'agent', 'expires_at'],
  },
  token_list: { input: {}, cli: ['token', 'list'], mcp: null },
  token_revoke: {
    prepare: (app) => app.ops.token_create(PERSON, { role: 'viewer', name: 'board' }),
    input: { id: 'board' },
    cli: ['token', 'revoke', 'board'],
    mcp: null,
    same: ['name', 'role'],
    refused: {
      input: { id: 'nobody' },
      cli: ['token', 'revoke', 'nobody'],
      mcp: null,
      code: 'NOT_FOUND',
    },
  },
  followEvents: {
    prepare: sumRan,
    input: { workflow_id: '@last' },
    cli: ['events', '@last', '--follow'],
    lines: '',
    mcp: null,
    refused: noSuchRun(['events', 'feed', '--follow'], null),
  },
  followLogs: {
    prepare: ran(SAYING),
    input: { workflow_id: '@last' },
    cli: ['logs', '@last', '--follow'],
    lines: '',
    mcp: null,
    refused: noSuchRun(['logs', 'feed', '--follow'], null),
  },
};
