/** When schedules fire: every zone's clock changes in both directions, and what is refused. */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { ScheduleTiming } from '../../src/model/schedule.ts';
import { createCalculator } from '../../src/schedule/calculator.ts';

const calculator = createCalculator((text) => createHash('sha256').update(text).digest('hex'));
const NOW = Date.parse('2026-01-01T00:00:00Z');

const timing = (expression: string, timezone = 'UTC', change = {}): ScheduleTiming => ({
  expression,
  timezone,
  createdAt: NOW,
  firstAt: null,
  ...change,
});

/** The times after `from` as `MM-DD HH:MM` in UTC. */
function after(from: string, count: number, what: ScheduleTiming): string[] {
  const times = calculator.times(what, { afterMs: Date.parse(from), limit: count });
  return times.map((at) => new Date(at).toISOString().slice(5, 16).replace('T', ' '));
}

interface Row {
  readonly zone: string;
  readonly change: string;
  readonly from: string;
  readonly pattern: string;
  readonly times: readonly string[];
}

const rows = (zone: string, change: string, from: string, table: Record<string, string>): Row[] =>
  Object.entries(table).map(([pattern, times]) => ({
    zone,
    change,
    from,
    pattern,
    times: times.split(', '),
  }));

const DST: Row[] = [
  ...rows('Europe/Berlin', 'forward: 02:00 becomes 03:00', '2026-03-28T22:30:00Z', {
    '30 2 * * *': '03-29 01:00, 03-30 00:30, 03-31 00:30',
    '0 3 * * *': '03-29 01:00, 03-30 01:00',
    '0 2,3 * * *': '03-29 01:00, 03-30 00:00, 03-30 01:00',
    '15,45 2 * * *': '03-29 01:00, 03-30 00:15, 03-30 00:45',
    '30 1 * * *': '03-29 00:30, 03-29 23:30',
    '0 * * * *': '03-28 23:00, 03-29 00:00, 03-29 01:00, 03-29 02:00',
    '*/30 * * * *': '03-28 23:00, 03-28 23:30, 03-29 00:00, 03-29 00:30, 03-29 01:00, 03-29 01:30',
    '*/30 2 * * *': '03-30 00:00, 03-30 00:30',
  }),
  ...rows('Europe/Berlin', 'back: 03:00 becomes 02:00', '2026-10-24T22:30:00Z', {
    '30 2 * * *': '10-25 00:30, 10-26 01:30',
    '0 2 * * *': '10-25 00:00, 10-26 01:00',
    '0 3 * * *': '10-25 02:00, 10-26 02:00',
    '0 1-3 * * *': '10-24 23:00, 10-25 00:00, 10-25 02:00, 10-26 00:00',
    '0 * * * *': '10-24 23:00, 10-25 00:00, 10-25 01:00, 10-25 02:00',
    '*/30 * * * *': '10-24 23:00, 10-24 23:30, 10-25 00:00, 10-25 00:30, 10-25 01:00, 10-25 01:30',
    '*/30 2 * * *': '10-25 00:00, 10-25 00:30, 10-25 01:00, 10-25 01:30, 10-26 01:00',
  }),
  ...rows('America/New_York', 'forward: 02:00 becomes 03:00', '2026-03-08T05:30:00Z', {
    '30 2 * * *': '03-08 07:00, 03-09 06:30',
    '0 2 * * *': '03-08 07:00, 03-09 06:00',
    '0 * * * *': '03-08 06:00, 03-08 07:00, 03-08 08:00',
    '*/20 * * * *': '03-08 05:40, 03-08 06:00, 03-08 06:20, 03-08 06:40, 03-08 07:00',
  }),
  ...rows('America/New_York', 'back: 02:00 becomes 01:00', '2026-11-01T04:30:00Z', {
    '30 1 * * *': '11-01 05:30, 11-02 06:30',
    '0 2 * * *': '11-01 07:00, 11-02 07:00',
    '0 * * * *': '11-01 05:00, 11-01 06:00, 11-01 07:00',
    '*/30 1 * * *': '11-01 05:00, 11-01 05:30, 11-01 06:00, 11-01 06:30, 11-02 06:00',
  }),
  ...rows('Australia/Lord_Howe', 'forward: 02:00 becomes 02:30', '2026-10-03T14:20:00Z', {
    '0 2 * * *': '10-03 15:30, 10-04 15:00',
    '15 2 * * *': '10-03 15:30, 10-04 15:15',
    '30 2 * * *': '10-03 15:30, 10-04 15:30',
    '45 2 * * *': '10-03 15:45, 10-04 15:45',
    '0 * * * *': '10-03 14:30, 10-03 16:00, 10-03 17:00',
    '*/15 * * * *': '10-03 14:30, 10-03 14:45, 10-03 15:00, 10-03 15:15, 10-03 15:30, 10-03 15:45',
  }),
  ...rows('Australia/Lord_Howe', 'back: 02:00 becomes 01:30', '2026-04-04T13:50:00Z', {
    '45 1 * * *': '04-04 14:45, 04-05 15:15',
    '0 2 * * *': '04-04 15:30, 04-05 15:30',
    '0 * * * *': '04-04 14:00, 04-04 15:30, 04-04 16:30',
    '*/15 * * * *': '04-04 14:00, 04-04 14:15, 04-04 14:30, 04-04 14:45, 04-04 15:00, 04-04 15:15',
  }),
  ...rows('America/Sao_Paulo', 'forward at midnight (2018)', '2018-11-04T01:30:00Z', {
    '0 0 * * *': '11-04 03:00, 11-05 02:00',
    '@daily': '11-04 03:00, 11-05 02:00',
    '30 0 * * *': '11-04 03:00, 11-05 02:30',
    '0 * * * *': '11-04 02:00, 11-04 03:00, 11-04 04:00',
  }),
  ...rows('America/Sao_Paulo', 'back at midnight (2018)', '2018-02-18T00:30:00Z', {
    '30 23 * * *': '02-18 01:30, 02-19 02:30',
    '@daily': '02-18 03:00, 02-19 03:00',
    '0 * * * *': '02-18 01:00, 02-18 02:00, 02-18 03:00',
  }),
  ...rows('America/Nuuk', 'forward on Saturday: 23:00 becomes 00:00', '2027-03-26T12:00:00Z', {
    '59 23 * * *': '03-27 01:59, 03-28 01:00, 03-29 00:59',
    '30 23 * * SAT': '03-28 01:00, 04-04 00:30',
    '30 23 27 3 *': '03-28 01:00',
    '0,30 23 * * SAT': '03-28 01:00, 04-04 00:00',
    '30 22-23 * * SAT': '03-28 00:30, 03-28 01:00, 04-03 23:30',
    '0 0 * * SUN': '03-28 01:00, 04-04 01:00',
    '*/30 23 * * SAT': '04-04 00:00, 04-04 00:30',
  }),
  ...rows('Asia/Pyongyang', 'forward: 23:30 becomes midnight (2018)', '2018-05-03T16:00:00Z', {
    '45 23 * * *': '05-04 15:00, 05-05 14:45',
    '0 0 * * *': '05-04 15:00, 05-05 15:00',
  }),
  ...rows('Pacific/Apia', 'without the 30th of December (2011)', '2011-12-29T12:00:00Z', {
    '0 9 * * *': '12-29 19:00, 12-30 19:00',
    '0 9 30 12 *': '12-29 19:00',
    '0 0 * * *': '12-30 10:00, 12-31 10:00',
    '0 */12 * * *': '12-29 22:00, 12-30 10:00, 12-30 22:00',
  }),
  ...rows('America/Vancouver', 'never back since 2026', '2026-10-30T12:00:00Z', {
    '0 9 * * *': '10-30 16:00, 10-31 16:00, 11-01 16:00, 11-02 16:00',
  }),
  ...rows('Asia/Kolkata', 'never changes, and is half an hour off', '2026-03-28T18:00:00Z', {
    '0 0 * * *': '03-28 18:30, 03-29 18:30',
    '0 * * * *': '03-28 18:30, 03-28 19:30',
  }),
  ...rows('UTC', 'never changes', '2026-03-28T23:30:00Z', {
    '30 2 * * *': '03-29 02:30, 03-30 02:30',
    '0 * * * *': '03-29 00:00, 03-29 01:00, 03-29 02:00, 03-29 03:00',
  }),
];

