/**
 * The model in the DOT language, for Graphviz.
 *
 * `plain` is for positions: nodes are named by step path, sized like the text boxes. `svg` is for
 * people: labels, colours, and on every node the SVG attributes `id="step:<path>"` and
 * `class="step <kind> <status>"`, by which a page can restyle it and find the step that was clicked.
 */
import { labelLines } from './label-lines.ts';
import {
  type DiagramCluster,
  type DiagramEdge,
  type DiagramIndex,
  type DiagramModel,
  type DiagramNode,
  indexModel,
  TOP_LIST,
} from './model.ts';
import { CLUSTER_COLORS, colorsOf, LINE_COLOR, MUTED_COLOR, TEXT_COLOR } from './palette.ts';
import { cleanText, textWidth } from './text.ts';

export const FONT_NAME = 'DejaVu Sans';

interface DotOptions {
  readonly for: 'plain' | 'svg';
}

interface Writer {
  readonly index: DiagramIndex;
  readonly isSvg: boolean;
  readonly clusterIds: ReadonlyMap<string, string>;
  readonly lines: string[];
  readonly edges: string[];
}

/** DOT text with every node and edge of the model. */
export function toDot(model: DiagramModel, options: DotOptions): string {
  const isSvg = options.for === 'svg';
  const owners = model.nodes.map((node, i) => [node.path, `cluster_${i}`] as const);
  const writer: Writer = {
    index: indexModel(model),
    isSvg,
    clusterIds: new Map(owners),
    lines: ['digraph workflow {'],
    edges: [],
  };
  writeDefaults(writer, model.title);
  writeList(writer, TOP_LIST);
  for (const [i, hook] of writer.index.hooks.entries()) {
    openCluster(writer, `cluster_hook_${i}`, hook.label, 'hook');
    writeList(writer, hook.path);
    writer.lines.push('}');
  }
  for (const edge of model.edges) writer.edges.push(edgeLine(writer, edge));
  writer.lines.push(...writer.edges, '}');
  return `${writer.lines.join('\n')}\n`;
}

function writeDefaults(writer: Writer, title: string | null): void {
  const { lines, isSvg } = writer;
  if (!isSvg) {
    lines.push('graph [compound=true, newrank=false];', 'node [shape=box, fixedsize=true];');
    return;
  }
  const font = `fontname=${quote(FONT_NAME)}`;
  const heading =
    title === null ? '' : `, label=${quote(cleanText(title))}, labelloc=t, fontsize=16`;
  lines.push(
    `graph [compound=true, rankdir=TB, nodesep=0.35, ranksep=0.45, bgcolor=transparent, pad=0.2, ${font}, fontcolor=${quote(TEXT_COLOR)}${heading}];`,
    `node [shape=box, style="rounded,filled", fontsize=11, margin="0.16,0.09", ${font}, fontcolor=${quote(TEXT_COLOR)}];`,
    `edge [fontsize=9, arrowsize=0.7, color=${quote(LINE_COLOR)}, ${font}, fontcolor=${quote(MUTED_COLOR)}];`,
  );
}

function writeList(writer: Writer, list: string): void {
  for (const node of writer.index.nodesIn.get(list) ?? []) {
    const clusters = writer.index.clustersOf.get(node.path) ?? [];
    if (clusters.length === 0) {
      writer.lines.push(nodeLine(writer, node));
      continue;
    }
    openCluster(writer, clusterId(writer, node.path), '', node.kind);
    writer.lines.push(nodeLine(writer, node));
    for (const [i, cluster] of clusters.entries()) writeCluster(writer, node, cluster, i);
    writer.lines.push('}');
  }
}

function writeCluster(
  writer: Writer,
  owner: DiagramNode,
  cluster: DiagramCluster,
  i: number,
): void {
  openCluster(writer, `${clusterId(writer, owner.path)}_${i}`, cluster.label, cluster.kind);
  if ((writer.index.nodesIn.get(cluster.path) ?? []).length === 0) {
    const name = `${cluster.path}/nothing`;
    writer.lines.push(
      `${quote(name)} [label="nothing", shape=plaintext, style="", fontcolor=${quote(MUTED_COLOR)}];`,
    );
    // An edge named inside a subgraph would draw its start into it.
    writer.edges.push(`${quote(owner.path)} -> ${quote(name)} [style=dotted];`);
  }
  writeList(writer, cluster.path);
  writer.lines.push('}');
}

