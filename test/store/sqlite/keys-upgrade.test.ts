/** Keys from before callers were told apart keep the scope and the fingerprint of their time. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { connect } from '../../../src/store/sqlite/connection.ts';
import { MIGRATIONS, migrate } from '../../../src/store/sqlite/migrate.ts';
import { createSqliteStore } from '../../../src/store/sqlite/open.ts';
import { message, newRun, T0 } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

/** The last schema whose keys had no caller. */
const BEFORE = 14;

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
  writeFileSync(files.path, '');
});
afterEach(() => files.remove());

test('an old key answers what it answered then, in its scope', () => {
  const connection = connect(files.path, 'normal');
  migrate(connection, { nowMs: T0 }, MIGRATIONS.slice(0, BEFORE));
  connection.run(
    `INSERT INTO run_head (id, epoch, seq, status, updated_at, created_at) VALUES ('old', 0, 0, 'pending', 0, 0)`,
  );
  connection.run(
    `INSERT INTO run_keys (scope, "key", rid, fingerprint) VALUES ('deploy', 'K', 1, 'params')`,
  );
  connection.run(
    `INSERT INTO inbox (rid, kind, body, received_at, "key") VALUES (1, 'signal', '{}', 0, 'S')`,
  );
  migrate(connection, { nowMs: T0 });
  const store = createSqliteStore(connection);
  const start = (scope: string, fingerprint: string) =>
    store.createPending(
      newRun('new', {
        idempotency: {
          ...{ scope: '["local","run"]', key: 'K', fingerprint: 'all' },
          earlier: { scope, fingerprint },
        },
      }),
    );
  const duplicate = { ok: false, reason: 'duplicate', runId: 'old' };
  expect(start('deploy', 'params')).toMatchObject({ ...duplicate, sameRequest: true });
  expect(start('deploy', 'others')).toMatchObject({ ...duplicate, sameRequest: false });
  expect(start('other', 'params')).toMatchObject({ ok: true });
  const signal = message('old', {
    idempotencyKey: '["local","S"]',
    keyed: { fingerprint: 'f', earlier: 'S' },
  });
  expect(store.send(signal)).toEqual({ id: 1, duplicate: true, same: true });
  store.close();
});
