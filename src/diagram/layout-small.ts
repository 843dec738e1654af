/**
 * Positions for ordinary workflows without Graphviz, at once.
 *
 * Each list is layered by itself; boxes count as equally wide. For larger models Graphviz finds
 * better orders, in a process of its own.
 */
import { buildLayers, placesOf } from './layered/layers.ts';
import { groupNets } from './layered/nets.ts';
import { orderLayers } from './layered/order.ts';
import { longestPathRanks } from './layered/ranks.ts';
import { linksByList } from './list-links.ts';
import { type DiagramModel, indexModel } from './model.ts';
import type { NodePosition, PlainLayout } from './plain.ts';

/** Larger models are left to Graphviz. */
export const MAX_SMALL_NODES = 120;
/** A denser model is left to Graphviz, too. */
export const MAX_SMALL_EDGES = 600;

/** Positions of every node (x: place in its row, y: row of its list), or null for a large model. */
export function layoutSmall(model: DiagramModel): PlainLayout | null {
  if (model.nodes.length > MAX_SMALL_NODES || model.edges.length > MAX_SMALL_EDGES) return null;
  const positions = new Map<string, NodePosition>();
  const links = linksByList(model);
  for (const [list, nodes] of indexModel(model).nodesIn) {
    const own = links.get(list) ?? [];
    const ranks = longestPathRanks(nodes.length, own);
    const forward = own.filter((link) => (ranks[link.from] ?? 0) < (ranks[link.to] ?? 0));
    const widths = nodes.map(() => 1);
    const layers = buildLayers(ranks, widths, groupNets(forward));
    orderLayers(
      layers,
      layers.items.map((item, i) => item.vertex ?? i),
    );
    const places = placesOf(layers);
    for (const [i, node] of nodes.entries()) {
      positions.set(node.path, { x: places[i] ?? 0, y: ranks[i] ?? 0 });
    }
  }
  return { positions };
}
