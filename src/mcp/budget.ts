/**
 * Keeps an answer within a number of bytes, by cutting what is least missed first: finished sub-steps,
 * long outputs, finished steps, old events, and only then anything long. Whatever was cut is named in
 * `omitted`; a value that was cut says how long it is, how it begins and how to get it.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { isDone } from './run-answer.ts';

/** Bytes of an answer when the caller gives no other number. */
export const DEFAULT_MAX_BYTES = 8192;
/** What a caller may ask for at least and at most. */
export const LEAST_BYTES = 1024;
export const MOST_BYTES = 1024 * 1024;

/** Values up to this many bytes are never cut on their own. */
const KEPT_BYTES = 512;
const PREVIEW_CHARS = 160;
/** Room for `omitted` and for what is added after cutting. */
const RESERVE_BYTES = 160;
const FEWEST_EVENTS = 5;
const FEWEST_ITEMS = 3;

export interface Budget {
  readonly maxBytes: number;
  /** The call that gives one step whole, null when the answer is about no run. */
  readonly getStep: ((path: string) => JsonObject) | null;
}

type Answer = Record<string, Json>;
/** Cuts in place; says what it cut, null when there was nothing. */
type Cut = (answer: Answer, budget: Budget) => string | null;

const CUTS: readonly Cut[] = [
  (answer) => dropSteps(answer, 'finished sub-steps', (path, step) => isSub(path) && isDone(step)),
  cutOutputs,
  (answer) => dropSteps(answer, 'finished steps', (_path, step) => isDone(step)),
  (answer) => dropSteps(answer, 'steps not begun', (_path, step) => isPending(step)),
  cutEvents,
  cutLongValues,
  cutLists,
  cutRest,
];

/** The answer, or a shorter one that fits. */
export function withinBudget(answer: JsonObject, budget: Budget): JsonObject {
  if (bytesOf(answer) <= budget.maxBytes) return answer;
  const shorter: Answer = structuredClone(answer) as Answer;
  const omitted: string[] = [];
  for (const cut of CUTS) {
    const what = cut(shorter, budget);
    if (what !== null) omitted.push(what);
    if (bytesOf(shorter) + RESERVE_BYTES <= budget.maxBytes) break;
  }
  return { ...shorter, omitted };
}

export const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value));

/** Stands for a value that is too long. */
function truncated(value: Json, get: JsonObject | null): JsonObject {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const preview = text.slice(0, PREVIEW_CHARS).toWellFormed();
  return { $truncated: bytesOf(value), preview, ...(get === null ? {} : { get }) };
}

const isSub = (path: string): boolean => path.includes('.');
const isPending = (step: Json): boolean => isJsonObject(step) && step.status === 'pending';

function dropSteps(
  answer: Answer,
  what: string,
  isWanted: (path: string, step: Json) => boolean,
): string | null {
  const { steps } = answer;
  if (!isJsonObject(steps)) return null;
  const kept: Record<string, Json> = {};
  let count = 0;
  for (const [path, step] of Object.entries(steps)) {
    if (isWanted(path, step)) count += 1;
    else setOwn(kept, path, step);
  }
  answer.steps = kept;
  return count === 0 ? null : `${count} ${what}`;
}

/** Outputs of finished steps, of the run, and what decisions carry along. */
function cutOutputs(answer: Answer, { getStep }: Budget): string | null {
  let count = 0;
  const shortened: Shorten = (value, get) => {
    if (bytesOf(value) <= KEPT_BYTES) return value;
    count += 1;
    return truncated(value, get);
  };
  for (const [path, step] of Object.entries(objectOf(answer.steps))) {
    if (!isDone(step) || !isJsonObject(step) || step.output === undefined) continue;
    setOwn(step as Answer, 'output', shortened(step.output, getStep?.(path) ?? null));
  }
  if (answer.output !== undefined) answer.output = shortened(answer.output, null);
  shortenAll(answer.context, shortened);
  shortenAll(answer.input, shortened);
  for (const decision of listOf(answer.pending_decisions).map(objectOf)) {
    shortenAll(decision.data, shortened);
    for (const values of Object.values(objectOf(decision.context))) shortenAll(values, shortened);
  }
  return count === 0 ? null : `${count} long values`;
}

type Shorten = (value: Json, get: JsonObject | null) => Json;

function shortenAll(values: Json | undefined, shortened: Shorten): void {
  const target = objectOf(values) as Answer;
  for (const [key, value] of Object.entries(target)) setOwn(target, key, shortened(value, null));
}

const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const listOf = (value: Json | undefined): readonly Json[] => (isJsonArray(value) ? value : []);

function cutEvents(answer: Answer): string | null {
  const events = answer.events;
  if (events === undefined || !isJsonArray(events) || events.length <= FEWEST_EVENTS) return null;
  answer.events = events.slice(-FEWEST_EVENTS);
  return `${events.length - FEWEST_EVENTS} older events`;
}

/** Every long text, wherever it stands; the structure around it stays. */
function cutLongValues(answer: Answer): string | null {
  let count = 0;
  const walk = (value: Json): Json => {
    if (typeof value === 'string') {
      if (bytesOf(value) <= KEPT_BYTES) return value;
      count += 1;
      return truncated(value, null);
    }
    if (isJsonArray(value)) return value.map(walk);
    if (!isJsonObject(value)) return value;
    const copy: Record<string, Json> = {};
    for (const [key, inside] of Object.entries(value)) setOwn(copy, key, walk(inside));
    return copy;
  };
  for (const key of Object.keys(answer)) answer[key] = walk(answer[key] ?? null);
  return count === 0 ? null : `${count} long texts`;
}

/** Lists and groups of steps lose their ends. */
function cutLists(answer: Answer): string | null {
  const cut: string[] = [];
  for (const [key, value] of Object.entries(answer)) {
    if (isJsonArray(value) && value.length > FEWEST_ITEMS) {
      answer[key] = value.slice(0, FEWEST_ITEMS);
      cut.push(`${value.length - FEWEST_ITEMS} of ${key}`);
    } else if (key === 'steps' && isJsonObject(value)) {
      const entries = Object.entries(value);
      if (entries.length <= FEWEST_ITEMS) continue;
      answer[key] = Object.fromEntries(entries.slice(0, FEWEST_ITEMS));
      cut.push(`${entries.length - FEWEST_ITEMS} of ${key}`);
    }
  }
  return cut.length === 0 ? null : cut.join(', ');
}

/** The last resort: whatever field is still long is only named by its size. */
function cutRest(answer: Answer): string | null {
  const cut: string[] = [];
  for (const [key, value] of Object.entries(answer)) {
    if (bytesOf(value) <= KEPT_BYTES) continue;
    // Objects and lists keep their type, as the tool's output schema says.
    answer[key] = isJsonArray(value) ? [] : truncated(value, null);
    cut.push(key);
  }
  return cut.length === 0 ? null : cut.join(', ');
}
