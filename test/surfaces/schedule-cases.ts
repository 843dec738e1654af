/** How the operations of schedules are called through every surface. */
import type { App } from '../../src/app.ts';
import { type ParityCase, PERSON } from './surfaces.ts';

const NIGHTLY = { steps: [{ id: 'a', action: 'cel.eval', params: { expression: '1' } }] };

const defined = (app: App): Promise<unknown> =>
  app.ops.define(PERSON, { name: 'report', definition: NIGHTLY });

const scheduled =
  (enabled: boolean) =>
  async (app: App): Promise<unknown> => {
    await defined(app);
    return app.ops.schedule_add(PERSON, {
      name: 'nightly',
      template_name: 'report',
      expression: '30 2 * * *',
      enabled,
    });
  };

const missing = (
  command: readonly string[],
  more: object = {},
): NonNullable<ParityCase['refused']> => ({
  input: { name: 'none', ...more },
  cli: ['schedule', ...command],
  mcp: null,
  code: 'NOT_FOUND',
});

const DAY = { start: '2026-01-01T00:00:00Z', end: '2026-01-07T00:00:00Z' };
const DAY_OPTIONS = ['--start', DAY.start, '--end', DAY.end];

export const SCHEDULE_CASES: Readonly<Record<string, ParityCase>> = {
  schedule_add: {
    prepare: defined,
    input: { name: 'nightly', template_name: 'report', expression: '30 2 * * *' },
    cli: ['schedule', 'add', 'nightly', 'report', '30 2 * * *'],
    mcp: null,
    refused: {
      input: { name: 'nightly', template_name: 'report', expression: '30 2 31 2 *' },
      cli: ['schedule', 'add', 'nightly', 'report', '30 2 31 2 *'],
      mcp: null,
      code: 'VALIDATION_ERROR',
    },
  },
  schedule_update: {
    prepare: scheduled(true),
    input: { name: 'nightly', expression: '@daily' },
    cli: ['schedule', 'update', 'nightly', '--expression', '@daily'],
    mcp: null,
    refused: missing(['update', 'none', '--expression', '@daily'], { expression: '@daily' }),
  },
  schedule_remove: {
    prepare: scheduled(true),
    input: { name: 'nightly' },
    cli: ['schedule', 'rm', 'nightly'],
    mcp: null,
    refused: missing(['rm', 'none']),
  },
  schedule_enable: {
    prepare: scheduled(false),
    input: { name: 'nightly' },
    cli: ['schedule', 'enable', 'nightly'],
    mcp: null,
    refused: missing(['enable', 'none']),
  },
  schedule_disable: {
    prepare: scheduled(true),
    input: { name: 'nightly' },
    cli: ['schedule', 'disable', 'nightly'],
    mcp: null,
    refused: missing(['disable', 'none']),
  },
  schedule_next: {
    prepare: scheduled(true),
    input: { name: 'nightly', after: DAY.start, count: 2 },
    cli: ['schedule', 'next', 'nightly', '--after', DAY.start, '--count', '2'],
    mcp: null,
    refused: {
      input: { expression: '61 * * * *' },
      cli: ['schedule', 'next', '61 * * * *'],
      mcp: null,
      code: 'VALIDATION_ERROR',
    },
  },
  schedule_run: {
    prepare: scheduled(true),
    // Who executes it is the daemon's matter: only that it is there is the same.
    input: { name: 'nightly' },
    cli: ['schedule', 'run', 'nightly'],
    mcp: null,
    same: ['workflow_id', 'due_at'],
    refused: missing(['run', 'none']),
  },
  schedule_backfill: {
    prepare: scheduled(true),
    input: { name: 'nightly', ...DAY, dry_run: true },
    cli: ['schedule', 'backfill', 'nightly', ...DAY_OPTIONS, '--dry-run'],
    mcp: null,
    refused: missing(['backfill', 'none', ...DAY_OPTIONS], DAY),
  },
  schedule_history: {
    prepare: scheduled(true),
    input: { name: 'nightly', limit: 5 },
    cli: ['schedule', 'history', 'nightly', '--limit', '5'],
    mcp: null,
    refused: missing(['history', 'none']),
  },
};
