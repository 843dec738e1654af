/**
 * Times of cron patterns beside clocks that Python's zoneinfo keeps, over the same IANA release: every
 * zone's changes, 30 patterns around each of them in three years, whole years, and every minute of some.
 */
import { join } from 'node:path';
import { createCron } from '../../src/schedule/cron.ts';
import { readPattern } from '../../src/schedule/cron-fields.ts';
import { findZone } from '../../src/zones/names.ts';
import { bundledZones } from '../../src/zones/source.ts';
import type { Comparison } from './comparison.ts';
import { type Answer, buildPython } from './original.ts';
import type { Random } from './random.ts';

type Kind = 'changes' | 'times' | 'clock';

interface CronRequest {
  readonly kind: Kind;
  readonly zone: string;
  readonly from: number;
  readonly to: number;
  /** As it is written; `pattern` is the same in numbers. */
  readonly written?: string;
  readonly pattern?: string;
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text) / 1000;
const FROM = at('2026-01-01T00:00:00Z');
const TO = at('2029-01-01T00:00:00Z');

/** Times that come once or a few times a day, also around what clocks skip or show twice. */
const FIXED: readonly string[] = [
  '0 0 * * *',
  '30 0 * * *',
  '0 1 * * *',
  '30 1 * * *',
  '0 2 * * *',
  '30 2 * * *',
  '0 3 * * *',
  '59 23 * * *',
  '30 23 * * SAT',
  '30 23 27 3 *',
  '0,30 23 * * *',
  '30 22-23 * * *',
  '0,15,30,45 0,1,2,3 * * *',
  '0 9 * * MON-FRI',
  '0 0 1 * *',
  '0 12 15 * FRI',
  '0 0 29 2 *',
  '0 2 * MAR,OCT,NOV SUN',
  '0 4 */2 * MON',
  '0 0 1,15 * 7',
  '5 0 31 * *',
];
/** Times that follow what the clocks show. */
const SHOWN: readonly string[] = [
  '0 * * * *',
  '30 * * * *',
  '*/30 2 * * *',
  '0 */2 * * *',
  '0 0/6 * * *',
  '15-45/15 0-4 * * *',
];
/** The same, so often that only hours around a change are looked at. */
const DENSE: readonly string[] = ['* * * * *', '*/5 * * * *', '*/7 1-3 * * SUN'];

const PATTERNS = FIXED.length + SHOWN.length + DENSE.length;
const ZONES = bundledZones().names().length;

/** Zones whose rules changed in 2026, and those whose gaps end on another day. */
const CHANGED = [
  'America/Vancouver',
  'America/Edmonton',
  'America/Winnipeg',
  'America/Inuvik',
  'America/Yellowknife',
  'America/Rainy_River',
  'Canada/Pacific',
  'Canada/Mountain',
  'Canada/Central',
  'Africa/Casablanca',
  'Africa/El_Aaiun',
  'America/Havana',
  'Cuba',
  'America/Nuuk',
  'America/Scoresbysund',
];
const GAPS: readonly (readonly [zone: string, from: string, to: string])[] = [
  ['Asia/Pyongyang', '2018-05-01T00:00:00Z', '2018-05-10T00:00:00Z'],
  ['Pacific/Apia', '2011-12-26T00:00:00Z', '2012-01-04T00:00:00Z'],
  ['Pacific/Fakaofo', '2011-12-26T00:00:00Z', '2012-01-04T00:00:00Z'],
  ['America/Nuuk', '2023-03-20T00:00:00Z', '2024-04-10T00:00:00Z'],
  ['America/Scoresbysund', '2024-03-20T00:00:00Z', '2025-04-10T00:00:00Z'],
  ['Africa/Juba', '2021-01-25T00:00:00Z', '2021-02-05T00:00:00Z'],
  ['Asia/Gaza', '2023-04-20T00:00:00Z', '2023-11-05T00:00:00Z'],
];
/** Of these each minute of a year is looked at. */
const MINUTE_BY_MINUTE = [
  'Europe/Berlin',
  'America/Nuuk',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
];

function cronRequest(
  kind: Kind,
  zone: string,
  written: string,
  from: number,
  to: number,
): CronRequest {
  const read = readPattern(written);
  if (!read.ok) throw new Error(`${written}: ${read.message}`);
  return { kind, zone, written, pattern: read.pattern, from, to };
}

const zoneNamed = (name: string) => {
  const zone = findZone(name, bundledZones());
  if (zone === null) throw new Error(`there is no zone ${name}`);
  return zone;
};

const changesOf = (name: string, from: number, to: number): readonly (readonly number[])[] => {
  const zone = zoneNamed(name);
  let before = zone.periodAt(from).offset;
  return zone.changesBetween(from, to).flatMap((period) => {
    const isChange = period.offset !== before;
    before = period.offset;
    return isChange ? [[period.from, period.offset]] : [];
  });
};

