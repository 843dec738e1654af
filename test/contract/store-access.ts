/** Contract of tokens, agents and the record of who did what. */
import { describe, expect, test } from 'bun:test';
import type { NewAudit, TokenRow } from '../../src/model/access-store.ts';
import type { Store } from '../../src/model/store.ts';
import { newRun, startFacts, T0 } from './store-fixtures.ts';

const token = (id: string, fields: Partial<TokenRow> = {}): TokenRow => ({
  id,
  name: null,
  prefix: `opc_${id}`,
  hash: id.padEnd(64, '0'),
  role: 'agent',
  agentId: null,
  createdAt: T0,
  createdBy: 'cli:ann',
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
  ...fields,
});

const entry = (fields: Partial<NewAudit> = {}): NewAudit => ({
  at: T0,
  actor: 'cli:ann',
  role: 'local',
  tokenId: null,
  origin: 'cli',
  action: 'define',
  target: 'deploy',
  outcome: 'ok',
  detail: null,
  ...fields,
});

export function accessContract(subject: { readonly store: Store }): void {
  describe('tokens', () => {
    test('are found by id and by how they begin, newest first', () => {
      const { store } = subject;
      store.addToken(token('a'));
      store.addToken(token('b', { createdAt: T0 + 1, name: 'ci', expiresAt: T0 + 50 }));
      store.addToken(token('c', { prefix: 'opc_a' }));
      expect(store.token('b')).toEqual(
        token('b', { createdAt: T0 + 1, name: 'ci', expiresAt: T0 + 50 }),
      );
      expect(store.token('z')).toBeNull();
      expect(store.tokens().map(({ id }) => id)).toEqual(['b', 'a', 'c']);
      expect(store.tokensByPrefix('opc_a').map(({ id }) => id)).toEqual(['a', 'c']);
      expect(store.tokensByPrefix('opc_')).toEqual([]);
      store.touchToken('a', T0 + 9);
      expect(store.token('a')?.lastUsedAt).toBe(T0 + 9);
    });

    test('are usable until they expire or are revoked, once', () => {
      const { store } = subject;
      expect(store.hasUsableToken(T0)).toBe(false);
      store.addToken(token('a', { expiresAt: T0 + 10, agentId: 'build-bot' }));
      expect(store.hasUsableToken(T0 + 9)).toBe(true);
      expect(store.hasTokenFor('build-bot')).toBe(true);
      expect(store.hasTokenFor('other')).toBe(false);
      expect(store.hasUsableToken(T0 + 10)).toBe(false);
      store.addToken(token('b'));
      expect(store.hasUsableToken(T0 + 10)).toBe(true);
      expect(store.revokeToken('b', T0 + 11)).toBe(true);
      expect(store.revokeToken('b', T0 + 12)).toBe(false);
      expect(store.revokeToken('z', T0 + 12)).toBe(false);
      expect(store.token('b')?.revokedAt).toBe(T0 + 11);
      expect(store.hasUsableToken(T0 + 12)).toBe(false);
      expect(store.hasTokenFor('build-bot')).toBe(true);
    });
  });

  describe('agents', () => {
    test('are registered once and counted with their runs', () => {
      const { store } = subject;
      store.seeAgent('b', 'llm', T0);
      store.seeAgent('a', 'llm', T0 + 1);
      store.seeAgent('b', 'llm', T0 + 5);
      store.seeAgent('b', 'llm', T0 + 4);
      store.createPending(newRun('1', { start: startFacts({ agentId: 'a' }) }));
      const [a, b] = store.agents(10).items;
      expect(a).toMatchObject({ agentId: 'a', type: 'llm', firstSeenAt: T0 + 1 });
      expect(a?.runs).toMatchObject({ pending: 1, completed: 0 });
      expect(b).toMatchObject({ firstSeenAt: T0, lastSeenAt: T0 + 5, pendingDecisions: 0 });
    });

    test('come in pages, by id', () => {
      const { store } = subject;
      for (const id of ['c', 'a', 'b']) store.seeAgent(id, 'llm', T0);
      const first = store.agents(2);
      expect(first.items.map(({ agentId }) => agentId)).toEqual(['a', 'b']);
      const rest = store.agents(2, first.nextCursor ?? '');
      expect(rest.items.map(({ agentId }) => agentId)).toEqual(['c']);
      expect(rest.nextCursor).toBeNull();
    });
  });

  describe('the audit', () => {
    test('is read newest first, filtered and in pages', () => {
      const { store } = subject;
      store.addAudit([entry(), entry({ action: 'run', at: T0 + 1, outcome: 'refused' })], 100);
      store.addAudit([entry({ actor: 'bot', at: T0 + 1, tokenId: 't', detail: 'why' })], 100);
      const page = store.audit({ limit: 2 });
      expect(page.items.map(({ actor, action }) => [actor, action])).toEqual([
        ['bot', 'define'],
        ['cli:ann', 'run'],
      ]);
      expect(page.items[0]).toEqual({
        ...entry({ actor: 'bot', at: T0 + 1, tokenId: 't', detail: 'why' }),
        id: 3,
      });
      const rest = store.audit({ limit: 2, cursor: page.nextCursor ?? '' });
      expect(rest.items.map(({ id }) => id)).toEqual([1]);
      expect(store.audit({ limit: 9, outcome: ['refused'] }).items).toHaveLength(1);
      expect(store.audit({ limit: 9, action: 'define', until: T0 }).items).toHaveLength(1);
      expect(store.audit({ limit: 9, actor: 'bot', target: 'deploy' }).items).toHaveLength(1);
      expect(store.audit({ limit: 9, since: T0 + 2 }).items).toEqual([]);
    });

    test('forgets its oldest rows', () => {
      const { store } = subject;
      store.addAudit([entry({ target: 'a' }), entry({ target: 'b' }), entry({ target: 'c' })], 2);
      expect(store.audit({ limit: 9 }).items.map(({ target }) => target)).toEqual(['c', 'b']);
    });
  });
}
