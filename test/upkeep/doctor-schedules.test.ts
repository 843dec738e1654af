/** What the doctor says of schedules that the rules of time zones here keep from firing. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtSchedules } from '../../src/app-doctor-schedules.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import type { ScheduleRow } from '../../src/model/schedule.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { schedule } from '../contract/store-schedules.ts';

let home = '';
let config: Config;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-doctor-schedules-'));
  config = loadConfig({ flags: { listen_addr: ':0' }, env: { HOME: home }, home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function told(...rows: readonly Partial<ScheduleRow>[]): Promise<readonly string[]> {
  const store = openSqliteStore({ path: config.dbPath, synchronous: 'normal' });
  for (const [i, row] of rows.entries()) store.addSchedule(schedule(`s${i}`, row));
  store.close();
  return (await lookAtSchedules(config)).map(({ level, text }) => `${level}: ${text}`);
}

const NEWER = { release: '2999a', fromYear: 2026, hash: 'other' };

test('without any, nothing; those that are well by their number', async () => {
  expect(await told()).toEqual([]);
  const disabled = { enabled: false, timezone: 'Mars/Base' };
  expect(await told({ timezone: 'Europe/Berlin' }, disabled)).toEqual([
    expect.stringMatching(/^ok: 1 enabled/),
  ]);
});

test('one whose zone has newer rules elsewhere, and one whose zone is not known', async () => {
  const every = { expression: '@every 1h', zoneRules: NEWER };
  expect(await told({ zoneRules: NEWER }, { timezone: 'Mars/Base' }, every)).toEqual([
    expect.stringMatching(/^warn: "s0" is not fired from here: .*IANA 2999a/),
    expect.stringMatching(/^warn: "s1" is not fired from here: there is no time zone "Mars\/Base"/),
  ]);
});
