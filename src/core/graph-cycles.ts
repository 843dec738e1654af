/**
 * Cycles of a graph given as adjacency lists. Iterative, linear in steps and edges.
 */

/** One cycle for each group of nodes that reach each other: its nodes in order, the first not repeated. */
export function findCycles(edges: readonly (readonly number[])[]): number[][] {
  const groups = groupsOf(edges);
  return groups.map((group) => cycleWithin(edges, group)).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

interface Search {
  readonly order: (number | undefined)[];
  readonly low: number[];
  readonly open: number[];
  readonly isOpen: Set<number>;
  next: number;
}

/** Strongly connected groups of more than one node (Tarjan), and nodes with an edge to themselves. */
function groupsOf(edges: readonly (readonly number[])[]): Set<number>[] {
  const search: Search = { order: [], low: [], open: [], isOpen: new Set(), next: 0 };
  const groups: Set<number>[] = [];
  for (let root = 0; root < edges.length; root++) {
    if (search.order[root] === undefined) visitFrom(root, edges, search, groups);
  }
  return groups;
}

function visitFrom(
  root: number,
  edges: readonly (readonly number[])[],
  search: Search,
  groups: Set<number>[],
): void {
  const stack = [{ node: root, edge: 0 }];
  begin(search, root);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const target = edges[frame.node]?.[frame.edge];
    if (target === undefined) {
      stack.pop();
      const parent = stack.at(-1);
      if (parent !== undefined) lower(search, parent.node, search.low[frame.node] ?? 0);
      closeGroup(frame.node, edges, search, groups);
      continue;
    }
    frame.edge += 1;
    if (search.order[target] === undefined) {
      begin(search, target);
      stack.push({ node: target, edge: 0 });
    } else if (search.isOpen.has(target)) lower(search, frame.node, search.order[target] ?? 0);
  }
}

function closeGroup(
  node: number,
  edges: readonly (readonly number[])[],
  search: Search,
  groups: Set<number>[],
): void {
  if (search.low[node] !== search.order[node]) return;
  const group = close(search, node);
  if (group.size > 1 || edges[node]?.includes(node) === true) groups.push(group);
}

function begin(search: Search, node: number): void {
  search.order[node] = search.next;
  search.low[node] = search.next;
  search.next += 1;
  search.open.push(node);
  search.isOpen.add(node);
}

function lower(search: Search, node: number, to: number): void {
  search.low[node] = Math.min(search.low[node] ?? to, to);
}

function close(search: Search, node: number): Set<number> {
  const group = new Set<number>();
  for (let member = search.open.pop(); member !== undefined; member = search.open.pop()) {
    search.isOpen.delete(member);
    group.add(member);
    if (member === node) break;
  }
  return group;
}

/** The shortest cycle through the lowest node of a group. */
function cycleWithin(edges: readonly (readonly number[])[], group: ReadonlySet<number>): number[] {
  const start = Math.min(...[...group].slice(0, 1000));
  const before = new Map<number, number>();
  const queue = [start];
  for (let at = 0; at < queue.length; at++) {
    const node = queue[at] as number;
    for (const target of edges[node] ?? []) {
      if (target === start) return pathBack(before, node, start);
      if (!group.has(target) || before.has(target)) continue;
      before.set(target, node);
      queue.push(target);
    }
  }
  return [start];
}

function pathBack(before: ReadonlyMap<number, number>, last: number, start: number): number[] {
  const path = [last];
  for (let node = last; node !== start; ) {
    node = before.get(node) ?? start;
    path.push(node);
  }
  return path.reverse();
}
