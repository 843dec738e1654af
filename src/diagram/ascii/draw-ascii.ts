/**
 * The text drawing of a diagram model: boxes, arrows and tables, or the list form.
 *
 * Given positions it draws; without them, or when the model is too large even with its composites
 * folded, it gives the list form. Either way every step appears. The drawing keeps to the width as
 * long as single boxes allow it.
 */
import { foldToLimit } from '../fold.ts';
import type { Link } from '../layered/nets.ts';
import { linksByList } from '../list-links.ts';
import {
  type DiagramIndex,
  type DiagramModel,
  type DiagramNode,
  indexModel,
  MAX_DRAWN_NODES,
  TOP_LIST,
} from '../model.ts';
import type { PlainLayout } from '../plain.ts';
import { cleanText, truncate } from '../text.ts';
import type { Block } from './block.ts';
import { createCanvas } from './canvas.ts';
import { compositeBlock, hooksBlock } from './composite-block.ts';
import { listBlock, type Member } from './list-block.ts';
import { listForm } from './list-form.ts';
import { BOX_PADDING, type BoxLimits, stepBlock } from './step-block.ts';
import { BOLD } from './styles.ts';

export const DEFAULT_WIDTH = 80;
/** Nested lists get at least this many columns, even where that makes the drawing wider. */
const MIN_LIST_WIDTH = 16;

export interface AsciiOptions {
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
  readonly unicode: boolean;
}

/** The model as lines of text without trailing spaces; the list form when `layout` is null. */
export function drawAscii(
  model: DiagramModel,
  layout: PlainLayout | null,
  options: AsciiOptions,
): string {
  const drawn = foldToLimit(model);
  const width = options.width ?? DEFAULT_WIDTH;
  if (layout === null || drawn.nodes.length > MAX_DRAWN_NODES) {
    return listForm(model, { ...options, width }).join('\n');
  }
  const index = indexModel(drawn);
  const drawing: Drawing = { index, links: linksByList(drawn), layout, unicode: options.unicode };
  const canvas = createCanvas(options);
  let y = 0;
  if (drawn.title !== null) {
    canvas.text(0, 0, truncate(cleanText(drawn.title), width), BOLD);
    y = 2;
  }
  const top = blockOfList(drawing, TOP_LIST, width);
  top?.draw(canvas, 0, y);
  y += top === null ? 0 : top.height + 1;
  if (index.hooks.length > 0) blockOfHooks(drawing, width).draw(canvas, 0, y);
  return canvas.rows().join('\n');
}

function blockOfList(drawing: Drawing, list: string, maxWidth: number): Block | null {
  const nodes = drawing.index.nodesIn.get(list) ?? [];
  if (nodes.length === 0) return null;
  const width = Math.max(MIN_LIST_WIDTH, maxWidth);
  const members = nodes.map(
    (node, i): Member => ({
      block: (minWidth) =>
        blockOfNode(drawing, node, { minWidth, maxWidth: width, unicode: drawing.unicode }),
      position: drawing.layout.positions.get(node.path)?.x ?? i,
    }),
  );
  return listBlock(members, drawing.links.get(list) ?? [], width);
}

function blockOfNode(drawing: Drawing, node: DiagramNode, limits: BoxLimits): Block {
  const clusters = drawing.index.clustersOf.get(node.path) ?? [];
  if (clusters.length === 0) return stepBlock(node, limits);
  const compartments = clusters.map((cluster) => ({
    cluster,
    content: blockOfList(drawing, cluster.path, limits.maxWidth - BOX_PADDING),
  }));
  return compositeBlock(node, compartments, limits);
}

function blockOfHooks(drawing: Drawing, width: number): Block {
  const compartments = drawing.index.hooks.map((cluster) => ({
    cluster,
    content: blockOfList(drawing, cluster.path, width - BOX_PADDING),
  }));
  return hooksBlock(compartments, { minWidth: 0, maxWidth: width, unicode: drawing.unicode });
}
