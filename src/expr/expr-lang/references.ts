/**
 * What a program reads of its environment, and whether its work may grow with the data.
 */
import { childrenOf, type Node } from './ast.ts';
import { builtinOf } from './builtins.ts';

export interface References {
  readonly roots: readonly string[];
  readonly paths: readonly string[][];
  readonly costly: boolean;
}

/** Every root with the longest constant path behind it, each once, in the order of the source. */
export function referencesOf(root: Node): References {
  const roots = new Set<string>();
  const paths = new Map<string, string[]>();
  let costly = false;
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    costly ||= isCostly(node);
    const path = constantPath(node);
    if (path === null) {
      open.push(...childrenOf(node).toReversed());
      continue;
    }
    roots.add(path.root);
    const names = path.root === '$env' && path.names.length > 0 ? path.names : [path.root];
    const full = path.root === '$env' ? names : [path.root, ...path.names];
    paths.set(JSON.stringify(full), full);
  }
  return { roots: [...roots], paths: [...paths.values()], costly };
}

interface ConstantPath {
  readonly root: string;
  readonly names: string[];
}

/** The path when the node is a root or members with constant names of one, else null. */
function constantPath(node: Node): ConstantPath | null {
  const names: string[] = [];
  let here = node;
  for (;;) {
    if (here.t === 'root') return { root: here.name, names: names.reverse() };
    if (here.t === 'env') return { root: '$env', names: names.reverse() };
    if (here.t === 'chain') here = here.body;
    else if (here.t !== 'member' || here.key.t !== 'const') return null;
    else {
      if (typeof here.key.value !== 'string') return null;
      names.push(here.key.value);
      here = here.object;
    }
  }
}

function isCostly(node: Node): boolean {
  if (node.t === 'binary') return node.op === '..' || node.op === 'matches';
  if (node.t !== 'builtin') return false;
  const builtin = builtinOf(node.name);
  return builtin.kind === 'loop' || builtin.costly;
}
