/** Contract of nodes, definitions, templates, logs and of noticing other writers. */
import { describe, expect, test } from 'bun:test';
import { asDefinitionHash, asNodeId, asRunId } from '../../src/model/ids.ts';
import type { Store } from '../../src/model/store.ts';
import { creation, HASH, NODE, node, OTHER, patch, T0, template } from './store-fixtures.ts';

export function catalogContract(subject: { readonly store: Store }): void {
  describe('nodes', () => {
    test('are registered, renewed while they have a row, and removed', () => {
      const { store } = subject;
      store.register(node(OTHER, { startedAt: T0 + 1 }));
      store.register(node());
      expect(store.nodes()).toEqual([
        { ...node(), activeAtDeath: null },
        { ...node(OTHER, { startedAt: T0 + 1 }), activeAtDeath: null },
      ]);
      expect(store.renew(NODE, T0 + 99)).toBe(true);
      expect(store.nodes()[0]).toEqual({
        ...node(NODE, { leaseUntil: T0 + 99 }),
        activeAtDeath: null,
      });
      store.register(node(NODE, { role: 'run' }));
      expect(store.nodes().map((row) => row.role)).toEqual(['run', 'serve']);
      store.remove(NODE);
      expect(store.renew(NODE, T0 + 100)).toBe(false);
      expect(store.nodes()).toHaveLength(1);
    });

    test('keep how many active runs they owned when their death was found, until they renew', async () => {
      const { store } = subject;
      const counts = () => store.nodes().map(({ activeAtDeath }) => activeAtDeath);
      store.register(node());
      store.register(node(OTHER, { startedAt: T0 + 1 }));
      await store.append([
        creation('r1'),
        creation('r2'),
        creation('waits', { patch: patch({ status: 'suspended' }) }),
        creation('over', { patch: patch({ status: 'completed', release: true }) }),
      ]);
      store.noteDeaths([NODE, asNodeId('unheard-of')]);
      expect(counts()).toEqual([2, null]);
      // Who comes later counts fewer, because some were claimed meanwhile: the first count stays.
      store.claim(asRunId('r1'), OTHER, [NODE]);
      store.noteDeaths([NODE, OTHER]);
      expect(counts()).toEqual([2, 1]);
      store.renew(NODE, T0 + 99);
      store.register(node(OTHER, { startedAt: T0 + 1 }));
      expect(counts()).toEqual([null, null]);
    });
  });

  describe('definitions and templates', () => {
    test('a definition stands under its hash', () => {
      const { store } = subject;
      expect(store.definition(HASH)).toBeNull();
      store.putDefinition(HASH, { steps: [{ id: 'a' }] });
      store.putDefinition(HASH, { steps: [{ id: 'a' }] });
      expect(store.definition(HASH)).toEqual({ steps: [{ id: 'a' }] });
    });

    test('versions count up; the same again is the same version', () => {
      const { store } = subject;
      const changed = { ...template('t'), definitionHash: asDefinitionHash('e'.repeat(64)) };
      const described = { ...changed, pack: { ...changed.pack, description: 'better' } };
      expect(store.define(template('t'))).toEqual({ version: 1, created: true });
      expect(store.define(template('t', { createdAt: T0 + 9 }))).toEqual({
        version: 1,
        created: false,
      });
      expect(store.define(changed)).toEqual({ version: 2, created: true });
      expect(store.define(described)).toEqual({ version: 3, created: true });
      expect(store.define(template('t'))).toEqual({ version: 4, created: true });
      expect(store.template('t', null)?.version).toBe(4);
      expect(store.template('t', 1)).toEqual({ ...template('t'), version: 1, archived: false });
      expect(store.template('t', 5)).toBeNull();
      expect(store.template('none', null)).toBeNull();
    });

    test('the same text under other rules is a new version only when that is asked for', () => {
      const { store } = subject;
      store.define(template('t', { rules: 1 }));
      expect(store.define(template('t', { rules: 2 }))).toEqual({ version: 1, created: false });
      expect(store.template('t', null)).toMatchObject({ version: 1, rules: 1 });
      const renewed = template('t', { rules: 2, renewRules: true });
      expect(store.define(renewed)).toEqual({ version: 2, created: true });
      expect(store.define(renewed)).toEqual({ version: 2, created: false });
      expect(store.template('t', null)).toMatchObject({ version: 2, rules: 2 });
    });

    test('the newest version of each name is listed by name, in pages', () => {
      const { store } = subject;
      for (const name of ['b', 'c', 'a']) store.define(template(name));
      store.define(template('b', { definitionHash: asDefinitionHash('e'.repeat(64)) }));
      const first = store.templates(2);
      expect(first.items.map((row) => [row.name, row.version])).toEqual([
        ['a', 1],
        ['b', 2],
      ]);
      const rest = store.templates(2, first.nextCursor ?? '');
      expect(rest.items.map((row) => row.name)).toEqual(['c']);
      expect(rest.nextCursor).toBeNull();
      expect(() => store.templates(2, 'nonsense')).toThrow(/cursor/);
    });

    test('an archived name keeps its versions; defining it again brings it back', () => {
      const { store } = subject;
      store.define(template('t'));
      store.define(template('u'));
      expect(store.setArchived('t', true)).toBe(true);
      expect(store.setArchived('none', true)).toBe(false);
      expect(store.templateNames()).toEqual(['u']);
      expect(store.template('t', null)?.archived).toBe(true);
      expect(store.templates(9).items.map((row) => row.archived)).toEqual([true, false]);
      expect(store.define(template('t'))).toEqual({ version: 1, created: false });
      expect(store.templateNames()).toEqual(['t', 'u']);
      store.setArchived('u', true);
      store.setArchived('u', false);
      expect(store.template('u', 1)?.archived).toBe(false);
    });
  });

  describe('logs', () => {
    test('come back in order, from an offset, of one step', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2')]);
      const chunk = (run: string, path: string, text: string) => ({
        runId: asRunId(run),
        path,
        attempt: 1,
        stream: 'stdout' as const,
        text,
        at: T0,
      });
      store.appendLogs([chunk('r1', 'a', '1'), chunk('r2', 'a', 'x'), chunk('none', 'a', 'lost')]);
      store.appendLogs([chunk('r1', 'b', '2'), chunk('r1', 'a', '3')]);
      store.appendLogs([]);
      const all = store.logs(asRunId('r1'), 0, 10);
      expect(all.map((row) => row.text)).toEqual(['1', '2', '3']);
      expect(all[1]).toEqual({ ...chunk('r1', 'b', '2'), offset: all[1]?.offset ?? 0 });
      expect(store.logs(asRunId('r1'), all[0]?.offset ?? 0, 1).map((row) => row.text)).toEqual([
        '2',
      ]);
      expect(store.logs(asRunId('r1'), 0, 10, 'a').map((row) => row.text)).toEqual(['1', '3']);
      expect(store.logs(asRunId('none'), 0, 10)).toEqual([]);
    });
  });
}
