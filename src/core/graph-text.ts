/**
 * Compiling the texts of a definition (expressions, templates, durations) at their places.
 *
 * A text that does not compile is a problem and gives a stand-in, so that everything else is still
 * looked at; a plan with problems is never handed out.
 */
import type {
  Compiled,
  CompileOptions,
  DurationSource,
  Expression,
  ExpressionProblem,
  ExpressionRemark,
  Reference,
  Template,
} from '../model/expression.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';
import { parseDuration } from '../model/time.ts';
import { type Place, type PlanContext, report } from './graph-context.ts';
import { checkField } from './graph-fields.ts';
import { noteReads } from './graph-reads.ts';

/** What a compiler says of a secret where none may stand. */
const SECRETS_REFUSED = 'secrets are not allowed here';

export const hasTemplate = (text: string): boolean => text.includes('${{');

const noTemplate = (raw: Json): Template => ({
  raw,
  dynamic: false,
  references: [],
  secrets: [],
  remarks: [],
  compiled: null,
});

const noExpression = (source: string): Expression => ({
  source,
  engine: 'cel',
  references: [],
  remarks: [],
  compiled: null,
});

/**
 * A guard, branch, test or other whole expression; `engine` forces one (`jq`, `expr`, `cel`). Without
 * a place it reads an input of its own, nothing of the run.
 */
export function compileExpression(
  cx: PlanContext,
  place: Place | null,
  source: string,
  path: IssuePath,
  engine?: string,
): Expression {
  const prefix = engine === undefined ? '' : `${engine}: `;
  const compiled = cx.deps.compiler.expression(prefix + source, { stepIds: cx.visibleIds });
  if (!compiled.ok) {
    for (const problem of compiled.problems) {
      const hint = engine === undefined ? jqHint(source) : undefined;
      reportText(cx, path, { ...moved(problem, prefix.length), ...hint });
    }
    return noExpression(source);
  }
  for (const remark of compiled.value.remarks) reportRemark(cx, path, remark);
  if (place !== null) {
    noteReads(cx, place, compiled.value.references, () => path);
    checkFields(
      cx,
      place,
      compiled.value.references,
      () => path,
      () => source,
    );
    refuseSecretInputs(cx, compiled.value.references, () => path);
  }
  return compiled.value;
}

