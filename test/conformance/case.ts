/**
 * The behaviour cases as data: what a case file holds, and the definition that a case stands for.
 *
 * Format: README.md in this folder. Nothing is run here.
 */
import { readFileSync } from 'node:fs';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';

export interface StubRoute {
  readonly path: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delay_ms?: number;
}

/** One request as the stub server saw it; a case names only the parts it cares for. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content_type: string | null;
  readonly json: Json | null;
  readonly body: string;
}

export interface Expectation {
  readonly status?: string;
  /** Of an `expression` case. */
  readonly value?: Json;
  readonly outputs?: JsonObject;
  readonly outputs_include?: JsonObject;
  readonly no_output?: readonly string[];
  readonly steps?: Readonly<Record<string, string>>;
  readonly absent_steps?: readonly string[];
  readonly error?: true | JsonObject;
  readonly files?: Readonly<Record<string, string>>;
  readonly absent_files?: readonly string[];
  readonly http_seen?: readonly Partial<SeenRequest>[];
  readonly http_hits?: Readonly<Record<string, number>>;
  readonly duration_ms_at_most?: number;
  readonly duration_ms_at_least?: number;
}

type Engine = 'cel' | 'expr' | 'jq';

export interface Case {
  readonly id: string;
  readonly area: string;
  readonly title: string;
  readonly definition?: Json;
  readonly expression?: string;
  readonly engine?: Engine;
  readonly inputs?: Json;
  readonly fixture?: {
    readonly http?: readonly StubRoute[];
    readonly files?: Readonly<Record<string, string>>;
  };
  readonly requires?: readonly string[];
  readonly expect: Expectation;
}

const EXPECTATIONS: ReadonlySet<string> = new Set([
  'status',
  'value',
  'outputs',
  'outputs_include',
  'no_output',
  'steps',
  'absent_steps',
  'error',
  'files',
  'absent_files',
  'http_seen',
  'http_hits',
  'duration_ms_at_most',
  'duration_ms_at_least',
]);

/** The cases of a file beside this one. @throws for an expectation that nothing here would check */
export function readCases(file: string): readonly Case[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const cases = JSON.parse(text) as readonly Case[];
  const ids = new Set<string>();
  for (const one of cases) {
    const unknown = Object.keys(one.expect).filter((key) => !EXPECTATIONS.has(key));
    if (unknown.length > 0) throw new Error(`${one.id}: unknown expectation ${unknown.join(', ')}`);
    if (ids.has(one.id)) throw new Error(`${one.id}: written twice`);
    ids.add(one.id);
  }
  return cases;
}

/** The one step of an `expression` case. */
export const EXPRESSION_STEP = 'x';

/** What is run: the case's own definition, or its expression as the only step of one. */
export function definitionOf(one: Case): Json {
  if (one.expression === undefined) return one.definition ?? null;
  return { steps: [{ id: EXPRESSION_STEP, ...expressionStep(one, one.expression) }] };
}

function expressionStep({ engine, inputs }: Case, expression: string): JsonObject {
  if (engine === 'cel') return { type: 'condition', config: { expression, branches: {} } };
  if (engine === 'expr') return { action: 'expr.eval', params: { expression } };
  return { action: 'jq', params: { filter: expression, input: inputs ?? null } };
}

/** The value of an `expression` case from the output of its step. */
export function expressionValue({ engine }: Case, output: Json | undefined): Json | undefined {
  if (output === undefined || !isJsonObject(output)) return undefined;
  if (engine === 'cel') return output.branch;
  if (engine === 'expr') return output.result;
  const { results } = output;
  if (!Array.isArray(results)) return output.result;
  return results.length > 1 ? (results as Json) : ((results[0] as Json | undefined) ?? null);
}
