/**
 * What a webhook's body says: a template over the message, compiled once, tried out at once on a sample
 * of each kind that the channel is told.
 *
 * JSON is built as a value and written as JSON afterwards, so no text can break out of its place.
 */

import type { ExpressionCompiler, ExpressionEvaluator, Scope } from '../model/expression.ts';
import { formatIssuePath } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import type { NoticeKind } from '../model/notice.ts';
import { PAYLOAD_NAMES, samplePayload } from './payload.ts';

interface RenderedBody {
  readonly text: string;
  readonly contentType: string;
}

type Rendered =
  | { readonly ok: true; readonly body: RenderedBody }
  | { readonly ok: false; readonly error: string };

export interface Body {
  /** The body of a message; `nowMs` is what `workflow.now` would be: nothing here reads it. */
  render(message: JsonObject): Rendered;
}

export type CompiledBody =
  | { readonly ok: true; readonly body: Body }
  /** `path` leads into the body: `.blocks[0].text`. */
  | {
      readonly ok: false;
      readonly problems: readonly { readonly path: string; readonly message: string }[];
    };

export interface Expressions {
  readonly compiler: ExpressionCompiler;
  readonly evaluator: ExpressionEvaluator;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const NAMES: ReadonlySet<string> = new Set(PAYLOAD_NAMES);
const NO_STEPS: ReadonlySet<string> = new Set();
const NO_ANSWERS = { get: () => undefined };

/** The body that a channel asks for; null asks for the whole message. */
export function compileBody(
  { compiler, evaluator }: Expressions,
  written: Json,
  kinds: readonly NoticeKind[],
): CompiledBody {
  if (written === null) return { ok: true, body: { render: (message) => ok(message, false) } };
  const compiled = compiler.template(written, { stepIds: NO_STEPS, roots: NAMES });
  if (!compiled.ok) {
    const problems = compiled.problems.map(({ pointer, message, hint }) => ({
      path: pathOf(pointer),
      message: hint === undefined ? message : `${message} (${hint})`,
    }));
    return { ok: false, problems };
  }
  const isText = typeof written === 'string';
  const render = (message: JsonObject): Rendered => {
    const evaluated = evaluator.template(compiled.value, scopeOf(message), NO_ANSWERS);
    if (evaluated.kind === 'value') return ok(evaluated.value, isText);
    const error =
      evaluated.kind === 'failure' ? evaluated.error.message : 'the calculation is too dear here';
    return { ok: false, error };
  };
  const problems = [...kinds, 'test' as const].flatMap((kind) => {
    const tried = render(samplePayload(kind));
    return tried.ok ? [] : [{ path: '', message: `for "${kind}": ${tried.error}` }];
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, body: { render } };
}

function ok(value: Json, isText: boolean): Rendered {
  if (isText && typeof value === 'string') {
    return { ok: true, body: { text: value, contentType: TEXT_TYPE } };
  }
  return { ok: true, body: { text: printJson(value), contentType: JSON_TYPE } };
}

function pathOf(pointer: readonly (string | number)[]): string {
  const path = formatIssuePath(pointer);
  return path === '' || path.startsWith('[') ? path : `.${path}`;
}

function scopeOf(message: JsonObject): Scope {
  return {
    step: () => undefined,
    whyHidden: () => null,
    stepIds: () => [],
    value: (name) => (isJsonObject(message) ? ownValue(message, name) : undefined),
    names: () => PAYLOAD_NAMES,
    inputSecrets: () => [],
    nowMs: 0,
  };
}
