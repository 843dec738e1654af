/**
 * Sizes of values for cost estimates, counted over JSON with an early end.
 */
import { isJsonArray, type Json } from '../model/json.ts';

/** Upper bounds of what a value holds. */
export interface Size {
  /** Items of a list or keys of an object; 0 for scalars. */
  readonly length: number;
  /** Values in it, itself included. */
  readonly nodes: number;
  /** Characters of its strings and keys. */
  readonly chars: number;
  /** Most values in one item. */
  readonly itemNodes: number;
  /** Most characters in one item. */
  readonly itemChars: number;
  /** Longest list or object inside it, itself left out. */
  readonly widest: number;
}

export const SCALAR: Size = {
  length: 0,
  nodes: 1,
  chars: 32,
  itemNodes: 0,
  itemChars: 0,
  widest: 0,
};

export const textSize = (chars: number): Size => ({ ...SCALAR, chars });

/** The size of one item of a value, whichever item it is. */
export const itemOf = (size: Size): Size => ({
  length: size.widest,
  nodes: size.itemNodes,
  chars: size.itemChars,
  itemNodes: size.itemNodes,
  itemChars: size.itemChars,
  widest: size.widest,
});

/** Sizes of a JSON value; once over `cap` values were seen the rest is not counted. */
export function measureJson(value: Json, cap: number): Size {
  if (typeof value === 'string') return textSize(value.length);
  if (value === null || typeof value !== 'object') return SCALAR;
  const count: Count = { nodes: 1, chars: 0, widest: 0, cap };
  const items = isJsonArray(value) ? value : Object.values(value);
  if (!isJsonArray(value)) for (const key of Object.keys(value)) count.chars += key.length;
  let itemNodes = 0;
  let itemChars = 0;
  for (const item of items) {
    if (count.nodes > cap) break;
    const { nodes, chars } = count;
    countInto(count, item);
    itemNodes = Math.max(itemNodes, count.nodes - nodes);
    itemChars = Math.max(itemChars, count.chars - chars);
  }
  const { nodes, chars, widest } = count;
  return {
    length: items.length,
    nodes: Math.max(nodes, items.length),
    chars,
    itemNodes,
    itemChars,
    widest,
  };
}

interface Count {
  nodes: number;
  chars: number;
  widest: number;
  readonly cap: number;
}

function countInto(count: Count, value: Json): void {
  const open: Json[] = [value];
  while (open.length > 0 && count.nodes <= count.cap) {
    const item = open.pop() as Json;
    count.nodes++;
    if (typeof item === 'string') count.chars += item.length;
    else if (isJsonArray(item)) openAll(open, count, item);
    else if (item !== null && typeof item === 'object') {
      for (const key of Object.keys(item)) count.chars += key.length;
      openAll(open, count, Object.values(item));
    }
  }
}

/** Puts items up for counting; of more than the cap only their number is counted. */
function openAll(open: Json[], count: Count, items: readonly Json[]): void {
  count.widest = Math.max(count.widest, items.length);
  if (items.length > count.cap) count.nodes += items.length;
  else for (const item of items) open.push(item);
}
