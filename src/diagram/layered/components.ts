/**
 * The connected parts of a list: steps that have nothing to do with each other are laid out apart.
 */
import type { Link } from './nets.ts';

interface Part {
  /** In written order. */
  readonly vertices: readonly number[];
  /** Links by the place of a vertex in `vertices`. */
  readonly links: readonly Link[];
}

/** The parts in the order of their first vertices. */
export function connectedParts(count: number, links: readonly Link[]): Part[] {
  const parent = Array.from({ length: count }, (_, i) => i);
  const rootOf = (vertex: number): number => {
    let root = vertex;
    while (parent[root] !== root) root = parent[root] ?? root;
    parent[vertex] = root;
    return root;
  };
  for (const { from, to } of links) {
    const [a, b] = [rootOf(from), rootOf(to)];
    parent[Math.max(a, b)] = Math.min(a, b);
  }
  const vertices = Map.groupBy(parent.keys(), rootOf);
  const ownLinks = Map.groupBy(links, (link) => rootOf(link.from));
  return Array.from(vertices, ([root, own]) => {
    const place = new Map(own.map((vertex, i) => [vertex, i]));
    const local = (ownLinks.get(root) ?? []).map((link) => ({
      ...link,
      from: place.get(link.from) ?? 0,
      to: place.get(link.to) ?? 0,
    }));
    return { vertices: own, links: local };
  });
}