/** A filter of jq that does not say so: it begins with a dot, or pipes. */
function jqHint(source: string): { readonly hint: string } | undefined {
  const isFilter = /^\s*\[?\s*\.[\w[]?/.test(source) || /[^|]\|[^|]/.test(source);
  return isFilter
    ? { hint: `an expression is CEL; for jq write \`jq: ${source.trim()}\`` }
    : undefined;
}

/** Reads of fields that no output has. */
function checkFields(
  cx: PlanContext,
  place: Place,
  references: readonly Reference[],
  pathOf: (reference: Reference) => IssuePath,
  sourceOf: (reference: Reference) => string,
): void {
  for (const reference of references) {
    if (reference[0] !== 'steps' || reference.length < 3) continue;
    checkField(
      cx,
      place,
      reference,
      () => pathOf(reference),
      () => sourceOf(reference),
    );
  }
}

/** An input that carries a secret may be read only where a secret itself may stand. */
function refuseSecretInputs(
  cx: PlanContext,
  references: readonly Reference[],
  pathOf: (reference: Reference) => IssuePath | null,
): void {
  if (cx.secretInputs.size === 0) return;
  for (const reference of references) {
    const [root, name] = reference;
    if (root !== 'inputs' || name === undefined || !cx.secretInputs.has(name)) continue;
    const path = pathOf(reference);
    if (path === null) continue;
    report(cx, path, `inputs.${name} carries a secret, which may not stand here`, {
      hint: 'only parameters that hand a secret straight to its use take it (http, env, stdin, …)',
    });
  }
}

const moved = (problem: ExpressionProblem, by: number): ExpressionProblem =>
  problem.offset === null ? problem : { ...problem, offset: Math.max(0, problem.offset - by) };

function reportText(cx: PlanContext, path: IssuePath, problem: ExpressionProblem): void {
  const at =
    problem.offset === null || problem.offset === 0 ? '' : ` (at character ${problem.offset + 1})`;
  report(cx, path, `${problem.message}${at}`, { hint: problem.hint });
}

function reportRemark(cx: PlanContext, path: IssuePath, remark: ExpressionRemark): void {
  report(cx, path, remark.message, { hint: remark.hint, ...remark.kind });
}

export interface TemplateOptions {
  /** Whether a whole-value string may name an engine (`jq: …`). */
  readonly prefixes?: boolean;
  readonly secrets?: (pointer: IssuePath) => boolean;
  /** What to do about a secret that may not stand in a part of the value. */
  readonly secretHint?: (pointer: IssuePath) => string | undefined;
  /** Where a part of the value is written, when that is not below `path`. */
  readonly pathOf?: (pointer: IssuePath) => IssuePath;
}

/** Any JSON value with `${{ }}` in it. */
export function compileTemplate(
  cx: PlanContext,
  place: Place,
  value: Json,
  path: IssuePath,
  options: TemplateOptions = {},
): Template {
  const pathOf = options.pathOf ?? ((pointer: IssuePath) => [...path, ...pointer]);
  const compiled = compileValue(cx, value, options);
  if (!compiled.ok) {
    for (const problem of compiled.problems) {
      const hint =
        problem.message === SECRETS_REFUSED ? options.secretHint?.(problem.pointer) : undefined;
      const told = hint === undefined ? problem : { ...problem, hint, offset: null };
      reportText(cx, pathOf(problem.pointer), told);
    }
    return noTemplate(value);
  }
  for (const name of compiled.value.secrets) cx.secretNames.add(name);
  for (const remark of compiled.value.remarks) reportRemark(cx, pathOf(remark.pointer), remark);
  noteReads(cx, place, compiled.value.references, (reference) =>
    pathOf(pointerOfRead(cx, value, reference, options)),
  );
  checkFields(
    cx,
    place,
    compiled.value.references,
    (reference) => pathOf(pointerOfRead(cx, value, reference, options)),
    (reference) => JSON.stringify(at(value, pointerOfRead(cx, value, reference, options))),
  );
  refuseSecretInputs(cx, compiled.value.references, (reference) => {
    const pointer = pointerOfRead(cx, value, reference, options);
    return options.secrets?.(pointer) === true ? null : pathOf(pointer);
  });
  return compiled.value;
}

function compileValue(cx: PlanContext, value: Json, options: TemplateOptions): Compiled<Template> {
  const { prefixes = false, secrets } = options;
  const base: CompileOptions & { prefixes?: boolean } = { stepIds: cx.visibleIds, prefixes };
  return cx.deps.compiler.template(value, secrets === undefined ? base : { ...base, secrets });
}

/** Where in a value a reference is read: looked for only when there is something to say about it. */
function pointerOfRead(
  cx: PlanContext,
  value: Json,
  reference: Reference,
  options: TemplateOptions,
): IssuePath {
  const wanted = JSON.stringify(reference);
  const reads = (part: Json): boolean => {
    const compiled = compileValue(cx, part, { ...options, secrets: () => true });
    return compiled.ok && compiled.value.references.some((r) => JSON.stringify(r) === wanted);
  };
  const pointer: (string | number)[] = [];
  let at = value;
  for (;;) {
    const next = entriesOf(at).find(([, child]) => reads(child));
    if (next === undefined) return pointer;
    pointer.push(next[0]);
    at = next[1];
  }
}

const at = (value: Json, pointer: IssuePath): Json =>
  pointer.reduce<Json>(
    (inner, key) => (inner as Record<string | number, Json>)[key] ?? null,
    value,
  );

function entriesOf(value: Json): (readonly [string | number, Json])[] {
  if (isJsonArray(value)) return value.map((item, i) => [i, item] as const);
  return isJsonObject(value) ? Object.entries(value) : [];
}

/** A duration: milliseconds now, or a template that gives one later. */
export function compileDuration(
  cx: PlanContext,
  place: Place,
  value: Json,
  path: IssuePath,
): DurationSource {
  if (typeof value === 'string' && hasTemplate(value)) {
    return { kind: 'template', template: compileTemplate(cx, place, value, path) };
  }
  const parsed = parseDuration(value);
  if (parsed.ok) return { kind: 'ms', ms: parsed.ms };
  report(cx, path, parsed.message);
  return { kind: 'ms', ms: 0 };
}
