/**
 * The model as a Mermaid flowchart.
 *
 * Nodes are named by number, so no step id can collide with a keyword. In labels every character that
 * Mermaid, Markdown or HTML could read as syntax is written as an entity. A composite is a subgraph
 * that holds its own node and one subgraph per list; what follows it is joined to the subgraph.
 */
import { STEP_STATUSES } from '../model/run-status.ts';
import { labelLines } from './label-lines.ts';
import {
  type DiagramEdge,
  type DiagramIndex,
  type DiagramModel,
  type DiagramNode,
  indexModel,
  TOP_LIST,
} from './model.ts';
import { STATUS_COLORS, TEXT_COLOR } from './palette.ts';
import { cleanText } from './text.ts';

interface Writer {
  readonly index: DiagramIndex;
  readonly nodeIds: ReadonlyMap<string, string>;
  readonly lines: string[];
}

/** Mermaid text (`flowchart TD`) that shows every node and edge, coloured by status. */
export function toMermaid(model: DiagramModel): string {
  const nodeIds = new Map(model.nodes.map((node, i) => [node.path, `n${i}`]));
  const writer: Writer = { index: indexModel(model), nodeIds, lines: [] };
  if (model.title !== null) {
    // A JSON string is a YAML string as well.
    writer.lines.push('---', `title: ${JSON.stringify(cleanText(model.title))}`, '---');
  }
  writer.lines.push('flowchart TD');
  writeList(writer, TOP_LIST, 1);
  for (const [i, hook] of writer.index.hooks.entries()) {
    writer.lines.push(`${indent(1)}subgraph hook${i}["${escapeLabel(hook.label)}"]`);
    writeList(writer, hook.path, 2);
    writer.lines.push(`${indent(1)}end`);
  }
  for (const edge of model.edges) writer.lines.push(indent(1) + edgeLine(writer, edge));
  writeClasses(writer, model);
  return `${writer.lines.join('\n')}\n`;
}

const indent = (depth: number): string => '  '.repeat(depth);

function writeList(writer: Writer, list: string, depth: number): void {
  for (const node of writer.index.nodesIn.get(list) ?? []) writeNode(writer, node, depth);
}

function writeNode(writer: Writer, node: DiagramNode, depth: number): void {
  const id = writer.nodeIds.get(node.path) ?? '';
  const clusters = writer.index.clustersOf.get(node.path) ?? [];
  const shape = nodeShape(node, labelLines(node).map(escapeLabel).join('<br/>'));
  if (clusters.length === 0) {
    writer.lines.push(`${indent(depth)}${id}${shape}`);
    return;
  }
  writer.lines.push(`${indent(depth)}subgraph ${frameId(id)}["${escapeLabel(node.label)}"]`);
  writer.lines.push(`${indent(depth + 1)}${id}${shape}`);
  for (const [i, cluster] of clusters.entries()) {
    const name = `${frameId(id)}_${i}`;
    writer.lines.push(`${indent(depth + 1)}subgraph ${name}["${escapeLabel(cluster.label)}"]`);
    if ((writer.index.nodesIn.get(cluster.path) ?? []).length === 0) {
      writer.lines.push(`${indent(depth + 2)}${name}_empty["nothing"]`);
    }
    writeList(writer, cluster.path, depth + 2);
    writer.lines.push(`${indent(depth + 1)}end`);
  }
  writer.lines.push(`${indent(depth)}end`);
}

const frameId = (nodeId: string): string => nodeId.replace('n', 'c');

function nodeShape(node: DiagramNode, label: string): string {
  switch (node.kind) {
    case 'action':
      return `["${label}"]`;
    case 'condition':
      return `{"${label}"}`;
    case 'loop':
    case 'parallel':
      return `[["${label}"]]`;
    case 'wait':
      return `(["${label}"])`;
    case 'reasoning':
      return `{{"${label}"}}`;
  }
}

function edgeLine(writer: Writer, edge: DiagramEdge): string {
  const from = writer.nodeIds.get(edge.from) ?? '';
  const to = writer.nodeIds.get(edge.to) ?? '';
  const isComposite = (writer.index.clustersOf.get(edge.from) ?? []).length > 0;
  const start = isComposite && edge.kind !== 'branch' ? frameId(from) : from;
  const arrow = edge.kind === 'fallback' ? '-.->' : '-->';
  const label = edge.label === undefined ? '' : `|"${escapeLabel(edge.label)}"|`;
  return `${start} ${arrow}${label} ${to}`;
}

function writeClasses(writer: Writer, model: DiagramModel): void {
  for (const status of STEP_STATUSES) {
    const ids = model.nodes
      .filter((node) => node.status === status)
      .map((node) => writer.nodeIds.get(node.path));
    if (ids.length === 0) continue;
    const { fill, stroke } = STATUS_COLORS[status];
    const style = `fill:${fill},stroke:${stroke},color:${TEXT_COLOR}`;
    writer.lines.push(`${indent(1)}classDef ${status} ${style}`);
    writer.lines.push(`${indent(1)}class ${ids.join(',')} ${status}`);
  }
}

/** A label in which only letters, digits, spaces and harmless punctuation stand for themselves. */
function escapeLabel(text: string): string {
  const escaped = cleanText(text).replaceAll(/[^\p{L}\p{N}\p{M}\p{So} _.,:/()+=!?-]/gu, (char) =>
    // A joiner holds an emoji together; Mermaid has no syntax outside of ASCII.
    char > '\x7f' ? char : `#${char.charCodeAt(0)};`,
  );
  // At the start of a line these would begin a Markdown list.
  return escaped
    .replace(/^[-+]/, (char) => `#${char.charCodeAt(0)};`)
    .replace(/^(\d+)([.)])/, (_, digits: string, dot: string) => `${digits}#${dot.charCodeAt(0)};`);
}
