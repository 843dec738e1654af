/**
 * The edges of a model as links inside each list, by the place of a node in its list.
 *
 * Edges that enter a cluster are not links: containment shows them.
 */
import type { Link } from './layered/nets.ts';
import type { DiagramModel } from './model.ts';

/** Links per list path; indices count the list's nodes in written order. */
export function linksByList(model: DiagramModel): ReadonlyMap<string, Link[]> {
  const place = new Map<string, { readonly list: string; readonly index: number }>();
  const sizes = new Map<string, number>();
  for (const node of model.nodes) {
    const index = sizes.get(node.clusterPath) ?? 0;
    sizes.set(node.clusterPath, index + 1);
    place.set(node.path, { list: node.clusterPath, index });
  }
  const links = new Map<string, Link[]>();
  for (const edge of model.edges) {
    const from = place.get(edge.from);
    const to = place.get(edge.to);
    if (edge.kind === 'branch' || from === undefined || from.list !== to?.list) continue;
    const link = { from: from.index, to: to.index, dashed: edge.kind === 'fallback' };
    const list = links.get(from.list);
    if (list === undefined) links.set(from.list, [link]);
    else list.push(link);
  }
  return links;
}