/** Every zone: its changes over ten years, and each pattern around those of three. */
function allZones(random: Random): CronRequest[] {
  return bundledZones()
    .names()
    .flatMap((zone) => {
      const [from, to] = [at('2022-01-01T00:00:00Z'), at('2032-01-01T00:00:00Z')];
      const changes: CronRequest = { kind: 'changes', zone, from, to };
      const around = changesOf(zone, FROM, TO).flatMap(([change = 0]) => [
        ...[...FIXED, ...SHOWN].map((pattern) =>
          cronRequest('times', zone, pattern, change - 2 * DAY, change + 2 * DAY),
        ),
        ...DENSE.map((pattern) =>
          cronRequest('times', zone, pattern, change - 3 * HOUR, change + 3 * HOUR),
        ),
      ]);
      const sample = FROM + random.int(Math.floor((TO - FROM) / DAY) - 40) * DAY;
      const samples = [
        ...FIXED.map((each) => cronRequest('times', zone, each, sample, sample + 40 * DAY)),
        ...SHOWN.map((each) => cronRequest('times', zone, each, sample, sample + 3 * DAY)),
        ...DENSE.map((pattern) => cronRequest('times', zone, pattern, sample, sample + 6 * HOUR)),
      ];
      return [changes, ...around, ...samples];
    });
}

/** One zone of each set of rules in these three years. */
function differentZones(): string[] {
  const bySet = new Map<string, string>();
  for (const zone of bundledZones().names()) {
    const key = JSON.stringify([zoneNamed(zone).periodAt(FROM).offset, changesOf(zone, FROM, TO)]);
    if (!bySet.has(key)) bySet.set(key, zone);
  }
  return [...bySet.values()];
}

function wholeYears(): CronRequest[] {
  const zones = [...new Set([...differentZones(), ...CHANGED])];
  return [
    ...zones.flatMap((zone) => FIXED.map((each) => cronRequest('times', zone, each, FROM, TO))),
    ...CHANGED.flatMap((zone) => SHOWN.map((each) => cronRequest('times', zone, each, FROM, TO))),
    ...GAPS.flatMap(([zone, from, to]) =>
      [...FIXED, ...SHOWN].map((each) => cronRequest('times', zone, each, at(from), at(to))),
    ),
  ];
}

const everyMinute = (): CronRequest[] =>
  MINUTE_BY_MINUTE.flatMap((zone) =>
    [...FIXED, ...SHOWN].map((each) =>
      cronRequest('clock', zone, each, FROM, at('2027-01-01T00:00:00Z')),
    ),
  );

/** A pattern of random fields that some date fits. */
function randomPattern(random: Random): string {
  const number = (least: number, most: number): number => least + random.int(most - least + 1);
  const field = (least: number, most: number): string => {
    const [one, other] = [number(least, most), number(least, most)].sort((a, b) => a - b);
    const step = number(1, most - least);
    const forms = [
      '*',
      `${one}`,
      `${one}-${other}`,
      `*/${step}`,
      `${one}-${other}/${step}`,
      `${one},${other}`,
    ];
    return random.pick(forms);
  };
  return [field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)].join(' ');
}

function randomCases(random: Random, count: number): CronRequest[] {
  const names = bundledZones().names();
  return Array.from({ length: count }, () => {
    const zone = random.pick(names);
    const from = FROM + random.int(TO - FROM);
    return cronRequest('times', zone, randomPattern(random), from, from + 3 * DAY);
  });
}

function ours(request: unknown): Answer {
  const { kind, zone, pattern = '', from, to } = request as CronRequest;
  if (kind === 'changes') return { ok: true, value: changesOf(zone, from, to) };
  const next = createCron(pattern, zoneNamed(zone));
  const times: number[] = [];
  for (let time = next(from * 1000); time !== null; time = next(time.atMs)) {
    if (time.atMs > to * 1000) break;
    times.push(time.atMs / 1000);
  }
  return { ok: true, value: times };
}

export const CRON: Comparison = {
  build: () =>
    buildPython({
      name: `zoneinfo with tzdata 2026.6 (IANA 2026f), ${ZONES} zones and ${PATTERNS} patterns`,
      source: join(import.meta.dir, 'originals/zone_clock.py'),
      packages: ['tzdata==2026.6'],
    }),
  requests: (random, count) => [
    ...allZones(random),
    ...wholeYears(),
    ...everyMinute(),
    ...randomCases(random, count),
  ],
  ours,
  equal: (mine, theirs) => JSON.stringify(mine) === JSON.stringify(theirs),
  explain: () => null,
  show(request) {
    const { kind, zone, written, from, to } = request as CronRequest;
    const [first, last] = [from, to].map((each) => new Date(each * 1000).toISOString());
    return `${kind} ${written ?? ''} ${zone} ${first} – ${last}`;
  },
};
