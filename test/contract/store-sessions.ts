/** Contract of MCP sessions. */
import { describe, expect, test } from 'bun:test';
import type { McpSessionRow } from '../../src/model/session-store.ts';
import type { Store } from '../../src/model/store.ts';
import { T0 } from './store-fixtures.ts';

const session = (id: string, fields: Partial<McpSessionRow> = {}): McpSessionRow => ({
  id,
  owner: '',
  protocol: '2025-06-18',
  client: { name: 'probe', version: '1' },
  capabilities: { elicitation: {} },
  logLevel: null,
  uris: [],
  createdAt: T0,
  usedAt: T0,
  ...fields,
});

export function sessionContract(subject: { readonly store: Store }): void {
  describe('MCP sessions', () => {
    test('are found by id, replaced and removed', () => {
      const { store } = subject;
      store.putMcpSession(session('a'));
      expect(store.mcpSession('a')).toEqual(session('a'));
      const changed = session('a', {
        logLevel: 'error',
        uris: ['opcode://runs/x'],
        usedAt: T0 + 9,
      });
      store.putMcpSession(changed);
      expect(store.mcpSession('a')).toEqual(changed);
      store.removeMcpSession('a');
      expect(store.mcpSession('a')).toBeNull();
    });

    test('over the bounds go, the oldest idle first', () => {
      const { store } = subject;
      const owned = ['o1', 'o2', 'o3'].map((id, i) => session(id, { owner: 'ci', usedAt: T0 + i }));
      const free = ['f1', 'f2', 'f3'].map((id, i) => session(id, { usedAt: T0 + 10 + i }));
      for (const each of [...owned, ...free, session('old', { usedAt: T0 - 1 })]) {
        store.putMcpSession(each);
      }
      const left = (): string[] =>
        [...owned, ...free, session('old')]
          .map(({ id }) => id)
          .filter((id) => store.mcpSession(id) !== null);
      store.pruneMcpSessions({ usedSince: T0, most: 100, mostOfOwner: 100 });
      expect(left()).toEqual(['o1', 'o2', 'o3', 'f1', 'f2', 'f3']);
      store.pruneMcpSessions({ usedSince: T0, most: 100, mostOfOwner: 2 });
      expect(left()).toEqual(['o2', 'o3', 'f1', 'f2', 'f3']);
      store.pruneMcpSessions({ usedSince: T0, most: 2, mostOfOwner: 2 });
      expect(left()).toEqual(['f2', 'f3']);
    });
  });
}
