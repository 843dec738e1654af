/**
 * A workflow as a picture sees it: nodes, edges and the lists that contain them.
 *
 * Plain data between `build.ts` and the drawers. A node's path is its step path, where a loop body is
 * drawn once as `iter_*`. A cluster is a nested list; its owner is the composite that holds it. Edges
 * of kind `depends`, `order` and `fallback` stay inside one list; only `branch` edges enter a cluster.
 */
import type { StepType } from '../model/definition.ts';
import type { StepStatus } from '../model/run-status.ts';

/** Path of the top list. */
export const TOP_LIST = '';

/** The last path segment of a loop's body, which stands for every iteration. */
export const ANY_ITERATION = 'iter_*';

/** More nodes than this are folded, and what is still larger is drawn as a list. */
export const MAX_DRAWN_NODES = 300;

/** `guard` may skip the step; `choice` is what a person or agent picks from; `policy` is the rest. */
export interface DiagramNote {
  readonly kind: 'guard' | 'choice' | 'policy';
  readonly text: string;
}

export interface DiagramNode {
  readonly path: string;
  readonly id: string;
  readonly label: string;
  readonly kind: StepType;
  /** What the step does in a few words: `http.get`, `wait 5m`, `for each of inputs.items`. */
  readonly summary: string;
  readonly action?: string;
  readonly notes: readonly DiagramNote[];
  readonly description?: string;
  readonly status?: StepStatus;
  /** Free text beside the status: an elapsed time, `3/10`. */
  readonly detail?: string;
  /** Path of the list this node stands in; `""` is the top list. */
  readonly clusterPath: string;
  /** Runs only when the step it stands in for has failed. */
  readonly isFallback: boolean;
  /** Steps that were inside before this composite was folded into one node. */
  readonly folded?: number;
}

export type DiagramEdgeKind = 'depends' | 'order' | 'fallback' | 'branch';

export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: DiagramEdgeKind;
  readonly label?: string;
}

export type DiagramClusterKind = 'branch' | 'default' | 'body' | 'parallel' | 'hook';

export interface DiagramCluster {
  /** Path of the list; the nodes in it carry it as `clusterPath`. */
  readonly path: string;
  readonly kind: DiagramClusterKind;
  readonly label: string;
  /** Path of the composite that holds the list; null for a hook. */
  readonly owner: string | null;
}

export interface DiagramModel {
  readonly title: string | null;
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
  readonly clusters: readonly DiagramCluster[];
}

/** How a status looks where only text is available; `plain` is for terminals without Unicode. */
interface StatusMark {
  readonly mark: string;
  readonly plain: string;
  readonly word: string;
}

export const STATUS_MARKS: Readonly<Record<StepStatus, StatusMark>> = {
  pending: { mark: '○', plain: '.', word: 'pending' },
  scheduled: { mark: '○', plain: '.', word: 'scheduled' },
  running: { mark: '▶', plain: '>', word: 'running' },
  retrying: { mark: '▶', plain: '>', word: 'retrying' },
  suspended: { mark: '⏸', plain: '!', word: 'waiting' },
  completed: { mark: '✓', plain: '+', word: 'completed' },
  failed: { mark: '✗', plain: 'x', word: 'failed' },
  skipped: { mark: '↷', plain: '-', word: 'skipped' },
};

/** The model's nodes and clusters indexed by where they stand. */
export interface DiagramIndex {
  readonly nodesIn: ReadonlyMap<string, readonly DiagramNode[]>;
  readonly clustersOf: ReadonlyMap<string, readonly DiagramCluster[]>;
  readonly hooks: readonly DiagramCluster[];
}

/** Groups nodes by their list and clusters by their owner, both in written order. */
export function indexModel(model: DiagramModel): DiagramIndex {
  const nodesIn = Map.groupBy(model.nodes, (node) => node.clusterPath);
  const clustersOf = new Map<string, DiagramCluster[]>();
  const hooks: DiagramCluster[] = [];
  for (const cluster of model.clusters) {
    if (cluster.owner === null) {
      hooks.push(cluster);
      continue;
    }
    const siblings = clustersOf.get(cluster.owner);
    if (siblings === undefined) clustersOf.set(cluster.owner, [cluster]);
    else siblings.push(cluster);
  }
  return { nodesIn, clustersOf, hooks };
}
