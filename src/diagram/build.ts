/**
 * From a definition to its diagram model.
 *
 * Owns the order of lists (a step of a sequence follows the one written before it), fallbacks and the
 * nesting. Dependencies that a step has only because it reads another one are handed in, since
 * finding them needs the expression engines. Edges to unknown steps are left out: validation names them.
 */
import type { Definition, StepDef } from '../model/definition.ts';
import { branchPrefix, HOOK_COMPLETE, HOOK_ERROR, parallelPrefix, stepPath } from '../model/ids.ts';
import { actionOf, kindOf, notesOf, shortText, summaryOf } from './describe.ts';
import {
  ANY_ITERATION,
  type DiagramCluster,
  type DiagramClusterKind,
  type DiagramEdge,
  type DiagramEdgeKind,
  type DiagramModel,
  type DiagramNode,
  TOP_LIST,
} from './model.ts';
import { foldIterations, type StatusOverlay } from './overlay.ts';
import { cleanText } from './text.ts';

/** An edge between two steps of one list, by their ids. */
export interface ListEdge {
  readonly from: string;
  readonly to: string;
}

export interface BuildOptions {
  /**
   * Further dependencies inside a list. The list is named by its path: `""`, `route.prod`,
   * `par.branch_0`, `batch.iter_*` for a loop's body.
   */
  readonly dependencies?: (listPath: string) => readonly ListEdge[];
  readonly statuses?: StatusOverlay;
  readonly title?: string;
}

interface Builder {
  readonly options: BuildOptions;
  readonly nodes: DiagramNode[];
  readonly edges: DiagramEdge[];
  readonly clusters: DiagramCluster[];
  readonly loops: Set<string>;
}

interface NestedList {
  readonly path: string;
  readonly kind: DiagramClusterKind;
  readonly label: string;
  readonly steps: readonly StepDef[];
}

/** The diagram of a definition: every step once, every edge once, statuses laid over when given. */
export function buildDiagram(definition: Definition, options: BuildOptions = {}): DiagramModel {
  const builder: Builder = { options, nodes: [], edges: [], clusters: [], loops: new Set() };
  addList(builder, TOP_LIST, definition.steps, definition.order === 'sequence');
  addHook(builder, HOOK_COMPLETE, 'on complete', definition.on_complete);
  addHook(builder, HOOK_ERROR, 'on error', definition.on_error);
  const { edges, clusters } = builder;
  return {
    title: options.title ?? titleOf(definition),
    nodes: withStatuses(builder),
    edges,
    clusters,
  };
}

function titleOf(definition: Definition): string | null {
  const name = definition.metadata?.name;
  return typeof name === 'string' && name !== '' ? shortText(name) : null;
}

function withStatuses(builder: Builder): DiagramNode[] {
  const statuses = builder.options.statuses;
  if (statuses === undefined) return builder.nodes;
  const folded = foldIterations(statuses, builder.loops);
  return builder.nodes.map((node) => {
    const overlay = folded.get(node.path);
    if (overlay === undefined) return node;
    const detail = overlay.detail === undefined ? {} : { detail: cleanText(overlay.detail) };
    return { ...node, status: overlay.status, ...detail };
  });
}

function addHook(builder: Builder, path: string, label: string, step: StepDef | undefined): void {
  if (step === undefined) return;
  const list = `${path}/list`;
  builder.clusters.push({ path: list, kind: 'hook', label, owner: null });
  addStep(builder, list, path, step, false);
}

function addList(
  builder: Builder,
  list: string,
  steps: readonly StepDef[],
  isSequence: boolean,
): void {
  const fallbacks = fallbackIds(steps);
  for (const step of steps) {
    addStep(builder, list, stepPath(list, step.id), step, fallbacks.has(step.id));
  }
  addEdges(builder, list, steps, isSequence);
}

