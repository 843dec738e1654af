/**
 * Where each value of a text stands, so that an issue's path leads to a line and a column.
 */
import type { Issue } from '../model/issue.ts';
import { parseIssuePath } from './issues.ts';

/** A value's place in the text: offset of the value, and of its key when it has one. */
export interface PositionNode {
  readonly value: number;
  readonly key: number | null;
  readonly children: ReadonlyMap<string | number, PositionNode> | null;
}

export interface LineColumn {
  /** Both from 1; columns count UTF-16 units. */
  readonly line: number;
  readonly column: number;
}

export type Locate = (path: string) => LineColumn | null;

/** Finds the place of a path, or of the nearest value around it. */
export function createLocate(text: string, root: PositionNode | null): Locate {
  const lineOf = createLineIndex(text);
  return (path) => {
    if (root === null) return null;
    let node = root;
    for (const part of parseIssuePath(path)) {
      const next = node.children?.get(part) ?? node.children?.get(String(part));
      if (next === undefined) break;
      node = next;
    }
    return lineOf(node.children === null ? node.value : (node.key ?? node.value));
  };
}

/** Line and column of an offset. */
export function createLineIndex(text: string): (offset: number) => LineColumn {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** An issue with its place in the file, when it has none yet. */
export function located(issue: Issue, locate: Locate): Issue {
  if (issue.line !== undefined) return issue;
  const place = locate(issue.path);
  return place === null ? issue : { ...issue, ...place };
}
