/**
 * The compiled form of expressions and templates. Data only; opaque outside of `src/expr`.
 */
import type { ExpressionRemark, SecretRef } from '../model/expression.ts';
import type { Json } from '../model/json.ts';
import { bigLiteralRemark, type LiteralText } from './big-literal.ts';
import type { CelProgram } from './cel/program.ts';
import type { ExprUnit } from './expr-unit.ts';
import type { JqFilter } from './jq-filter.ts';
import type { Path } from './path.ts';

export type Operand =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'secret'; readonly ref: SecretRef }
  | { readonly kind: 'cel'; readonly program: CelProgram; readonly stepIds: readonly string[] }
  | { readonly kind: 'expr'; readonly unit: ExprUnit; readonly stepIds: readonly string[] }
  | { readonly kind: 'jq'; readonly filter: JqFilter };

/** `a ?? b ?? c`: the first that exists and is not null. Mostly one operand. */
export interface Choice {
  readonly source: string;
  readonly operands: readonly Operand[];
}

export interface TextNode {
  readonly kind: 'text';
  readonly parts: readonly (string | Choice)[];
  /** Whether a secret may stand here. */
  readonly secrets: boolean;
}

export interface EntryNode {
  readonly key: string | TextNode;
  readonly value: TemplateNode;
}

export type TemplateNode =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'whole'; readonly choice: Choice; readonly secrets: boolean }
  | TextNode
  | { readonly kind: 'list'; readonly items: readonly TemplateNode[] }
  | { readonly kind: 'object'; readonly entries: readonly EntryNode[] };

/** What an operand reads, for dependencies and visibility. */
export interface OperandReads {
  readonly references: readonly (readonly string[])[];
  readonly secret: string | null;
}

const NOTHING: OperandReads = { references: [], secret: null };

/** Constant paths and the secret that an operand reads. */
export function readsOfOperand(operand: Operand): OperandReads {
  switch (operand.kind) {
    case 'constant':
      return NOTHING;
    case 'path':
      return { references: [operand.path.segments], secret: null };
    case 'secret':
      return { references: [], secret: secretName(operand.ref) };
    case 'cel':
      return { references: operand.program.references, secret: null };
    case 'expr':
      return { references: operand.unit.references, secret: null };
    case 'jq':
      return { references: operand.filter.references, secret: null };
  }
}

function secretName(ref: SecretRef): string | null {
  const part = ref.parts[0];
  return typeof part === 'object' ? part.secret : null;
}

/** What whoever writes an operand is told of although it compiles. */
export function remarksOfOperand(operand: Operand): readonly ExpressionRemark[] {
  const big = bigLiteralOf(operand);
  return [
    ...(operand.kind === 'cel' ? operand.program.remarks : []),
    ...(big === null ? [] : [bigLiteralRemark(big)]),
  ];
}

function bigLiteralOf(operand: Operand): LiteralText | null {
  switch (operand.kind) {
    case 'cel':
      return operand.program.bigLiteral;
    case 'expr':
      return operand.unit.bigLiteral;
    case 'jq':
      return operand.filter.bigLiteral;
    default:
      return null;
  }
}
