/** The bundled rules of time zones, and zone files of a system beside them. */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localText } from '../../src/zones/local-text.ts';
import { findZone } from '../../src/zones/names.ts';
import { parsePosixRule, periodsOfRule } from '../../src/zones/posix-rule.ts';
import { bundledZones, systemZones } from '../../src/zones/source.ts';
import { readTzif } from '../../src/zones/tzif.ts';
import { instantsOf, type Zone } from '../../src/zones/zone.ts';

const seconds = (text: string): number => Date.parse(text) / 1000;
const zone = (name: string): Zone => {
  const found = findZone(name);
  if (found === null) throw new Error(`no zone ${name}`);
  return found;
};
const hoursAhead = (name: string, at: string): number =>
  zone(name).periodAt(seconds(at)).offset / 3600;

describe('the bundled database', () => {
  test('is release 2026f, with every name and its aliases', () => {
    const source = bundledZones();
    expect(source.release).toBe('2026f');
    expect(source.names().length).toBe(597);
    expect(source.find('US/Pacific')?.periodAt(0).abbreviation).toBe('PST');
    expect(source.find('Mars/Olympus')).toBeNull();
    expect(findZone('europe/BERLIN')?.name).toBe('Europe/Berlin');
  });

  test.each([
    ['America/Vancouver', '2026-11-30T17:00Z', -7],
    ['America/Edmonton', '2026-12-15T12:00Z', -6],
    ['America/Winnipeg', '2026-12-15T12:00Z', -5],
    ['Africa/Casablanca', '2026-12-15T12:00Z', 0],
    ['Africa/El_Aaiun', '2026-12-15T12:00Z', 0],
    ['Europe/Berlin', '2026-07-01T12:00Z', 2],
    ['Europe/Berlin', '2400-07-01T12:00Z', 2],
    ['Asia/Kathmandu', '2026-07-01T12:00Z', 5.75],
    ['Etc/GMT-5', '2026-07-01T12:00Z', 5],
    ['America/Sao_Paulo', '1900-01-01T00:00Z', -11_188 / 3600],
  ])('%s at %s is %d hours ahead', (name, at, hours) => {
    expect(hoursAhead(name, at)).toBe(hours);
  });

  test('names what the time is called', () => {
    const called = (name: string, at: string): string =>
      zone(name).periodAt(seconds(at)).abbreviation;
    expect(called('Europe/Berlin', '2026-01-01T00:00Z')).toBe('CET');
    expect(called('America/New_York', '2026-07-01T00:00Z')).toBe('EDT');
    expect(called('America/Sao_Paulo', '2026-07-01T00:00Z')).toBe('-03');
  });
});

describe('wall times', () => {
  const wall = (name: string, text: string) => instantsOf(zone(name), seconds(`${text}Z`));
  test.each([
    ['Europe/Berlin', '2026-07-01T12:00', 'once'],
    ['Europe/Berlin', '2026-03-29T02:00', 'gap'],
    ['Europe/Berlin', '2026-03-29T03:00', 'once'],
    ['Europe/Berlin', '2026-10-25T02:00', 'twice'],
    ['Europe/Berlin', '2026-10-25T03:00', 'once'],
    ['America/Nuuk', '2027-03-27T23:30', 'gap'],
    ['Pacific/Apia', '2011-12-30T12:00', 'gap'],
    ['Asia/Pyongyang', '2018-05-04T23:45', 'gap'],
  ] as const)('%s %s is there %s', (name, text, kind) => {
    expect(wall(name, text).kind).toBe(kind);
  });

  test('that come twice come an hour apart, those in a gap end with it', () => {
    expect(wall('Europe/Berlin', '2026-10-25T02:30')).toEqual({
      kind: 'twice',
      first: seconds('2026-10-25T00:30Z'),
      second: seconds('2026-10-25T01:30Z'),
    });
    expect(wall('America/Nuuk', '2027-03-27T23:59')).toMatchObject({
      end: seconds('2027-03-28T01:00Z'),
    });
  });

  test('are shown with their distance from UTC', () => {
    const shown = (name: string, at: string) => localText(zone(name), Date.parse(at));
    expect(shown('Europe/Berlin', '2026-03-29T01:00Z')).toBe('2026-03-29 03:00:00 GMT+02:00');
    expect(shown('UTC', '2026-03-29T01:00Z')).toBe('2026-03-29 01:00:00 GMT');
    expect(shown('America/St_Johns', '2026-01-01T00:00Z')).toBe('2025-12-31 20:30:00 GMT-03:30');
  });
});

/** A zone file of version 2 with one change and a rule. */
function zoneFileOf(rule: string): Uint8Array {
  const counts = (times: number, types: number, chars: number): number[] =>
    [0, 0, 0, times, types, chars].flatMap((count) => [0, 0, 0, count]);
  const header = (times: number, types: number, chars: number): number[] => [
    ...Buffer.from('TZif2'),
    ...Array.from({ length: 15 }, () => 0),
    ...counts(times, types, chars),
  ];
  const big = Buffer.alloc(8);
  big.writeBigInt64BE(BigInt(seconds('2000-01-01T00:00Z')));
  const type = (offset: number, name: number): number[] => {
    const four = Buffer.alloc(4);
    four.writeInt32BE(offset);
    return [...four, 0, name];
  };
  return new Uint8Array([
    ...header(0, 1, 4),
    ...type(0, 0),
    ...Buffer.from('OLD\0'),
    ...header(1, 2, 8),
    ...big,
    1,
    ...type(600, 0),
    ...type(3600, 4),
    ...Buffer.from('OLD\0CET\0'),
    ...Buffer.from(`\n${rule}\n`),
  ]);
}

