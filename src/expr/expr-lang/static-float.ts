/**
 * Which nodes are floats whatever the data: in JavaScript 4.0 and 4 are the same number, so
 * `type(1.0)` and `8 / 2 % 2` are told apart by how the value is made.
 */
import type { Node } from './ast.ts';

const FLOAT_RESULTS = new Set(['float', 'ceil', 'floor', 'round', 'mean', 'median']);

/** True when every number this node can yield is a float. */
export function isStaticFloat(node: Node): boolean {
  switch (node.t) {
    case 'const':
    case 'var':
      return node.float;
    case 'unary':
      return node.op !== '!' && isStaticFloat(node.operand);
    case 'cond':
      return isStaticFloat(node.yes) && isStaticFloat(node.no);
    case 'seq': {
      const last = node.items.at(-1);
      return last !== undefined && isStaticFloat(last.value);
    }
    case 'builtin':
      return FLOAT_RESULTS.has(node.name);
    case 'binary':
      if (node.op === '/' || node.op === '**') return true;
      if (node.op !== '+' && node.op !== '-' && node.op !== '*') return false;
      return isStaticFloat(node.left) || isStaticFloat(node.right);
    default:
      return false;
  }
}
