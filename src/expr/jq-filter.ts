/**
 * A jq filter before it reaches the jq engine: checked, its dashed step ids made legal, and the
 * parts of its input it reads found by scanning tokens.
 *
 * The scan is conservative: a filter that may look at its whole input is given everything. What
 * only jq itself can tell (its grammar) is told when the filter runs.
 */
import type { LiteralText } from './big-literal.ts';
import { dashedIdAt } from './cel/source.ts';
import { jqReads } from './jq-reads.ts';
import { type JqToken, tokenizeJq } from './jq-tokens.ts';
import { EXPRESSION_ROOT_NAMES } from './names.ts';
import { rootName } from './path.ts';

export interface JqFilter {
  readonly source: string;
  /** The source with `.steps.a-b` written as `.steps["a-b"]`. */
  readonly text: string;
  /** Constant paths of its input, e.g. `["steps","fetch","output"]`. */
  readonly references: readonly (readonly string[])[];
  /** True when it may read its input as a whole. */
  readonly whole: boolean;
  /** True when it may call `now`. */
  readonly usesNow: boolean;
  /** The first whole number that is larger than those of JSON. */
  readonly bigLiteral: LiteralText | null;
}

export type CheckedJq =
  | { readonly ok: true; readonly filter: JqFilter }
  | {
      readonly ok: false;
      readonly offset: number;
      readonly message: string;
      readonly hint?: string;
    };

/** Checks a filter and finds what it reads; problems are those that need no jq to be seen. */
export function checkJqFilter(source: string, stepIds: ReadonlySet<string>): CheckedJq {
  const scan = tokenizeJq(source);
  if (!scan.ok) return scan;
  if (scan.tokens.length === 0) return { ok: false, offset: 0, message: 'the jq filter is empty' };
  const unbalanced = findUnbalanced(scan.tokens);
  if (unbalanced !== null) return unbalanced;
  const { forbidden } = jqReads(scan.tokens);
  if (forbidden !== null) {
    return {
      ok: false,
      offset: forbidden.at,
      message: `jq's \`${forbidden.text}\` cannot be used here`,
      hint: 'a filter sees its one input only: no further inputs, files, modules or messages',
    };
  }
  const text = quoteDashedIds(source, scan.tokens, stepIds);
  const rewritten = text === source ? scan : tokenizeJq(text);
  if (!rewritten.ok) return rewritten;
  const usesNow = scan.tokens.some((token) => token.kind === 'name' && token.text === 'now');
  const { references, whole } = jqReads(rewritten.tokens);
  const known = references.filter((path) => EXPRESSION_ROOT_NAMES.has(path[0] as string));
  const named = known.map(([root, ...rest]) => [rootName(root as string), ...rest]);
  const bigLiteral = findBigLiteral(scan.tokens);
  return { ok: true, filter: { source, text, usesNow, bigLiteral, whole, references: named } };
}

function findBigLiteral(tokens: readonly JqToken[]): LiteralText | null {
  const found = tokens.find(
    ({ kind, text }) => kind === 'number' && /^\d+$/.test(text) && !Number.isSafeInteger(+text),
  );
  return found === undefined ? null : { text: found.text, offset: found.at };
}

const CLOSER: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '\\(': ')' };

function findUnbalanced(tokens: readonly JqToken[]): CheckedJq | null {
  const open: JqToken[] = [];
  for (const token of tokens) {
    if (token.kind !== 'punctuation') continue;
    if (CLOSER[token.text] !== undefined) open.push(token);
    if (!')]}'.includes(token.text)) continue;
    const last = open.pop();
    if (last !== undefined && CLOSER[last.text] === token.text) continue;
    return { ok: false, offset: token.at, message: `\`${token.text}\` closes nothing` };
  }
  const left = open.pop();
  if (left === undefined) return null;
  return { ok: false, offset: left.at, message: `\`${left.text}\` is not closed` };
}

/** Rewrites `.steps.<id with dashes>` for ids that are visible. */
function quoteDashedIds(
  source: string,
  tokens: readonly JqToken[],
  stepIds: ReadonlySet<string>,
): string {
  let text = '';
  let done = 0;
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (token.kind !== 'field' || token.text !== 'steps' || next?.kind !== 'field') continue;
    const nameAt = next.at + 1;
    const id = dashedIdAt(source, nameAt, stepIds);
    if (id === null || nameAt < done) continue;
    text += `${source.slice(done, next.at)}[${JSON.stringify(id)}]`;
    done = nameAt + id.length;
  }
  return text + source.slice(done);
}
