/**
 * Compares what a case expects with what came of it: every difference as a sentence.
 *
 * Numbers compare by value and the order of keys does not matter; `include` means that what is named
 * is there, at any depth of objects.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { StepView } from '../../src/ops/shapes.ts';
import { type Case, EXPRESSION_STEP, type Expectation, expressionValue } from './case.ts';
import type { Outcome } from './run-case.ts';
import { bytesOf } from './stub-server.ts';

/** Differences between the expectations and the outcome; empty when there is none. */
export function differences(one: Case, outcome: Outcome): readonly string[] {
  const { expected } = outcome;
  return [
    ...ofRun(one, expected, outcome),
    ...ofOutputs(expected, outcome),
    ...ofStatuses(expected, outcome),
    ...ofFiles(expected),
    ...ofRequests(expected, outcome),
    ...ofTime(expected, outcome),
  ];
}

function ofRun(one: Case, expected: Expectation, outcome: Outcome): string[] {
  const { status, error } = outcome;
  const found: string[] = [];
  const wanted = expected.status ?? (Object.hasOwn(expected, 'value') ? 'completed' : status);
  if (status !== wanted) {
    const why = error === null ? '' : ` (${error.code}: ${error.message})`;
    found.push(`status is ${status}${why}, not ${wanted}`);
  }
  if (expected.error !== undefined && error === null) found.push('there is no error');
  if (isJsonObject(expected.error ?? null) && error !== null) {
    found.push(...missing('error', expected.error as JsonObject, error as unknown as Json));
  }
  if (Object.hasOwn(expected, 'value')) {
    const value = expressionValue(one, outcome.steps[EXPRESSION_STEP]?.output);
    if (!isSame(value, expected.value)) {
      found.push(`value is ${shown(value)}, not ${shown(expected.value)}`);
    }
  }
  return found;
}

function ofOutputs(expected: Expectation, { steps }: Outcome): string[] {
  const found: string[] = [];
  for (const [path, output] of Object.entries(expected.outputs ?? {})) {
    const actual = steps[path]?.output;
    if (!isSame(actual, output)) {
      found.push(`output of ${path} is ${shown(actual)}, not ${shown(output)}`);
    }
  }
  for (const [path, part] of Object.entries(expected.outputs_include ?? {})) {
    found.push(...missing(`output of ${path}`, part, steps[path]?.output));
  }
  for (const path of expected.no_output ?? []) {
    const actual = steps[path]?.output ?? null;
    if (actual !== null) found.push(`${path} has the output ${shown(actual)}`);
  }
  return found;
}

function ofStatuses(expected: Expectation, { steps }: Outcome): string[] {
  const found: string[] = [];
  for (const [path, status] of Object.entries(expected.steps ?? {})) {
    const actual = steps[path]?.status;
    if (actual !== status) found.push(`${path} is ${actual ?? 'not there'}, not ${status}`);
  }
  for (const path of expected.absent_steps ?? []) {
    if (hasRun(steps[path])) found.push(`${path} has run: ${steps[path]?.status}`);
  }
  return found;
}

const NEVER_RAN: ReadonlySet<string> = new Set(['pending', 'scheduled', 'skipped']);

const hasRun = (step: StepView | undefined): boolean =>
  step !== undefined && (!NEVER_RAN.has(step.status) || step.started_at !== undefined);

function ofFiles({ files = {}, absent_files = [] }: Expectation): string[] {
  const found: string[] = [];
  for (const [path, content] of Object.entries(files)) {
    if (!existsSync(path)) found.push(`there is no ${path}`);
    else if (!readFileSync(path).equals(bytesOf(content))) {
      found.push(`${path} holds ${shown(readFileSync(path, 'utf8'))}, not ${shown(content)}`);
    }
  }
  return [...found, ...absent_files.filter(existsSync).map((path) => `there is ${path}`)];
}

function ofRequests(expected: Expectation, { seen }: Outcome): string[] {
  const found: string[] = [];
  const { http_seen: wanted, http_hits: hits = {} } = expected;
  if (wanted !== undefined && wanted.length !== seen.length) {
    found.push(`${seen.length} requests were made, not ${wanted.length}`);
  }
  for (const [index, request] of (wanted ?? []).entries()) {
    const actual = seen[index] as unknown as Json | undefined;
    found.push(...missing(`request ${index}`, request as unknown as Json, actual));
  }
  for (const [path, count] of Object.entries(hits)) {
    const made = seen.filter((request) => request.path === path).length;
    if (made !== count) found.push(`${path} was asked ${made} times, not ${count}`);
  }
  return found;
}

function ofTime(expected: Expectation, { durationMs }: Outcome): string[] {
  const { duration_ms_at_least: least } = expected;
  // How long something may take depends on what else the machine does: TEST_TIMES=1 asks for it.
  const most = process.env.TEST_TIMES === undefined ? undefined : expected.duration_ms_at_most;
  const found: string[] = [];
  if (most !== undefined && durationMs > most) found.push(`took ${durationMs} ms, over ${most}`);
  if (least !== undefined && durationMs < least) {
    found.push(`took ${durationMs} ms, under ${least}`);
  }
  return found;
}

/** What of `part` is not in `whole`: objects by key, at any depth; the rest must be the same. */
function missing(where: string, part: Json, whole: Json | undefined): string[] {
  if (isJsonObject(part) && whole !== undefined && isJsonObject(whole)) {
    return Object.entries(part).flatMap(([key, below]) =>
      missing(`${where}.${key}`, below, whole[key]),
    );
  }
  return isSame(whole, part) ? [] : [`${where} is ${shown(whole)}, not ${shown(part)}`];
}

/** JSON equality; numbers by value, key order left aside. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (isJsonArray(a)) {
    return (
      isJsonArray(b) && a.length === b.length && a.every((item, index) => isSame(item, b[index]))
    );
  }
  if (isJsonArray(b) || !isJsonObject(a) || !isJsonObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
  );
}

const shown = (value: Json | undefined): string =>
  value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 400);
