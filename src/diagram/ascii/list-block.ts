/**
 * One list of steps as a block: its connected parts, each drawn by itself, packed in rows.
 *
 * Dependencies never leave a list, so a composite in it is just a box that holds further lists.
 */
import { connectedParts } from '../layered/components.ts';
import type { Link } from '../layered/nets.ts';
import { packRows } from '../layered/ranks.ts';
import type { Block } from './block.ts';
import { BOX_GAP, graphBlock, type Member } from './graph-block.ts';

/** The block of a list; links are by member index. Null when it is too much to be drawn. */
export function listBlock(
  members: readonly Member[],
  links: readonly Link[],
  maxWidth: number,
): Block | null {
  const blocks: Block[] = [];
  for (const part of connectedParts(members.length, links)) {
    const block = graphBlock(
      part.vertices.flatMap((vertex) => members[vertex] ?? []),
      part.links,
      maxWidth,
    );
    if (block === null) return null;
    blocks.push(block);
  }
  const [only] = blocks;
  return blocks.length === 1 && only !== undefined ? only : packedBlock(blocks, maxWidth);
}

function packedBlock(blocks: readonly Block[], maxWidth: number): Block {
  const rows = packRows(blocks, (block) => block.width, { gap: BOX_GAP, maxWidth });
  const widthOf = (row: readonly Block[]): number =>
    row.reduce((sum, block) => sum + block.width, (row.length - 1) * BOX_GAP);
  const heightOf = (row: readonly Block[]): number =>
    row.reduce((most, block) => Math.max(most, block.height), 0);
  return {
    width: rows.reduce((most, row) => Math.max(most, widthOf(row)), 0),
    height: rows.reduce((sum, row) => sum + heightOf(row), Math.max(0, rows.length - 1)),
    draw(canvas, x, y) {
      let top = y;
      for (const row of rows) {
        let left = x;
        for (const block of row) {
          block.draw(canvas, left, top);
          left += block.width + BOX_GAP;
        }
        top += heightOf(row) + 1;
      }
    },
  };
}
