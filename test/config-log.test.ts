/** The log: levels, JSON lines, readable lines, nothing that can break a line. */
import { describe, expect, test } from 'bun:test';
import { createLogger, type LogOptions, withFields } from '../src/log.ts';

function record(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    pretty: false,
    write: (line) => lines.push(line),
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    ...options,
  });
  return { log, lines };
}

describe('JSON lines', () => {
  test('carry time, level, message and fields', () => {
    const { log, lines } = record({ fields: { agent_id: 'a' } });
    log.warn('slow', { workflow_id: 'w', step_id: 's' });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2026-01-02T03:04:05.000Z',
      level: 'warn',
      message: 'slow',
      agent_id: 'a',
      workflow_id: 'w',
      step_id: 's',
    });
  });

  test('below the level are not written', () => {
    const { log, lines } = record({ level: 'warn' });
    log.info('no');
    log.debug('no');
    log.error('yes');
    expect(lines).toHaveLength(1);
  });

  test('survive fields that are no JSON, and fields cannot replace the message', () => {
    const { log, lines } = record();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.error('bad', { circle, big: 10n, error: new Error('why'), message: 'forged' });
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line.message).toBe('bad');
    expect(line.big).toBe('10');
    expect(line.error).toMatchObject({ message: 'why' });
    expect(String(line.circle)).toContain('not JSON');
  });
});

test('readable lines hold no control characters of somebody else', () => {
  const { log, lines } = record({ pretty: true });
  log.info('a\u001b[2Jb\nERROR forged', { workflow_id: 'w' });
  expect(lines[0]).toBe('03:04:05 INFO  a\\u001b[2Jb\\u000aERROR forged workflow_id=w\n');
});

test('withFields adds to every line', () => {
  const { log, lines } = record();
  withFields(log, { workflow_id: 'w' }).info('x', { step_id: 's' });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ workflow_id: 'w', step_id: 's' });
});