describe('clock changes', () => {
  test.each(DST)('$zone, $change: $pattern', ({ zone, from, pattern, times }) => {
    expect(after(from, times.length, timing(pattern, zone))).toEqual([...times]);
  });

  test.each([
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:00:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-07-01T12:00:30', 'Europe/Berlin', '2026-07-01T10:00:30.000Z'],
    ['2026-10-04 02:15', 'Australia/Lord_Howe', '2026-10-03T15:30:00.000Z'],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  ])('the one time %s in %s is %s', (text, zone, instant) => {
    const read = calculator.read({ expression: text, timezone: zone }, NOW);
    if (!read.ok) throw new Error(read.message);
    const [at] = calculator.times(timing(read.expression, read.timezone), {
      afterMs: NOW,
      limit: 2,
    });
    expect(new Date(at ?? 0).toISOString()).toBe(instant);
  });

  test('patterns with * or steps come exactly when the clock on the wall shows them', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
    const starts = [
      '2026-03-08T03:00Z',
      '2026-03-28T22:00Z',
      '2026-10-24T22:00Z',
      '2026-04-04T12:00Z',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...starts),
        fc.constantFrom('*', '*/2', '*/5', '*/7', '*/15', '*/30', '3-50/9'),
        fc.constantFrom('*', '*/2', '0-3/1', '*/3'),
        (zone, from, minute, hour) => {
          const what = timing(`${minute} ${hour} * * *`, zone);
          const start = Date.parse(from);
          const end = start + 8 * 3_600_000;
          const found = calculator.times(what, { afterMs: start, untilMs: end, limit: 1000 });
          const clock = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            hour: '2-digit',
            minute: '2-digit',
          });
          const expected: number[] = [];
          for (let at = start + 60_000; at <= end; at += 60_000) {
            const [h = 0, m = 0] = clock.format(at).split(':').map(Number);
            if (shows(minute, m, 59) && shows(hour, h, 23)) expected.push(at);
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});

function shows(field: string, value: number, most: number): boolean {
  const [range = '*', step = '1'] = field.split('/');
  const [first = 0, last = most] = range === '*' ? [] : range.split('-').map(Number);
  return value >= first && value <= last && (value - first) % Number(step) === 0;
}

describe('what can be written', () => {
  test.each([
    ['0 9 * * MON-FRI', '01-01 09:00, 01-02 09:00, 01-05 09:00'],
    ['0 9 * * 1-5', '01-01 09:00, 01-02 09:00, 01-05 09:00'],
    ['0 9 * * 7', '01-04 09:00, 01-11 09:00'],
    ['0 9 * * 5-7', '01-02 09:00, 01-03 09:00, 01-04 09:00, 01-09 09:00'],
    ['0 0 1 jan,JUL *', '07-01 00:00, 01-01 00:00'],
    ['5/20 * * * *', '01-01 00:05, 01-01 00:25, 01-01 00:45, 01-01 01:05'],
    ['0 0 13 * FRI', '01-02 00:00, 01-09 00:00, 01-13 00:00, 01-16 00:00'],
    ['0 0 29 2 *', '02-29 00:00, 02-29 00:00'],
    ['@yearly', '01-01 00:00'],
    ['@monthly', '02-01 00:00, 03-01 00:00'],
    ['@weekly', '01-04 00:00, 01-11 00:00'],
    ['@daily', '01-02 00:00, 01-03 00:00'],
    ['@midnight', '01-02 00:00, 01-03 00:00'],
    ['@hourly', '01-01 01:00, 01-01 02:00'],
    ['@every 1h30m', '01-01 01:30, 01-01 03:00'],
    ['CRON_TZ=Asia/Kolkata 0 0 * * *', '01-01 18:30, 01-02 18:30'],
    ['TZ=Asia/Kolkata   @daily', '01-01 18:30, 01-02 18:30'],
    ['2026-03-01T09:00:00+02:00', '03-01 07:00'],
    ['2026-03-01T09:00Z', '03-01 09:00'],
  ])('%s', (expression, times) => {
    const read = calculator.read({ expression, timezone: null }, NOW);
    if (!read.ok) throw new Error(read.message);
    const what = timing(read.expression, read.timezone);
    const expected = times.split(', ');
    expect(after('2026-01-01T00:00:00Z', expected.length, what)).toEqual(expected);
    // What is kept means the same when it is read again.
    expect(calculator.read({ expression: read.expression, timezone: read.timezone }, NOW)).toEqual(
      read,
    );
  });

  test.each([
    ['0 0 * * * *', null, 'expression', /6 fields.*five/],
    ['* * *', null, 'expression', /3 fields/],
    ['61 * * * *', null, 'expression', /minute: "61" is out of range/],
    ['* 24 * * *', null, 'expression', /hour: "24" is out of range/],
    ['* * 0 * *', null, 'expression', /day of month: "0"/],
    ['* * * 13 *', null, 'expression', /month: "13"/],
    ['* * * * 8', null, 'expression', /day of week: "8"/],
    ['* * L * *', null, 'expression', /day of month: "L"/],
    ['* * ? * *', null, 'expression', /day of month: "\?" is not understood/],
    ['* * 15W * *', null, 'expression', /15W/],
    ['* * * * FRI#2', null, 'expression', /FRI#2/],
    ['*/0 * * * *', null, 'expression', /step 0/],
    ['*/61 * * * *', null, 'expression', /step 61/],
    ['30-10 * * * *', null, 'expression', /backwards/],
    ['1,,2 * * * *', null, 'expression', /minute: ""/],
    ['0 0 30 2 *', null, 'expression', /never fires/],
    ['0 0 31 4,6,9,11 *', null, 'expression', /never fires/],
    ['@reboot', null, 'expression', /"@reboot" is not known/],
    ['@every 5', null, 'expression', /no unit/],
    ['@every 10ms', null, 'expression', /from 1s on/],
    ['@every', null, 'expression', /not known/],
    ['', null, 'expression', /1 field and needs five/],
    ['2020-01-01T00:00:00Z', null, 'expression', /has passed/],
    ['2026-03-01T09:00', null, 'expression', /neither an offset nor a time zone/],
    ['2026-02-30T09:00', 'UTC', 'expression', /not in the calendar/],
    ['2026-03-01T09:00:00Z', 'Europe/Berlin', 'timezone', /offset of its own/],
    ['2026-03-01', 'UTC', 'expression', /is no time/],
    ['0 0 * * *', 'Mars/Olympus', 'timezone', /no time zone "Mars/],
    ['0 0 * * *', '+02:00', 'timezone', /no time zone/],
    ['CRON_TZ=Nowhere 0 0 * * *', null, 'expression', /no time zone "Nowhere/],
    ['TZ=Europe/Berlin 0 0 * * *', 'UTC', 'timezone', /differs from/],
    [`0 0 * * *${' '.repeat(300)}`, null, 'expression', /longer/],
  ] as const)('%p in %p is refused', (expression, timezone, field, message) => {
    const read = calculator.read({ expression, timezone }, NOW);
    if (read.ok) throw new Error(`accepted as ${read.expression}`);
    expect(read.field).toBe(field);
    expect(read.message).toMatch(message);
    expect(read.hint).not.toBe('');
  });
});

describe('counting', () => {
  test('@every counts from the creation, or from the first time and with it', () => {
    const created = timing('@every 10m', 'UTC', { createdAt: NOW + 90_500 });
    expect(calculator.times(created, { afterMs: 0, limit: 2 })).toEqual([
      NOW + 690_500,
      NOW + 1_290_500,
    ]);
    const first = timing('@every 10m', 'UTC', { firstAt: NOW + 1000 });
    expect(calculator.times(first, { afterMs: 0, limit: 2 })).toEqual([NOW + 1000, NOW + 601_000]);
    expect(calculator.times(first, { afterMs: NOW + 601_000, limit: 1 })).toEqual([
      NOW + 1_201_000,
    ]);
  });

  test('nothing fires before the first time', () => {
    const firstAt = Date.parse('2026-02-01T00:00:00Z');
    expect(after('2026-01-01T00:00:00Z', 1, timing('0 0 * * *', 'UTC', { firstAt }))).toEqual([
      '02-01 00:00',
    ]);
    const past = timing('2026-01-15T00:00:00Z', 'UTC', { firstAt });
    expect(calculator.times(past, { afterMs: NOW, limit: 1 })).toEqual([]);
  });

  test('a range ends where it is told to, and far ahead costs nothing', () => {
    const all = { afterMs: NOW, untilMs: NOW + 180_000, limit: 100 };
    expect(calculator.times(timing('* * * * *'), all)).toEqual(
      [60, 120, 180].map((s) => NOW + s * 1000),
    );
    const far = { afterMs: NOW + 1000 * 365 * 86_400_000, limit: 1 };
    expect(calculator.times(timing('@every 1s'), far)).toHaveLength(1);
  });

  test('jitter belongs to the schedule and its time, and stays within its bound', () => {
    const of = (id: string, at: number): number => calculator.jitter(id, at, 60_000);
    expect(of('a', NOW)).toBe(of('a', NOW));
    const spread = Array.from({ length: 200 }, (_, n) => of(`s${n}`, NOW));
    expect(new Set(spread).size).toBeGreaterThan(150);
    expect(Math.min(...spread)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...spread)).toBeLessThanOrEqual(60_000);
    expect(calculator.jitter('a', NOW, 0)).toBe(0);
  });
});
