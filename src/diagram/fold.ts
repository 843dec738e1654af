/**
 * A large model made small enough to draw: composites become one box that says what is inside.
 *
 * Nothing is lost silently: a folded box counts its steps, and shows the status that matters most.
 */
import { type DiagramModel, type DiagramNode, MAX_DRAWN_NODES, TOP_LIST } from './model.ts';

/** The model as it is when it has at most `limit` nodes, else with its outermost composites folded. */
export function foldToLimit(model: DiagramModel, limit = MAX_DRAWN_NODES): DiagramModel {
  return model.nodes.length <= limit ? model : foldComposites(model);
}

/** Only the top list (and the hooks), each composite as one node that counts the steps inside. */
export function foldComposites(model: DiagramModel): DiagramModel {
  const hooks = new Set(model.clusters.flatMap((each) => (each.owner === null ? each.path : [])));
  const ownerOf = new Map(model.clusters.map((cluster) => [cluster.path, cluster.owner]));
  const nodeOf = new Map(model.nodes.map((node) => [node.path, node]));
  const inside = new Map<string, number>();
  for (const node of model.nodes) {
    const outermost = outermostOwner(node, ownerOf, nodeOf);
    if (outermost !== null) inside.set(outermost, (inside.get(outermost) ?? 0) + 1);
  }
  const isKept = (node: DiagramNode): boolean =>
    node.clusterPath === TOP_LIST || hooks.has(node.clusterPath);
  const nodes = model.nodes.filter(isKept).map((node) => {
    const folded = inside.get(node.path);
    return folded === undefined ? node : { ...node, folded };
  });
  const kept = new Set(nodes.map((node) => node.path));
  return {
    title: model.title,
    nodes,
    edges: model.edges.filter((edge) => kept.has(edge.from) && kept.has(edge.to)),
    clusters: model.clusters.filter((cluster) => hooks.has(cluster.path)),
  };
}

/** The composite of the top list or of a hook that a node is inside of; null when of none. */
function outermostOwner(
  node: DiagramNode,
  ownerOf: ReadonlyMap<string, string | null>,
  nodeOf: ReadonlyMap<string, DiagramNode>,
): string | null {
  let outermost: string | null = null;
  let owner = ownerOf.get(node.clusterPath) ?? null;
  while (owner !== null) {
    outermost = owner;
    owner = ownerOf.get(nodeOf.get(owner)?.clusterPath ?? TOP_LIST) ?? null;
  }
  return outermost;
}
