/**
 * The text drawing of a diagram model: boxes, arrows and tables, or the list form.
 *
 * Given positions it draws, with boxes that say everything, else less, else names only, so that no
 * line is wider than asked. Without positions, or when neither fits, or when the model is too
 * large even with its composites folded, it gives the list form. Every step appears in each of them.
 */
import { foldToLimit } from '../fold.ts';
import type { Link } from '../layered/nets.ts';
import { linksByList } from '../list-links.ts';
import {
  type DiagramCluster,
  type DiagramIndex,
  type DiagramModel,
  type DiagramNode,
  indexModel,
  MAX_DRAWN_NODES,
  TOP_LIST,
} from '../model.ts';
import type { PlainLayout } from '../plain.ts';
import { cleanText, textWidth, truncate } from '../text.ts';
import { type Block, stackBlocks } from './block.ts';
import { createCanvas } from './canvas.ts';
import { type Compartment, compositeBlock, hooksBlock } from './composite-block.ts';
import type { Member } from './graph-block.ts';
import { listBlock } from './list-block.ts';
import { listForm } from './list-form.ts';
import { BOX_PADDING, type BoxDetail, type BoxLimits, stepBlock } from './step-block.ts';
import { BOLD } from './styles.ts';

const DEFAULT_WIDTH = 80;
/** Nested lists get at least this many columns, even where that makes the drawing wider. */
const MIN_LIST_WIDTH = 16;

interface AsciiOptions {
  /** Columns to keep to; 80 when not given. */
  readonly width?: number;
  readonly color: boolean;
  /** False draws with `+ - |` only; texts that users wrote stay as they are. */
  readonly unicode: boolean;
}

interface Drawing {
  readonly index: DiagramIndex;
  readonly links: ReadonlyMap<string, readonly Link[]>;
  readonly layout: PlainLayout;
  readonly detail: BoxDetail;
  readonly unicode: boolean;
}

/** The model as lines of text without trailing spaces; the list form when `layout` is null. */
export function drawAscii(
  model: DiagramModel,
  layout: PlainLayout | null,
  options: AsciiOptions,
): string {
  const width = options.width ?? DEFAULT_WIDTH;
  const drawn = foldToLimit(model);
  if (layout !== null && drawn.nodes.length <= MAX_DRAWN_NODES) {
    const index = indexModel(drawn);
    const links = linksByList(drawn);
    for (const detail of ['all', 'brief', 'name'] as const) {
      const drawing: Drawing = { index, links, layout, detail, unicode: options.unicode };
      const block = pictureBlock(drawing, drawn.title, width);
      if (block === null) break;
      if (block.width <= width) return renderBlock(block, options);
    }
  }
  return listForm(model, { ...options, width, wrap: true }).join('\n');
}

function renderBlock(block: Block, options: AsciiOptions): string {
  const canvas = createCanvas(options);
  block.draw(canvas, 0, 0);
  return canvas.rows().join('\n');
}

/** Title, workflow and hooks below each other; null when it is too much to be drawn. */
function pictureBlock(drawing: Drawing, title: string | null, width: number): Block | null {
  const parts: Block[] = [];
  if (title !== null) parts.push(titleBlock(title, width, drawing.unicode));
  const top = blockOfList(drawing, TOP_LIST, width);
  if (top === null) return null;
  parts.push(top);
  if (drawing.index.hooks.length > 0) {
    const hooks = compartmentsOf(drawing, drawing.index.hooks, width);
    if (hooks === null) return null;
    parts.push(hooksBlock(hooks, { ...limitsOf(drawing, width), minWidth: 0 }));
  }
  return stackBlocks(parts);
}

function titleBlock(title: string, width: number, unicode: boolean): Block {
  const text = truncate(cleanText(title), width, unicode ? '…' : '~');
  return {
    width: textWidth(text),
    height: 1,
    draw: (canvas, x, y) => canvas.text(x, y, text, BOLD),
  };
}

function blockOfList(drawing: Drawing, list: string, maxWidth: number): Block | null {
  const nodes = drawing.index.nodesIn.get(list) ?? [];
  const width = Math.max(MIN_LIST_WIDTH, maxWidth);
  const members = nodes.map(
    (node, i): Member => ({
      block: (minWidth) => blockOfNode(drawing, node, { ...limitsOf(drawing, width), minWidth }),
      position: drawing.layout.positions.get(node.path)?.x ?? i,
    }),
  );
  return listBlock(members, drawing.links.get(list) ?? [], width);
}

const limitsOf = (drawing: Drawing, maxWidth: number): Omit<BoxLimits, 'minWidth'> => ({
  maxWidth,
  detail: drawing.detail,
  unicode: drawing.unicode,
});

function blockOfNode(drawing: Drawing, node: DiagramNode, limits: BoxLimits): Block | null {
  const clusters = drawing.index.clustersOf.get(node.path) ?? [];
  if (clusters.length === 0) return stepBlock(node, limits);
  const compartments = compartmentsOf(drawing, clusters, limits.maxWidth);
  return compartments === null ? null : compositeBlock(node, compartments, limits);
}

function compartmentsOf(
  drawing: Drawing,
  clusters: readonly DiagramCluster[],
  maxWidth: number,
): Compartment[] | null {
  const compartments: Compartment[] = [];
  for (const cluster of clusters) {
    if ((drawing.index.nodesIn.get(cluster.path) ?? []).length === 0) {
      compartments.push({ cluster, content: null });
      continue;
    }
    const content = blockOfList(drawing, cluster.path, maxWidth - BOX_PADDING);
    if (content === null) return null;
    compartments.push({ cluster, content });
  }
  return compartments;
}
