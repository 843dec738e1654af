/** Every operation with every role: what is too much for a role is refused before anything is looked at. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SIGNAL_TYPES } from '../../src/model/event.ts';
import { type Access, mayDo, ROLES, type Role } from '../../src/ops/access.ts';
import { TOKEN_ROLES } from '../../src/ops/token-schemas.ts';
import { openWorld, type World } from './access-world.ts';

let world: World;
const tokens = new Map<Role, string>();

beforeAll(async () => {
  world = await openWorld();
  for (const role of TOKEN_ROLES) tokens.set(role, await world.token(role));
});

afterAll(() => world.close());

const as = (role: Role, operation: string, input: object) =>
  world.api(tokens.get(role) ?? '', operation, input);

/** What the roles may do, once more by hand. */
const MAY: Readonly<Record<Role, string>> = {
  viewer: 'read',
  approver: 'read decide',
  agent: 'read decide act',
  operator: 'read decide act operate',
  admin: 'read decide act operate admin',
  local: 'read decide act operate admin',
};

test('the table of roles', () => {
  const table = Object.entries(ROLES).map(([role, access]) => [role, access.join(' ')]);
  expect(Object.fromEntries(table)).toEqual(MAY);
});

describe.each(TOKEN_ROLES)('the role %s', (role) => {
  test('calls the operations that it may, and no other', async () => {
    const { operations, streams } = world.app.ops;
    const all = { ...operations, ...streams };
    const names = Object.keys(all) as (keyof typeof all)[];
    const served = names.filter((name) => all[name].surfaces.includes('http'));
    expect(served.length).toBeGreaterThan(15);
    for (const name of served) {
      const { access } = all[name];
      // Input that no operation takes: whoever may call is told so, and nothing is done.
      const answer = await as(role, name, { no_such_field: 1 });
      const wanted = mayDo(role, access) ? 'VALIDATION_ERROR' : 'PERMISSION_DENIED';
      expect([name, answer.body.error?.code]).toEqual([name, wanted]);
      if (mayDo(role, access)) continue;
      expect(answer.status).toBe(403);
      const may = MAY[role].replaceAll(' ', ', ');
      expect(answer.body.error?.message).toContain(`the role ${role} may only ${may}`);
      expect(answer.body.error?.hint).toContain('a token of the role');
    }
  });

  test.each(SIGNAL_TYPES)('sends the signal %s when it may', async (signal_type) => {
    const access: Access = signal_type === 'decision' ? 'decide' : 'act';
    const answer = await as(role, 'signal', { workflow_id: 'none', signal_type });
    expect(answer.status).toBe(mayDo(role, access) ? 404 : 403);
  });

  test('fails a waiting step when it may decide', async () => {
    const input = { workflow_id: 'none', signal_type: 'cancel', step_id: 'a' };
    expect((await as(role, 'signal', input)).status).toBe(mayDo(role, 'decide') ? 404 : 403);
  });

  test('sees the audit when it operates', async () => {
    const answer = await as(role, 'query', { resource: 'audit' });
    expect(answer.status).toBe(mayDo(role, 'operate') ? 200 : 403);
  });
});

test('tools and settings of the server are never on MCP', () => {
  const { operations } = world.app.ops;
  const onMcp = Object.values(operations).filter(({ surfaces }) => surfaces.includes('mcp'));
  const accesses = new Set(onMcp.map(({ access }) => access));
  expect([...accesses].sort()).toEqual(['act', 'decide', 'read']);
});

test('who is refused stands in the record with what was tried', async () => {
  await as('viewer', 'token_create', { role: 'admin' });
  const answer = await as('admin', 'query', {
    resource: 'audit',
    filter: { name: 'token_create', status: 'refused' },
  });
  const [entry] = answer.body.audit as Record<string, unknown>[];
  expect(entry).toMatchObject({ role: 'viewer', outcome: 'refused' });
});
