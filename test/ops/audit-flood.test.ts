/** Who tries again and again what he may not does not push the record of others out. */
import { expect, test } from 'bun:test';
import type { NewAudit } from '../../src/model/access-store.ts';
import { createAudit } from '../../src/ops/audit.ts';
import type { Caller } from '../../src/ops/operation.ts';

const entry = (outcome: NewAudit['outcome']) =>
  ({ action: 'token_create', target: null, outcome, detail: null }) as const;

const from = (tokenId: string): { caller: Caller; exec: null } => ({
  caller: { agentId: null, role: 'viewer', sender: 'person', tokenId },
  exec: null,
});

test('of one caller so many refusals a minute are kept, of others and what was done everything', () => {
  const time = { now: 1000 };
  const kept: NewAudit[] = [];
  const audit = createAudit(
    { addAudit: (rows) => void kept.push(...rows) },
    { now: () => time.now, after: () => () => undefined },
    (text) => text,
  );
  const count = (tokenId: string): number => kept.filter((row) => row.tokenId === tokenId).length;
  for (let i = 0; i < 5000; i++) audit.note(from('evil'), entry('refused'));
  audit.note(from('good'), entry('refused'));
  for (let i = 0; i < 100; i++) audit.note(from('busy'), entry('ok'));
  audit.flush();
  expect([count('evil'), count('good'), count('busy')]).toEqual([60, 1, 100]);
  time.now += 60_000;
  audit.note(from('evil'), entry('refused'));
  audit.flush();
  expect(count('evil')).toBe(61);
});
