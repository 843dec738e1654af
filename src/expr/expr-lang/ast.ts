/**
 * The syntax tree of the Expr language, as plain data. `at` is the offset in the source that an
 * error about the node points to.
 *
 * A variable is a slot: every `let` of a source has its own, because nothing in the language can
 * be entered twice at once.
 */

export type BinaryOperator =
  | '||'
  | '&&'
  | '??'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'matches'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | '..'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '**';

export type UnaryOperator = '!' | '-' | '+';
type Pointer = 'item' | 'index' | 'acc';

export type Node =
  | { readonly t: 'const'; readonly at: number; readonly value: unknown; readonly float: boolean }
  | { readonly t: 'root'; readonly at: number; readonly name: string }
  | { readonly t: 'env'; readonly at: number }
  | { readonly t: 'var'; readonly at: number; readonly slot: number; readonly float: boolean }
  | { readonly t: 'pointer'; readonly at: number; readonly what: Pointer }
  | MemberNode
  | SliceNode
  | MethodNode
  | { readonly t: 'chain'; readonly at: number; readonly body: Node }
  | {
      readonly t: 'unary';
      readonly at: number;
      readonly op: UnaryOperator;
      readonly operand: Node;
    }
  | BinaryNode
  | CompareNode
  | {
      readonly t: 'cond';
      readonly at: number;
      readonly test: Node;
      readonly yes: Node;
      readonly no: Node;
    }
  | { readonly t: 'seq'; readonly at: number; readonly items: readonly SequenceItem[] }
  | { readonly t: 'list'; readonly at: number; readonly items: readonly Node[] }
  | { readonly t: 'map'; readonly at: number; readonly entries: readonly (readonly [Node, Node])[] }
  | BuiltinNode;

/** `a.b`, `a["b"]`, `a[0]`; optional with `?.`. */
export interface MemberNode {
  readonly t: 'member';
  readonly at: number;
  readonly object: Node;
  readonly key: Node;
  readonly optional: boolean;
}

export interface SliceNode {
  readonly t: 'slice';
  readonly at: number;
  readonly object: Node;
  readonly from: Node | null;
  readonly to: Node | null;
  readonly optional: boolean;
}

export interface MethodNode {
  readonly t: 'method';
  readonly at: number;
  readonly object: Node;
  readonly name: string;
  readonly args: readonly Node[];
  readonly optional: boolean;
}

export interface BinaryNode {
  readonly t: 'binary';
  readonly at: number;
  readonly op: BinaryOperator;
  readonly left: Node;
  readonly right: Node;
}

/** `a < b <= c`: every operand is evaluated once, at most up to the first false. */
export interface CompareNode {
  readonly t: 'compare';
  readonly at: number;
  readonly first: Node;
  readonly rest: readonly { readonly op: BinaryOperator; readonly right: Node }[];
}

export interface BuiltinNode {
  readonly t: 'builtin';
  readonly at: number;
  readonly name: string;
  readonly args: readonly Node[];
  readonly closure: Node | null;
}

/** One part of `a; let x = b; c`. `slot` is -1 when the value is dropped. */
export interface SequenceItem {
  readonly slot: number;
  readonly value: Node;
}

/** The nodes directly under a node, in the order they are evaluated. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.t) {
    case 'const':
    case 'root':
    case 'env':
    case 'var':
    case 'pointer':
      return [];
    case 'member':
      return [node.object, node.key];
    case 'slice':
      return [node.object, node.from, node.to].filter((part) => part !== null);
    case 'method':
      return [node.object, ...node.args];
    case 'chain':
      return [node.body];
    case 'unary':
      return [node.operand];
    case 'binary':
      return [node.left, node.right];
    case 'compare':
      return [node.first, ...node.rest.map((part) => part.right)];
    case 'cond':
      return [node.test, node.yes, node.no];
    case 'seq':
      return node.items.map((item) => item.value);
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flat();
    case 'builtin':
      return node.closure === null ? node.args : [...node.args, node.closure];
  }
}
