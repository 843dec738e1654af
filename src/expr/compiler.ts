/**
 * The port `ExpressionCompiler`: expressions and templates compiled once, all problems as values.
 *
 * Pure; what the engines compile is kept in bounded caches by source.
 */
import type {
  Compiled,
  CompileOptions,
  EngineName,
  Expression,
  ExpressionCompiler,
  ExpressionProblem,
  Reference,
  Template,
  TemplateRemark,
} from '../model/expression.ts';
import type { Json } from '../model/json.ts';
import { type CompiledChoice, compileChoice } from './choice.ts';
import { createEngines, type Engines } from './engines.ts';
import { splitText } from './lexer.ts';
import { DEFAULT_EXPRESSION_LIMITS, type ExpressionLimits } from './limits.ts';
import { EXPRESSION_ROOT_NAMES } from './names.ts';
import { type Choice, type Operand, readsOfOperand, remarksOfOperand } from './operand.ts';
import { compilePrefixed, enginePrefix, partBraces } from './prefix.ts';
import { compileNode, type TemplateContext } from './template.ts';

/** A compiler of expressions and templates; `limits` replaces single defaults. */
export function createExpressionCompiler(
  limits: Partial<ExpressionLimits> = {},
): ExpressionCompiler {
  const bounds = { ...DEFAULT_EXPRESSION_LIMITS, ...limits };
  const engines = createEngines(bounds);
  return {
    expression(source, options) {
      const compiled = compileWhole(source, options, engines, bounds);
      if (!compiled.ok) return { ok: false, problems: [{ pointer: [], ...compiled.problem }] };
      return { ok: true, value: expressionOf(source, compiled.choice) };
    },
    template: (value, options) => compileTemplate(value, options, engines, bounds),
  };
}

function compileWhole(
  source: string,
  options: CompileOptions,
  engines: Engines,
  limits: ExpressionLimits,
): CompiledChoice {
  const { stepIds } = options;
  const context = { engines, limits, stepIds, roots: EXPRESSION_ROOT_NAMES };
  if (enginePrefix(source) !== null) return compilePrefixed(source, context);
  const choice = { ...context, cel: engines.cel, secrets: false };
  const open = source.indexOf('${{');
  if (open < 0) return compileChoice(source, 0, { ...choice, style: 'bare' });
  const split = splitText(source.trim());
  if (!split.ok) {
    return { ok: false, problem: { offset: open, message: split.message } };
  }
  const [only, ...others] = split.parts;
  if (typeof only !== 'object' || others.length > 0) {
    return { ok: false, problem: partBraces(source, open) };
  }
  const lead = source.length - source.trimStart().length;
  return compileChoice(only.source, lead + only.offset, { ...choice, style: 'braces' });
}

function expressionOf(source: string, choice: Choice): Expression {
  const engine: EngineName = engineOf(choice.operands);
  const { operands } = choice;
  const remarks = operands.flatMap(remarksOfOperand);
  return { source, engine, references: referencesOf(operands), remarks, compiled: choice };
}

function engineOf(operands: readonly Operand[]): EngineName {
  for (const { kind } of operands) {
    if (kind === 'cel' || kind === 'jq' || kind === 'expr') return kind;
  }
  return operands.some(({ kind }) => kind === 'path') ? 'path' : 'cel';
}

function compileTemplate(
  raw: Json,
  options: CompileOptions & { readonly prefixes?: boolean },
  engines: Engines,
  limits: ExpressionLimits,
): Compiled<Template> {
  const problems: ExpressionProblem[] = [];
  const operands: Operand[] = [];
  const remarks: TemplateRemark[] = [];
  const context: TemplateContext = { engines, limits, options, problems, operands, remarks };
  const compiled = compileNode(raw, [], context);
  if (problems.length > 0) return { ok: false, problems };
  const dynamic = compiled.kind !== 'constant' || compiled.value !== raw;
  return {
    ok: true,
    value: {
      raw,
      dynamic,
      references: referencesOf(operands),
      secrets: secretsOf(operands),
      remarks,
      compiled,
    },
  };
}

function referencesOf(operands: readonly Operand[]): Reference[] {
  const seen = new Map<string, Reference>();
  for (const operand of operands) {
    for (const path of readsOfOperand(operand).references) seen.set(JSON.stringify(path), path);
  }
  return [...seen.values()];
}

function secretsOf(operands: readonly Operand[]): string[] {
  const names = operands.map((operand) => readsOfOperand(operand).secret);
  return [...new Set(names.filter((name) => name !== null))];
}
