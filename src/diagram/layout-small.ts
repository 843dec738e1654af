/**
 * Positions without Graphviz, in the same process and at once (milliseconds up to the limits below).
 *
 * Each list is layered by itself; boxes count as equally wide. What is too large or too dense is left
 * to Graphviz, in a process of its own.
 */
import { foldToLimit } from './fold.ts';
import { MAX_ITEMS } from './layered/arrange.ts';
import { buildLayers, countItems, placesOf } from './layered/layers.ts';
import { groupNets } from './layered/nets.ts';
import { orderLayers } from './layered/order.ts';
import { longestPathRanks } from './layered/ranks.ts';
import { linksByList } from './list-links.ts';
import { type DiagramModel, indexModel, MAX_DRAWN_NODES } from './model.ts';
import type { NodePosition, PlainLayout } from './plain.ts';

/** A model with more edges is left to Graphviz. */
const MAX_SMALL_EDGES = 2000;

/**
 * Positions of every node that is drawn, after folding (x: place in its row, y: row of its list), or
 * null for a large or dense model.
 */
export function layoutSmall(model: DiagramModel): PlainLayout | null {
  const drawn = foldToLimit(model);
  if (drawn.nodes.length > MAX_DRAWN_NODES || drawn.edges.length > MAX_SMALL_EDGES) return null;
  const positions = new Map<string, NodePosition>();
  const links = linksByList(drawn);
  for (const [list, nodes] of indexModel(drawn).nodesIn) {
    const own = links.get(list) ?? [];
    const ranks = longestPathRanks(nodes.length, own);
    const forward = own.filter((link) => (ranks[link.from] ?? 0) < (ranks[link.to] ?? 0));
    const widths = nodes.map(() => 1);
    const nets = groupNets(forward);
    if (countItems(ranks, nets) > MAX_ITEMS) return null;
    const layers = buildLayers(ranks, widths, nets);
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