describe('zone files', () => {
  test('are read with their changes and the rule behind them', () => {
    const read = readTzif('Test/Zone', zoneFileOf('CET-1CEST,M3.5.0,M10.5.0/3'));
    expect(read.periodAt(seconds('1999-12-31T23:59:59Z'))).toMatchObject({
      offset: 600,
      abbreviation: 'OLD',
    });
    const berlin = zone('Europe/Berlin');
    const span = [seconds('2001-01-01T00:00Z'), seconds('2499-06-01T00:00Z')] as const;
    expect(read.changesBetween(...span)).toEqual([...berlin.changesBetween(...span)]);
  });

  test('that are cut short or something else are refused', () => {
    const whole = zoneFileOf('CET-1');
    expect(() => readTzif('A', whole.slice(0, 90))).toThrow(/cut short/);
    expect(() => readTzif('A', new Uint8Array(100))).toThrow(/no zone file/);
  });

  test('of a folder are found by name, and nothing outside it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'opcode-zones-'));
    try {
      mkdirSync(join(folder, 'Test'));
      writeFileSync(join(folder, 'Test/Zone'), zoneFileOf('CET-1'));
      writeFileSync(join(folder, 'tzdata.zi'), '# version 2027a\nR A 1 2\n');
      writeFileSync(join(folder, 'zone.tab'), 'text');
      const source = systemZones([join(folder, 'missing'), folder]);
      expect(source).toMatchObject({ kind: 'system', release: '2027a' });
      expect(source?.names()).toEqual(['Test/Zone']);
      expect(source?.find('Test/Zone')?.periodAt(seconds('2026-01-01T00:00Z')).offset).toBe(3600);
      for (const name of [
        'Test',
        'Test/Gone',
        '../Test/Zone',
        '/etc/passwd',
        '+02:00',
        'zone.tab',
      ]) {
        expect(source?.find(name)).toBeNull();
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('are said to be missing where there are none', () => {
    expect(systemZones(['/nowhere/zoneinfo'])).toBeNull();
  });

  test.skipIf(!existsSync('/usr/share/zoneinfo/Europe/Berlin'))(
    'of this system agree where rules have long been the same',
    () => {
      const span = [seconds('1980-01-01T00:00Z'), seconds('2037-01-01T00:00Z')] as const;
      const changes = (found: Zone | null | undefined) =>
        found?.changesBetween(...span).map(({ from, offset }) => [from, offset]);
      const system = systemZones();
      for (const name of ['Europe/Berlin', 'Europe/Dublin', 'Australia/Lord_Howe']) {
        expect(changes(system?.find(name))).toEqual(changes(zone(name)));
      }
    },
  );
});

describe('rules of POSIX', () => {
  const changes = (rule: string, year: number): string[] => {
    const parsed = parsePosixRule(rule);
    if (parsed === null) throw new Error(`not parsed: ${rule}`);
    return periodsOfRule(parsed, seconds(`${year}-01-01T00:00Z`) - 1, year).map(
      ({ from, offset, abbreviation }) =>
        `${new Date(from * 1000).toISOString().slice(0, 16)} ${offset / 3600} ${abbreviation}`,
    );
  };
  test.each([
    ['EST5EDT,M3.2.0,M11.1.0', ['2026-03-08T07:00 -4 EDT', '2026-11-01T06:00 -5 EST']],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', ['2026-03-29T01:00 -1 -01', '2026-10-25T01:00 -2 -02']],
    ['IST-1GMT0,M10.5.0,M3.5.0/1', ['2026-03-29T01:00 1 IST', '2026-10-25T01:00 0 GMT']],
    ['AAA0BBB,J60/0,J365/0', ['2026-03-01T00:00 1 BBB', '2026-12-30T23:00 0 AAA']],
    ['AAA0BBB,59/0,364/0', ['2026-03-01T00:00 1 BBB', '2026-12-30T23:00 0 AAA']],
    ['<+0545>-5:45', []],
  ])('%s', (rule, expected) => {
    expect(changes(rule, 2026)).toEqual(expected);
  });

  test('day 60 of a leap year counts with and without the 29th', () => {
    expect(changes('AAA0BBB,J60/0,J365/0', 2028)[0]).toStartWith('2028-03-01');
    expect(changes('AAA0BBB,59/0,364/0', 2028)[0]).toStartWith('2028-02-29');
  });

  test.each(['', 'EST', '5', 'EST5EDT,M3', 'EST5EDT,X1,X2'])('%p is none', (text) => {
    expect(parsePosixRule(text)).toBeNull();
  });
});
