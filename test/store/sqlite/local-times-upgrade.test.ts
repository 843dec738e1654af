/** Times that a program without places on clocks has recorded are known by their place, at once and later. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { type Connection, connect } from '../../../src/store/sqlite/connection.ts';
import { MIGRATIONS, migrate } from '../../../src/store/sqlite/migrate.ts';
import { createSqliteStore } from '../../../src/store/sqlite/open.ts';
import { runtimeZone } from '../../../src/zones/runtime.ts';
import { T0 } from '../../contract/store-fixtures.ts';
import { createWorld, START, type World } from '../../schedule/world.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

/** The last schema without places. */
const BEFORE = MIGRATIONS.findIndex(
  (each) => typeof each !== 'string' && /next_local/.test(each.sql),
);
const HOUR = 3_600_000;
const ZONE = 'America/Vancouver';

let files: TempDatabases;
let connection: Connection;
let world: World;
beforeEach(() => {
  files = tempDatabases();
  writeFileSync(files.path, '');
  connection = connect(files.path, 'normal');
});
afterEach(async () => {
  await world.close();
  files.remove();
});

/** 09:00 of a day by the rules that programs before this schema had. */
function nineBefore(day: string): number {
  const wall = Date.parse(`${day}T09:00:00Z`);
  return wall - (runtimeZone(ZONE, wall)?.periodAt(wall / 1000).offset ?? 0) * 1000;
}

const addBefore = (id: string, expression: string, nextAt: number): void => {
  connection.run(
    `INSERT INTO schedules (id, name, template, params, expression, timezone, overlap, catch_up_ms,
       jitter_ms, enabled, counted_from, created_at, updated_at, next_at, fire_at, revision)
     VALUES (?, ?, 't', '{}', ?, ?, 'allow', 3600000, 0, 1, 0, ?, 0, ?, ?, 1)`,
    ...[id, id, expression, ZONE, START, nextAt, nextAt],
  );
};
/** As programs before this schema write it, also while this one is there. */
const recordBefore = (id: string, dueAt: number, origin = 'schedule'): void => {
  connection.run(
    `INSERT INTO occurrences (schedule_id, due_at, outcome, origin, decided_at)
     VALUES (?, ?, 'started', ?, 0) ON CONFLICT DO UPDATE SET outcome = excluded.outcome`,
    ...[id, dueAt, origin],
  );
};

test('what is there when the schema changes, and what is written later, gets its place', async () => {
  const [first, second, third] = ['2026-12-01', '2026-12-02', '2026-12-03'].map(nineBefore);
  migrate(connection, { nowMs: T0 }, MIGRATIONS.slice(0, BEFORE));
  addBefore('nine', '0 9 * * *', second ?? 0);
  addBefore('every', '@every 1h', START + HOUR);
  recordBefore('nine', first ?? 0);
  recordBefore('nine', (first ?? 0) + 1234, 'manual');
  recordBefore('every', START);
  migrate(connection, { nowMs: T0 });
  world = createWorld(createSqliteStore(connection));
  world.daemon();
  await world.pass(1);
  const { store } = world;
  const nine = (day: string) => ({ zone: ZONE, local: `${day}T09:00`, pass: 0 });
  expect(store.occurrence('nine', first ?? 0)?.local).toEqual(nine('2026-12-01'));
  expect(store.occurrence('nine', (first ?? 0) + 1234)?.local).toBeNull();
  expect(store.occurrence('every', START)?.local).toBeNull();
  // By the rules inside the program Vancouver stays seven hours behind.
  const row = store.schedule('nine');
  expect(row?.nextLocal).toEqual(nine('2026-12-02'));
  expect(row?.nextAt).toBe(Date.parse('2026-12-02T16:00:00Z'));
  expect(row?.zoneRules?.release).toMatch(/^20\d\d[a-z]$/);
  expect(store.schedule('every')).toMatchObject({ nextAt: START + HOUR, zoneRules: null });
  expect([store.unplacedSchedules(9), store.unplacedOccurrences(9)]).toEqual([[], []]);

  recordBefore('nine', second ?? 0);
  connection.run(
    `UPDATE schedules SET next_at = ?1, fire_at = ?1, revision = revision + 1 WHERE id = 'nine'`,
    third ?? 0,
  );
  expect(store.unplacedSchedules(9).map(({ id }) => id)).toEqual(['nine']);
  world.daemon();
  await world.pass(2000);
  expect(store.occurrence('nine', second ?? 0)?.local).toEqual(nine('2026-12-02'));
  expect(store.schedule('nine')?.nextAt).toBe(Date.parse('2026-12-03T16:00:00Z'));
});

test('two times that claim one place share it with nobody', async () => {
  migrate(connection, { nowMs: T0 }, MIGRATIONS.slice(0, BEFORE));
  addBefore('nine', '0 9 * * *', START + 1000 * HOUR);
  const odd = Date.parse('2026-01-05T20:30:00Z');
  recordBefore('nine', odd);
  recordBefore('nine', odd + 1);
  migrate(connection, { nowMs: T0 });
  world = createWorld(createSqliteStore(connection));
  world.daemon();
  await world.pass(1);
  const places = [odd, odd + 1].map((at) => world.store.occurrence('nine', at)?.local?.local);
  expect(places).toEqual(['2026-01-05T12:30', undefined]);
});
