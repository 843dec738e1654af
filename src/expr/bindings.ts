/**
 * The parts of a scope that an expression refers to, as plain JSON, for a compute process.
 *
 * A referenced list is kept whole, so that indices stay true; siblings of referenced keys are left
 * out. What is missing in the scope is missing in the bindings too.
 */
import type { Reference, Scope } from '../model/expression.ts';
import { isJsonObject, type Json, setOwn } from '../model/json.ts';
import { allSteps, childOf, resolvePath } from './path.ts';
import { stepField, stepObject } from './step-view.ts';

/** A tree of wanted keys; `all` takes everything below. */
interface Wanted {
  all: boolean;
  readonly keys: Map<string, Wanted>;
}

/** `{ inputs: …, steps: { "<id>": … } }` with the referenced parts that exist. */
export function bindingsOf(references: readonly Reference[], scope: Scope): Record<string, Json> {
  const bindings: Record<string, Json> = {};
  for (const [root, wanted] of wantedTree(references).keys) {
    const value = root === 'steps' ? stepsPart(wanted, scope) : rootPart(root, wanted, scope);
    if (value === undefined) continue;
    setOwn(bindings, root, value);
    // The loop object has two names.
    if (root === 'loop') setOwn(bindings, 'iter', value);
  }
  return bindings;
}

/** References to every root name of a scope. */
export function allNames(scope: Scope): Reference[] {
  return [...scope.names(), 'steps'].filter((name) => name !== 'secrets').map((name) => [name]);
}

function wantedTree(references: readonly Reference[]): Wanted {
  const tree: Wanted = { all: false, keys: new Map() };
  for (const reference of references) {
    let at = tree;
    for (const key of reference) {
      let next = at.keys.get(key);
      if (next === undefined) {
        next = { all: false, keys: new Map() };
        at.keys.set(key, next);
      }
      at = next;
    }
    at.all = true;
  }
  return tree;
}

function rootPart(root: string, wanted: Wanted, scope: Scope): Json | undefined {
  const value = resolvePath({ segments: [root] }, scope);
  return value === undefined ? undefined : partOf(value, wanted);
}

function partOf(value: Json, wanted: Wanted): Json {
  if (wanted.all || !isJsonObject(value)) return value;
  const part: Record<string, Json> = {};
  for (const [key, inner] of wanted.keys) {
    const child = childOf(value, key);
    if (child !== undefined) setOwn(part, key, partOf(child, inner));
  }
  return part;
}

function stepsPart(wanted: Wanted, scope: Scope): Json {
  if (wanted.all) return allSteps(scope);
  const steps: Record<string, Json> = {};
  for (const [id, inner] of wanted.keys) {
    const view = scope.step(id);
    if (view === undefined) continue;
    if (inner.all) {
      setOwn(steps, id, stepObject(view));
      continue;
    }
    const part: Record<string, Json> = {};
    for (const [key, deeper] of inner.keys) {
      const field = stepField(view, key);
      if (field !== undefined) setOwn(part, key, partOf(field, deeper));
    }
    setOwn(steps, id, part);
  }
  return steps;
}