function addStep(
  builder: Builder,
  list: string,
  path: string,
  step: StepDef,
  isFallback: boolean,
): void {
  const action = actionOf(step);
  // A hook may be written without an id; its path still names it.
  const id = cleanText(step.id ?? path);
  builder.nodes.push({
    path,
    id,
    label: id,
    kind: kindOf(step),
    summary: summaryOf(step),
    ...(action === undefined ? {} : { action: cleanText(action) }),
    notes: notesOf(step),
    ...(step.description === undefined ? {} : { description: shortText(step.description) }),
    clusterPath: list,
    isFallback,
  });
  if (kindOf(step) === 'loop') builder.loops.add(path);
  for (const nested of nestedLists(path, step)) {
    builder.clusters.push({
      path: nested.path,
      kind: nested.kind,
      label: nested.label,
      owner: path,
    });
    const firstEdge = builder.edges.length;
    addList(builder, nested.path, nested.steps, true);
    addEntries(builder, path, nested, firstEdge);
  }
}

function nestedLists(path: string, step: StepDef): NestedList[] {
  const config = step.config ?? {};
  switch (kindOf(step)) {
    case 'condition':
      return conditionLists(path, step);
    case 'loop':
      return [
        { path: `${path}.${ANY_ITERATION}`, kind: 'body', label: 'body', steps: config.body ?? [] },
      ];
    case 'parallel':
      return parallelLists(path, step);
    default:
      return [];
  }
}

function conditionLists(path: string, step: StepDef): NestedList[] {
  const { branches = {}, default: otherwise } = step.config ?? {};
  const lists: NestedList[] = Object.entries(branches).map(([key, steps]) => ({
    path: branchPrefix(path, key),
    kind: 'branch',
    label: shortText(key),
    steps,
  }));
  if (otherwise !== undefined) {
    const prefix = branchPrefix(path, 'default');
    lists.push({ path: prefix, kind: 'default', label: 'default', steps: otherwise });
  }
  return lists;
}

function parallelLists(path: string, step: StepDef): NestedList[] {
  return Object.values(step.config?.branches ?? {}).map((steps, i) => ({
    path: parallelPrefix(path, i),
    kind: 'parallel',
    label: `branch ${i}`,
    steps,
  }));
}

function fallbackIds(steps: readonly StepDef[]): Set<string> {
  const ids = steps.map(fallbackOf).filter((id) => id !== null);
  return new Set(ids);
}

function fallbackOf(step: StepDef): string | null {
  return step.on_error?.strategy === 'fallback_step' ? (step.on_error.fallback_step ?? null) : null;
}

function addEdges(
  builder: Builder,
  list: string,
  steps: readonly StepDef[],
  isSequence: boolean,
): void {
  const ids = new Set(steps.map((step) => step.id));
  const known = new Set<string>();
  const add = (from: string, to: string, kind: DiagramEdgeKind, label?: string): void => {
    const key = `${from} ${to}`;
    if (!ids.has(from) || !ids.has(to) || from === to || known.has(key)) return;
    known.add(key);
    const edge = { from: stepPath(list, from), to: stepPath(list, to), kind };
    builder.edges.push(label === undefined ? edge : { ...edge, label });
  };
  const fallbacks = fallbackIds(steps);
  let previous: string | null = null;
  for (const step of steps) {
    const fallback = fallbackOf(step);
    // First, so that a fallback which also names the failed step as a dependency is drawn once.
    if (fallback !== null) add(step.id, fallback, 'fallback', 'on error');
  }
  for (const step of steps) {
    for (const from of step.depends_on ?? []) add(from, step.id, 'depends');
    if (fallbacks.has(step.id)) continue;
    if (isSequence && step.depends_on === undefined && previous !== null) {
      add(previous, step.id, 'order');
    }
    previous = step.id;
  }
  for (const { from, to } of builder.options.dependencies?.(list) ?? []) add(from, to, 'depends');
}

/** Edges from a composite to the steps of a list that wait for nothing in it. */
function addEntries(builder: Builder, owner: string, nested: NestedList, firstEdge: number): void {
  const paths = new Set(nested.steps.map((step) => stepPath(nested.path, step.id)));
  for (const edge of builder.edges.slice(firstEdge)) paths.delete(edge.to);
  const label = nested.kind === 'branch' || nested.kind === 'default' ? nested.label : undefined;
  for (const to of paths) {
    const edge: DiagramEdge = { from: owner, to, kind: 'branch' };
    builder.edges.push(label === undefined ? edge : { ...edge, label });
  }
}
