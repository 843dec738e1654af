/** A time that no calendar and no clock has is refused at every door that reads one. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { errorOf, type Harness, noop, openHarness, person, steps } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = openHarness();
  await harness.ops.define(person, { name: 'report', definition: steps(noop('a')) });
  await harness.ops.schedule_add(person, {
    name: 'daily',
    template_name: 'report',
    expression: '0 2 * * *',
  });
});
afterEach(() => harness.close());

const IMPOSSIBLE = [
  '2027-02-30T00:00:00Z',
  '2027-04-31T00:00:00+02:00',
  '2027-01-01T24:00:00Z',
  '2027-01-01T23:60:00Z',
  '2027-01-01T23:59:60Z',
  '2027-01-01T00:00:00+24:00',
] as const;

describe.each([...IMPOSSIBLE])('%s', (time) => {
  const DOORS: Readonly<Record<string, () => Promise<unknown>>> = {
    'filter since': () =>
      harness.ops.query(person, { resource: 'workflows', filter: { since: time } }),
    'filter until': () =>
      harness.ops.query(person, { resource: 'schedules', filter: { until: time } }),
    'token expiry': () => harness.ops.token_create(person, { role: 'viewer', expires: time }),
    'one-time schedule': () =>
      harness.ops.schedule_add(person, { name: 'x', template_name: 'report', expression: time }),
    'expression to try': () => harness.ops.schedule_next(person, { expression: time }),
    'times after': () => harness.ops.schedule_next(person, { name: 'daily', after: time }),
    'first time': () => harness.ops.schedule_update(person, { name: 'daily', first_at: time }),
    history: () => harness.ops.schedule_history(person, { name: 'daily', since: time }),
    backfill: () =>
      harness.ops.schedule_backfill(person, {
        name: 'daily',
        start: '2025-12-01T00:00:00Z',
        end: time,
      }),
    'wait.until': () =>
      harness.ops.run(person, {
        definition: steps({ id: 'w', type: 'wait', config: { until: time } }),
      }),
  };

  test.each(Object.entries(DOORS))('%s refuses it', async (_door, ask) => {
    await errorOf(ask(), 'VALIDATION_ERROR');
  });

  test('a wait whose expression gives it fails', async () => {
    const run = await harness.ops.run(person, {
      definition: {
        inputs: { t: time },
        ...steps({ id: 'w', type: 'wait', config: { until: 'inputs.t' } }),
      },
      wait: 'forever',
    });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'VALIDATION_ERROR' } });
  });
});
