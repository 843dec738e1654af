/**
 * What is not a run, in memory: nodes, definitions and templates. A template name is archived or not
 * as a whole; defining it again brings it back.
 */
import { canonicalJson, type Json } from '../../model/json.ts';
import type { NewTemplate, NodeStore, TemplateRow, TemplateStore } from '../../model/store.ts';
import { decodeNameCursor, encodeCursor } from '../cursor.ts';
import type { MemoryState } from './state.ts';

/** The nodes part of the store over shared state. */
export function createNodes(state: MemoryState): NodeStore {
  return {
    register(node) {
      state.writes += 1;
      state.nodes.set(node.nodeId, { ...node, activeAtDeath: null });
    },
    renew(nodeId, leaseUntil) {
      const node = state.nodes.get(nodeId);
      if (node === undefined) return false;
      state.writes += 1;
      state.nodes.set(nodeId, { ...node, leaseUntil, activeAtDeath: null });
      return true;
    },
    nodes: () =>
      [...state.nodes.values()].sort(
        (a, b) => a.startedAt - b.startedAt || (a.nodeId < b.nodeId ? -1 : 1),
      ),
    noteDeaths(dead) {
      state.writes += 1;
      for (const nodeId of dead) {
        const node = state.nodes.get(nodeId);
        if (node === undefined || node.activeAtDeath !== null) continue;
        const owned = [...state.runs.values()].filter(
          ({ owner, status }) => owner === nodeId && status === 'active',
        );
        state.nodes.set(nodeId, { ...node, activeAtDeath: owned.length });
      }
    },
    remove(nodeId) {
      state.writes += 1;
      state.nodes.delete(nodeId);
    },
  };
}

/** The templates part of the store over shared state. */
export function createTemplates(state: MemoryState): TemplateStore {
  return {
    putDefinition(hash, definition) {
      state.writes += 1;
      state.unused.delete(hash);
      if (!state.definitions.has(hash)) state.definitions.set(hash, definition);
    },
    definition: (hash) => state.definitions.get(hash) ?? null,
    define: (template) => define(state, template),
    template(name, version) {
      const versions = state.templates.get(name) ?? [];
      const found = version === null ? versions.at(-1) : versions[version - 1];
      return found ?? null;
    },
    templates(limit, cursor) {
      const after = cursor === undefined ? null : decodeNameCursor('templates', cursor);
      const names = [...state.templates.keys()].filter((name) => after === null || name > after);
      const page = names.sort().slice(0, limit);
      const last = page.at(-1);
      const more = names.length > limit && last !== undefined;
      return {
        items: page.flatMap((name) => state.templates.get(name)?.at(-1) ?? []),
        nextCursor: more ? encodeCursor('templates', [last]) : null,
      };
    },
    templateNames: () =>
      [...state.templates.values()]
        .flatMap((versions) => versions.at(-1) ?? [])
        .filter((newest) => !newest.archived)
        .map((newest) => newest.name)
        .sort(),
    setArchived(name, archived) {
      const versions = state.templates.get(name);
      if (versions === undefined) return false;
      setArchived(state, versions, archived);
      return true;
    },
  };
}

function setArchived(state: MemoryState, versions: TemplateRow[], archived: boolean): void {
  state.writes += 1;
  versions.forEach((row, index) => {
    versions[index] = { ...row, archived };
  });
}

function define(state: MemoryState, template: NewTemplate) {
  const versions = state.templates.get(template.name) ?? [];
  const newest = versions.at(-1);
  if (newest?.archived) setArchived(state, versions, false);
  if (newest !== undefined && isSame(newest, template)) {
    return { version: newest.version, created: false };
  }
  state.writes += 1;
  const version = versions.length + 1;
  const { renewRules: _, ...kept } = template;
  versions.push({ ...kept, version, archived: false });
  state.templates.set(template.name, versions);
  return { version, created: true };
}

const isSame = (a: NewTemplate, b: NewTemplate): boolean =>
  a.definitionHash === b.definitionHash &&
  (b.renewRules !== true || a.rules === b.rules) &&
  canonicalJson(a.pack as unknown as Json) === canonicalJson(b.pack as unknown as Json);
