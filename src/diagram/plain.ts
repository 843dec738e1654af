/**
 * Positions of nodes, and the reader of Graphviz's `plain` output that gives them.
 *
 * Node names are step paths. Only centres are kept: the drawer takes the order of boxes from them and
 * makes its own rows, columns and lines, so that any positions give a correct picture.
 */

export interface NodePosition {
  readonly x: number;
  /** Grows downwards, as rows do. */
  readonly y: number;
}

export interface PlainLayout {
  readonly positions: ReadonlyMap<string, NodePosition>;
}

/** The positions in a `plain` text; null when it is not one (no `graph` line or no `stop`). */
export function parsePlain(text: string): PlainLayout | null {
  const positions = new Map<string, NodePosition>();
  let height: number | null = null;
  let isWhole = false;
  for (const line of logicalLines(text)) {
    const words = wordsOf(line);
    if (words[0] === 'graph') height = Number(words[3]);
    if (words[0] === 'stop') isWhole = true;
    if (words[0] !== 'node' || height === null) continue;
    const [x, y] = [Number(words[2]), Number(words[3])];
    const name = words[1];
    // Graphviz counts y upwards from the bottom.
    if (name !== undefined && Number.isFinite(x + y)) positions.set(name, { x, y: height - y });
  }
  return isWhole && height !== null && Number.isFinite(height) ? { positions } : null;
}

/** Graphviz breaks long lines with a backslash at their end. */
const logicalLines = (text: string): string[] => text.replaceAll('\\\n', '').split('\n');

/** Words of a line; a quoted one may hold spaces, and `\"` for a quote. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    words.push(match[1]?.replaceAll(/\\(["\\])/g, '$1') ?? match[2] ?? '');
  }
  return words;
}
