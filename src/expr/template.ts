/**
 * Compiles JSON with `${{ }}` at any depth, in values and keys, into a tree of template nodes.
 *
 * Parts without `${{ }}` stay the very values as written. A string that is exactly one `${{ }}`
 * keeps the type of its value; a whole-value string may name an engine (`jq: …`) where allowed.
 */
import type { CompileOptions, ExpressionProblem, TemplateRemark } from '../model/expression.ts';
import { isJsonArray, type Json, type JsonObject } from '../model/json.ts';
import { type ChoiceContext, compileChoice, type Problem } from './choice.ts';
import type { Engines } from './engines.ts';
import { hasInterpolation, splitText, type TextPart } from './lexer.ts';
import type { ExpressionLimits } from './limits.ts';
import { ROOT_NAMES } from './names.ts';
import {
  type Choice,
  type EntryNode,
  type Operand,
  remarksOfOperand,
  type TemplateNode,
  type TextNode,
} from './operand.ts';
import { compilePrefixed, enginePrefix } from './prefix.ts';

type Pointer = readonly (string | number)[];

export interface TemplateContext {
  readonly engines: Engines;
  readonly limits: ExpressionLimits;
  readonly options: CompileOptions & { readonly prefixes?: boolean };
  readonly problems: ExpressionProblem[];
  /** Every operand in order, for references and secrets. */
  readonly operands: Operand[];
  readonly remarks: TemplateRemark[];
}

/** The node of a value; problems are collected in the context. */
export function compileNode(value: Json, pointer: Pointer, context: TemplateContext): TemplateNode {
  if (typeof value === 'string') return compileString(value, pointer, context);
  if (value === null || typeof value !== 'object') return { kind: 'constant', value };
  if (pointer.length >= context.limits.maxTemplateDepth) {
    report(context, pointer, {
      offset: null,
      message: `the value nests deeper than ${context.limits.maxTemplateDepth} levels`,
    });
    return { kind: 'constant', value };
  }
  return isJsonArray(value)
    ? compileList(value, pointer, context)
    : compileObject(value as JsonObject, pointer, context);
}

function compileList(
  value: readonly Json[],
  pointer: Pointer,
  context: TemplateContext,
): TemplateNode {
  const items = value.map((item, i) => compileNode(item, [...pointer, i], context));
  const constant = items.every((item) => item.kind === 'constant');
  return constant && items.every((item, i) => isSame(item, value[i]))
    ? { kind: 'constant', value }
    : { kind: 'list', items };
}

function compileObject(
  value: JsonObject,
  pointer: Pointer,
  context: TemplateContext,
): TemplateNode {
  const entries: EntryNode[] = Object.keys(value).map((key) => {
    const inner = [...pointer, key];
    return {
      key: compileKey(key, inner, context),
      value: compileNode(value[key] as Json, inner, context),
    };
  });
  const constant = entries.every(
    (entry) => typeof entry.key === 'string' && Object.hasOwn(value, entry.key),
  );
  return constant && entries.every((entry) => isSame(entry.value, value[entry.key as string]))
    ? { kind: 'constant', value }
    : { kind: 'object', entries };
}

/** True when the node is the value as written, so that nothing needs building. */
const isSame = (node: TemplateNode, value: Json | undefined): boolean =>
  node.kind === 'constant' && node.value === value;

function compileKey(key: string, pointer: Pointer, context: TemplateContext): string | TextNode {
  if (!hasInterpolation(key)) return key;
  const parts = compileParts(key, pointer, false, context);
  if (parts === null) return key;
  const [first] = parts;
  if (parts.length === 1 && typeof first === 'string') return first;
  return { kind: 'text', parts, secrets: false };
}

function compileString(text: string, pointer: Pointer, context: TemplateContext): TemplateNode {
  const prefix = context.options.prefixes === true ? enginePrefix(text) : null;
  if (prefix !== null) return compileEngineString(text, pointer, context);
  if (!hasInterpolation(text)) return { kind: 'constant', value: text };
  const secrets = context.options.secrets?.(pointer) ?? false;
  const parts = compileParts(text, pointer, secrets, context);
  if (parts === null) return { kind: 'constant', value: text };
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    return typeof first === 'string'
      ? { kind: 'constant', value: first }
      : { kind: 'whole', choice: first, secrets };
  }
  return { kind: 'text', parts, secrets };
}

function compileEngineString(
  text: string,
  pointer: Pointer,
  context: TemplateContext,
): TemplateNode {
  const compiled = compilePrefixed(text, {
    engines: context.engines,
    limits: context.limits,
    stepIds: context.options.stepIds,
    roots: context.options.roots ?? ROOT_NAMES,
  });
  if (!compiled.ok) {
    report(context, pointer, compiled.problem);
    return { kind: 'constant', value: text };
  }
  keepOperands(context, pointer, compiled.choice.operands);
  return { kind: 'whole', choice: compiled.choice, secrets: false };
}

/** Literal texts and compiled choices, or null when something is wrong with the string. */
function compileParts(
  text: string,
  pointer: Pointer,
  secrets: boolean,
  context: TemplateContext,
): (string | Choice)[] | null {
  const split = splitText(text);
  if (!split.ok) {
    report(context, pointer, { offset: split.offset, message: split.message });
    return null;
  }
  const choiceContext: ChoiceContext = {
    cel: context.engines.cel,
    limits: context.limits,
    stepIds: context.options.stepIds,
    roots: context.options.roots ?? ROOT_NAMES,
    style: 'braces',
    secrets,
  };
  const parts = split.parts.map((part) => compilePart(part, pointer, choiceContext, context));
  return parts.includes(null) ? null : (parts as (string | Choice)[]);
}

function compilePart(
  part: TextPart,
  pointer: Pointer,
  choiceContext: ChoiceContext,
  context: TemplateContext,
): string | Choice | null {
  if (typeof part === 'string') return part;
  const compiled = compileChoice(part.source, part.offset, choiceContext);
  if (!compiled.ok) {
    report(context, pointer, compiled.problem);
    return null;
  }
  keepOperands(context, pointer, compiled.choice.operands);
  return compiled.choice;
}

function keepOperands(
  { operands, remarks }: TemplateContext,
  pointer: Pointer,
  found: readonly Operand[],
): void {
  operands.push(...found);
  for (const remark of found.flatMap(remarksOfOperand)) remarks.push({ pointer, ...remark });
}

function report(context: TemplateContext, pointer: Pointer, problem: Problem): void {
  context.problems.push({ pointer, ...problem });
}
