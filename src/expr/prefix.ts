/**
 * Expressions that name their engine: `cel: …`, `jq: …`, `expr: …`.
 */
import type { EngineName } from '../model/expression.ts';
import { type CompiledChoice, checkLength, compileChoice, type Problem } from './choice.ts';
import type { Engines } from './engines.ts';
import type { ExpressionLimits } from './limits.ts';
import type { Operand } from './operand.ts';

export interface PrefixContext {
  readonly engines: Engines;
  readonly limits: ExpressionLimits;
  readonly stepIds: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
}

export interface Prefix {
  readonly engine: Exclude<EngineName, 'path'>;
  /** Where the expression begins behind the prefix. */
  readonly offset: number;
}

const PREFIX = /^\s*(cel|jq|expr):\s*/;

/** The engine a string names at its beginning, or null. */
export function enginePrefix(text: string): Prefix | null {
  const match = PREFIX.exec(text);
  if (match === null) return null;
  return { engine: match[1] as Prefix['engine'], offset: match[0].length };
}

/** Compiles a string that begins with an engine prefix. */
export function compilePrefixed(text: string, context: PrefixContext): CompiledChoice {
  const prefix = enginePrefix(text);
  if (prefix === null) return bad({ offset: 0, message: 'no engine is named' });
  const source = text.slice(prefix.offset);
  const braces = source.indexOf('${{');
  if (braces >= 0) return bad(partBraces(source, prefix.offset + braces));
  if (prefix.engine === 'cel') {
    return compileChoice(source, prefix.offset, {
      ...context,
      cel: context.engines.cel,
      style: 'bare',
      secrets: false,
    });
  }
  if (source.trim() === '') {
    return bad({
      offset: prefix.offset,
      message: `there is no expression behind \`${prefix.engine}:\``,
    });
  }
  const tooLong = checkLength(source, context.limits);
  if (tooLong !== null) return bad({ offset: prefix.offset, message: tooLong });
  return engineChoice(source, prefix, context);
}

function engineChoice(source: string, prefix: Prefix, context: PrefixContext): CompiledChoice {
  const { engines, stepIds, roots } = context;
  let operand: Operand;
  if (prefix.engine === 'jq') {
    const compiled = engines.jq(source, stepIds);
    if (!compiled.ok) return bad(shifted(compiled.problem, prefix.offset));
    operand = { kind: 'jq', filter: compiled.filter };
    if (compiled.filter.references.some(([root]) => root === 'secrets')) {
      return bad({ offset: prefix.offset, message: 'secrets cannot be read by jq' });
    }
  } else {
    const compiled = engines.expr(source, stepIds, roots);
    if (!compiled.ok) return bad(shifted(compiled.problem, prefix.offset));
    operand = { kind: 'expr', unit: compiled.unit, stepIds: compiled.stepIds };
    if (compiled.unit.references.some((path) => path[0] === 'secrets')) {
      return bad({ offset: prefix.offset, message: 'secrets cannot be read by Expr' });
    }
  }
  return { ok: true, choice: { source, operands: [operand] } };
}

const bad = (problem: Problem): CompiledChoice => ({ ok: false, problem });

const shifted = (problem: Problem, by: number): Problem => ({
  ...problem,
  offset: problem.offset === null ? null : problem.offset + by,
});

/** The problem of a `${{ }}` inside an expression, which shows the expression without it. */
export function partBraces(source: string, offset: number): Problem {
  const without = source.replace(/\$\{\{\s*/g, '').replace(/\s*\}\}/g, '');
  return {
    offset,
    message: `\`\${{ }}\` may stand around a whole expression only, not around a part of it`,
    hint: `write: ${without.trim().slice(0, 200)}`,
  };
}
