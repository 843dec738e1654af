/** Finds ints of a source that are larger than the whole numbers of JSON. */
import { childrenOf, type Node } from './ast.ts';

/** A literal as it is written, and where. */
export interface LiteralText {
  readonly text: string;
  readonly offset: number;
}

const DIGITS = /0[xXoObB][0-9a-fA-F_]+|[0-9][0-9_]*/y;

/** The first int literal beyond ±(2^53 − 1), null when there is none. */
export function findBigLiteral(source: string, root: Node): LiteralText | null {
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.t === 'const' && !node.float && isBig(node.value)) {
      DIGITS.lastIndex = node.at;
      return { text: DIGITS.exec(source)?.[0] ?? String(node.value), offset: node.at };
    }
    open.push(...childrenOf(node).toReversed());
  }
  return null;
}

const isBig = (value: unknown): boolean =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isSafeInteger(value));