const clusterId = (writer: Writer, path: string): string => writer.clusterIds.get(path) ?? '';

function openCluster(writer: Writer, name: string, label: string, kind: string): void {
  writer.lines.push(`subgraph ${name} {`);
  if (!writer.isSvg) return;
  const { fill, stroke } = CLUSTER_COLORS;
  writer.lines.push(
    `graph [label=${quote(cleanText(label))}, labelloc=t, labeljust=l, fontsize=10, style="rounded,filled", fillcolor=${quote(fill)}, color=${quote(stroke)}, fontcolor=${quote(MUTED_COLOR)}, class=${quote(`list ${kind}`)}];`,
  );
}

function nodeLine(writer: Writer, node: DiagramNode): string {
  const lines = labelLines(node);
  const name = quote(node.path);
  if (!writer.isSvg) {
    const columns = Math.max(...lines.map(textWidth)) + 4;
    // One column of text is taken as a tenth of an inch, one line as a fifth.
    const size = `width=${(columns / 10).toFixed(2)}, height=${((lines.length + 2) / 5).toFixed(2)}`;
    return `${name} [label="", ${size}];`;
  }
  const { fill, stroke } = colorsOf(node.status);
  const style = node.isFallback ? 'rounded,filled,dashed' : 'rounded,filled';
  const thick = node.kind === 'reasoning' ? 2 : 1;
  const attributes = [
    `label=${htmlLabel(lines)}`,
    `id=${quote(`step:${node.path}`)}`,
    `class=${quote(`step ${node.kind} ${node.status ?? 'none'}`)}`,
    `tooltip=${quote(lines.join('\n'))}`,
    `style=${quote(style)}`,
    `fillcolor=${quote(fill)}`,
    `color=${quote(stroke)}`,
    `penwidth=${thick}`,
  ];
  return `${name} [${attributes.join(', ')}];`;
}

function edgeLine(writer: Writer, edge: DiagramEdge): string {
  const attributes: string[] = [];
  const exit = edge.kind === 'branch' ? edge.from : exitOf(writer, edge.from);
  if (exit !== edge.from || (edge.kind !== 'branch' && isComposite(writer, edge.from))) {
    attributes.push(`ltail=${clusterId(writer, edge.from)}`);
  }
  if (edge.kind === 'fallback') attributes.push('style=dashed');
  if (edge.kind === 'branch') attributes.push('style=dotted');
  if (writer.isSvg && edge.kind === 'fallback' && edge.label !== undefined) {
    attributes.push(`label=${quote(` ${cleanText(edge.label)}`)}`);
  }
  const list = attributes.length === 0 ? '' : ` [${attributes.join(', ')}]`;
  return `${quote(exit)} -> ${quote(edge.to)}${list};`;
}

const isComposite = (writer: Writer, path: string): boolean =>
  (writer.index.clustersOf.get(path) ?? []).length > 0;

/** The node at the end of a composite, so that what follows it stands below all of it. */
function exitOf(writer: Writer, path: string): string {
  let exit = path;
  let longest = 0;
  for (const cluster of writer.index.clustersOf.get(path) ?? []) {
    const nodes = writer.index.nodesIn.get(cluster.path) ?? [];
    const last = nodes.at(-1);
    if (last === undefined || nodes.length <= longest) continue;
    longest = nodes.length;
    exit = exitOf(writer, last.path);
  }
  return exit;
}

/** A label with the name in bold; what else a node says is muted. */
function htmlLabel(lines: readonly string[]): string {
  const [name = '', ...rest] = lines.map(escapeHtml);
  const muted = rest.map((line) => `<br/><font color=${quote(MUTED_COLOR)}>${line}</font>`);
  return `<<b>${name}</b>${muted.join('')}>`;
}

function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replaceAll(/[&<>"]/g, (char) => `&${names[char] ?? ''};`);
}

/** A DOT string: nothing in the text is read as an escape, a new line is one. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
