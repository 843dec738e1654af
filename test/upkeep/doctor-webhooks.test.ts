/** What the doctor says of webhooks. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookAtWebhooks } from '../../src/app-doctor-webhooks.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import type { WebhookRow } from '../../src/model/schedule.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

let home = '';
let config: Config;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-doctor-webhooks-'));
  const env = { HOME: home, OPCODE_SECRET_KEY: 'one-that-is-set' };
  config = loadConfig({ flags: { listen_addr: ':0' }, env, home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function told(change: Partial<WebhookRow>): Promise<readonly string[]> {
  const row: WebhookRow = {
    name: 'push',
    template: 'build',
    secret: 'KEY',
    form: 'opcode',
    equalBodies: false,
    createdAt: 1,
  };
  const store = openSqliteStore({ path: config.dbPath, synchronous: 'normal' });
  const webhooks = [{ ...row, ...change }];
  store.applyTriggers({ template: 'build', at: 1, add: [], change: [], remove: [], webhooks });
  store.close();
  return (await lookAtWebhooks(config)).map(({ level, text }) => `${level}: ${text}`);
}

test('without any, nothing; one that is well by its name', async () => {
  expect(await lookAtWebhooks(config)).toEqual([]);
  expect(await told({})).toEqual(['ok: push']);
});

test('one with the forms of before, one that can be replayed, one without its secret', async () => {
  expect(await told({ form: 'legacy' })).toEqual([expect.stringMatching(/^warn: "push" .*before/)]);
  expect(await told({ form: 'forge', equalBodies: true })).toEqual([
    expect.stringMatching(/^warn: "push" can be replayed/),
  ]);
  expect(await told({ secret: 'NOT_SET' })).toEqual([
    expect.stringMatching(/^warn: "push" takes nothing/),
  ]);
});
