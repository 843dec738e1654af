/**
 * Compiles what stands inside `${{ }}`, or a whole expression, into operands.
 *
 * Order of meaning: a path, else CEL, alternatives joined by `??`. In `${{ }}` names may hold dashes
 * after the first dot; in a bare expression `a-b` is a subtraction, except for visible step ids.
 */
import type { ExpressionProblem } from '../model/expression.ts';
import type { CelCache } from './engines.ts';
import { shortSource } from './failures.ts';
import { splitAlternatives } from './lexer.ts';
import type { ExpressionLimits } from './limits.ts';
import { listNames, rootHint } from './names.ts';
import type { Choice, Operand } from './operand.ts';
import { type Path, parsePath, rootName } from './path.ts';

export type Problem = Omit<ExpressionProblem, 'pointer'>;
export type CompiledChoice =
  | { readonly ok: true; readonly choice: Choice }
  | { readonly ok: false; readonly problem: Problem };

export interface ChoiceContext {
  readonly cel: CelCache;
  readonly limits: ExpressionLimits;
  readonly stepIds: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
  /** `braces`: inside `${{ }}`; `bare`: a whole expression in CEL. */
  readonly style: 'braces' | 'bare';
  /** Whether `secrets.NAME` may be read here. */
  readonly secrets: boolean;
}

const LITERAL_WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

/** Compiles a source that begins at `offset` of the string it stands in. */
export function compileChoice(
  source: string,
  offset: number,
  context: ChoiceContext,
): CompiledChoice {
  const tooLong = checkLength(source, context.limits);
  if (tooLong !== null) return bad(offset, tooLong);
  const operands: Operand[] = [];
  const parts = splitAlternatives(source);
  for (const part of parts) {
    const lead = part.source.length - part.source.trimStart().length;
    const at = offset + part.offset + lead;
    const text = part.source.trim();
    if (text === '') {
      const message =
        parts.length > 1 ? 'a value is missing beside `??`' : 'there is no expression';
      return bad(at, message);
    }
    const compiled = compileOperand(text, context);
    if (!('operand' in compiled)) return { ok: false, problem: moved(compiled, at) };
    operands.push(compiled.operand);
  }
  return { ok: true, choice: { source: source.trim(), operands } };
}

/** A message when a source is longer than allowed, else null. */
export function checkLength(source: string, limits: ExpressionLimits): string | null {
  const bytes = source.length > limits.maxSourceBytes ? source.length : Buffer.byteLength(source);
  if (bytes <= limits.maxSourceBytes) return null;
  return `the expression has ${bytes} bytes, more than the ${limits.maxSourceBytes} allowed`;
}

const bad = (offset: number | null, message: string): CompiledChoice => ({
  ok: false,
  problem: { offset, message },
});

const moved = (problem: Problem, by: number): Problem => ({
  ...problem,
  offset: problem.offset === null ? by : problem.offset + by,
});

type CompiledOperand = { readonly operand: Operand } | Problem;

function compileOperand(text: string, context: ChoiceContext): CompiledOperand {
  const parsed = parsePath(text, { dashes: context.style === 'braces' });
  if (parsed.kind === 'problem') return { offset: parsed.offset, message: parsed.message };
  if (parsed.kind === 'path') {
    const root = parsed.path.segments[0] as string;
    if (root === 'secrets') return secretOperand(parsed.path, context);
    if (context.roots.has(root)) return { operand: pathOperand(parsed.path.segments) };
    const isWord = parsed.path.segments.length === 1 && LITERAL_WORDS.has(root);
    if (!isWord) return unknownRoot(root, context.roots);
  }
  return celOperand(text, context);
}

const pathOperand = ([root, ...rest]: readonly string[]): Operand => ({
  kind: 'path',
  path: { segments: [rootName(root as string), ...rest] },
});

function secretOperand(path: Path, context: ChoiceContext): CompiledOperand {
  const [, name, ...rest] = path.segments;
  if (name === undefined || rest.length > 0) {
    return {
      offset: 0,
      message: 'a secret is read as `secrets.NAME`, nothing more and nothing less',
    };
  }
  if (!context.secrets) return SECRETS_REFUSED;
  return { operand: { kind: 'secret', ref: { at: '', parts: [{ secret: name }] } } };
}

const SECRETS_REFUSED: Problem = {
  offset: 0,
  message: 'secrets are not allowed here',
  hint: `only parameters that hand a secret straight to its use take \`\${{secrets.NAME}}\``,
};

function celOperand(text: string, context: ChoiceContext): CompiledOperand {
  const compiled = context.cel.compile(text, context.stepIds, context.roots);
  if (!compiled.ok) return compiled.problem;
  const { program, stepIds } = compiled;
  if (program.references.some(([root]) => root === 'secrets')) {
    return {
      offset: 0,
      message: 'secrets cannot be used in calculations',
      hint: `write \`\${{secrets.NAME}}\` alone or inside text`,
    };
  }
  if (program.constant !== undefined && program.bigLiteral === null) {
    return { operand: { kind: 'constant', value: program.constant } };
  }
  if (program.path !== null) return { operand: pathOperand(program.path) };
  return { operand: { kind: 'cel', program, stepIds } };
}

function unknownRoot(root: string, roots: ReadonlySet<string>): Problem {
  const names = [...roots];
  const hint = rootHint(root, names);
  const message = `unknown name "${shortSource(root)}"; ${listNames(names)}`;
  return hint === undefined ? { offset: 0, message } : { offset: 0, message, hint };
}
