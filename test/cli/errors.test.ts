/** How errors and runs are told to people and shells. */
import { describe, expect, test } from 'bun:test';
import {
  asAppError,
  errorJson,
  errorLines,
  exitCodeOfError,
  issueLines,
  lookOf,
  type ShownIssue,
} from '../../cli/errors.ts';
import { exitCodeOfRun } from '../../cli/exit.ts';
import { PLAIN_STYLE } from '../../cli/print/style.ts';
import { AppError } from '../../src/model/error.ts';
import type { Json } from '../../src/model/json.ts';

const look = lookOf(PLAIN_STYLE, 80);
const issue = (over: Partial<ShownIssue> = {}): ShownIssue => ({
  path: 'steps[0].urll',
  code: 'VALIDATION_ERROR',
  message: 'unknown field "urll"',
  hint: 'did you mean "url"?',
  severity: 'error',
  line: 1,
  column: 2,
  ...over,
});

describe('an error', () => {
  test('is its code, what happened, and what to do', () => {
    const error = new AppError('NOT_FOUND', 'there is no run "x"', { hint: 'opcode status' });
    expect(errorLines(error, [], look)).toEqual([
      '[NOT_FOUND] there is no run "x"',
      '  opcode status',
    ]);
  });

  test('about a file shows the place in it', () => {
    const error = new AppError('VALIDATION_ERROR', 'the workflow is not valid', {
      details: { issues: [issue() as unknown as Json] },
    });
    expect(errorLines(error, [{ file: 'a.yaml', text: ' urll: x' }], look)).toEqual([
      '[VALIDATION_ERROR] unknown field "urll"',
      '  at a.yaml:1:2 (steps[0].urll)',
      '    > 1 |  urll: x',
      '        |  ^^^^',
      '  did you mean "url"?',
    ]);
  });

  test('about what was given beside a file names it', () => {
    const beside = { path: 'params.env', code: 'VALIDATION_ERROR', message: 'is missing' };
    const error = new AppError('VALIDATION_ERROR', 'params.env: is missing', {
      details: { issues: [{ ...beside, severity: 'error' }] },
    });
    expect(errorLines(error, [{ file: 'a.yaml', text: 'steps: []' }], look)).toEqual([
      '[VALIDATION_ERROR] params.env: is missing',
    ]);
  });

  test('is one JSON document', () => {
    const error = new AppError('CONFLICT', 'taken', { details: { by: 'me' }, hint: 'wait' });
    expect(errorJson(error)).toEqual({
      error: { code: 'CONFLICT', message: 'taken', hint: 'wait', details: { by: 'me' } },
    });
  });

  test.each([
    ['VALIDATION_ERROR', 2],
    ['NOT_FOUND', 3],
    ['CONFLICT', 4],
    ['PERMISSION_DENIED', 6],
    ['CANCELLED', 8],
    ['STORE_ERROR', 1],
    ['INTERNAL', 70],
  ] as const)('%s ends with %p', (code, exit) => {
    expect(exitCodeOfError(new AppError(code, 'x'))).toBe(exit);
  });

  test('that nobody foresaw is INTERNAL', () => {
    expect(asAppError(new TypeError('oops')).code).toBe('INTERNAL');
  });

  test('cannot forge lines on the terminal', () => {
    const lines = errorLines(new AppError('CONFLICT', 'a\u001b[2Kb'), [], look);
    expect(lines[0]).toBe('[CONFLICT] a\\x1b[2Kb');
  });
});

test('errors come before warnings, and many are counted', () => {
  const many = [
    issue({ severity: 'warning', message: 'a warning' }),
    ...Array.from({ length: 30 }, (_, i) => issue({ message: `error ${i}` })),
  ];
  const lines = issueLines(many, undefined, look);
  expect(lines[0]).toBe('[VALIDATION_ERROR] error 0');
  expect(lines.at(-1)).toBe('… and 11 more problems');
});

describe('a run ends the command with', () => {
  const decision = [{ kind: 'decision' }];
  test.each([
    ['completed', {}, 0],
    ['failed', {}, 1],
    ['cancelled', {}, 8],
    ['active', {}, 5],
    ['pending', {}, 5],
    ['suspended', { waiting_for: [{ kind: 'signal' }] }, 5],
    ['suspended', { waiting_for: decision }, 7],
    ['suspended', { pending_decisions: [{}] }, 7],
  ] as const)('%s %p: %p', (status, rest, code) => {
    expect(exitCodeOfRun({ status, ...rest })).toBe(code);
  });
});
