/**
 * What a model is told about a run: finished steps by status and output, all others whole, and
 * nothing that is empty or said twice: no step inside a finished composite, whose output has it, and no
 * headers of answers, unless the steps are asked for. `next` names a tool as this session spells it.
 */
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  ownValue,
  setOwn,
} from '../model/json.ts';
import { toldOnce } from './told-once.ts';
import { type Spelling, spelled } from './tool-names.ts';

/** Statuses of steps about which there is nothing more to know. */
export const isDone = (step: Json): boolean =>
  isJsonObject(step) && (step.status === 'completed' || step.status === 'skipped');

const DONE_FIELDS = ['step_id', 'status', 'output', 'skip_reason', 'child_id', 'duration_ms'];

/** Fields that say nothing when they are empty; `steps` stays as it is. */
const WHEN_FILLED: ReadonlySet<string> = new Set(['warnings', 'waiting_for', 'kept', 'again']);

/** An operation's answer about a run, in fewer words; `brief`: its steps were not asked for. */
export function runAnswer(result: object, spelling: Spelling, brief: boolean): JsonObject {
  const answer: Record<string, Json> = {};
  for (const [key, value] of Object.entries(result as JsonObject)) {
    if (value === undefined || isEmptyExtra(key, value)) continue;
    if (key === 'steps' && isJsonObject(value)) answer.steps = shortSteps(value, brief);
    else if (key === 'next' && isJsonObject(value)) answer.next = spelledNext(value, spelling);
    else answer[key] = value;
  }
  // The decisions say it better.
  if (isFilledList(answer.pending_decisions)) delete answer.waiting_for;
  if (isForPerson(answer.pending_decisions)) answer.next = waitForPerson(answer, spelling);
  if (!brief) return answer;
  if (!isFilledList(answer.pending_decisions)) delete answer.pending_decisions;
  return toldOnce(answer);
}

const isFilledList = (value: Json | undefined): boolean =>
  value !== undefined && isJsonArray(value) && value.length > 0;

const isForPerson = (decisions: Json | undefined): boolean =>
  isJsonArray(decisions) && isJsonObject(decisions[0]) && decisions[0].by === 'person';

/** An agent may not make it, so it is not told to. */
const waitForPerson = ({ workflow_id }: Record<string, Json>, spelling: Spelling): JsonObject => ({
  tool: spelled('status', spelling),
  arguments: { workflow_id: workflow_id ?? null, wait: '25s' },
  why: 'only a person may decide this (`opcode decide`): wait for it',
});

function isEmptyExtra(key: string, value: Json): boolean {
  if (key === 'created') return value === true;
  if (value === null || value === false) return !['output', 'input'].includes(key);
  return WHEN_FILLED.has(key) && isJsonArray(value) && value.length === 0;
}

function shortSteps(steps: JsonObject, brief: boolean): JsonObject {
  const short: Record<string, Json> = {};
  for (const [path, step] of Object.entries(steps)) {
    if (brief && isToldAbove(steps, path)) continue;
    setOwn(short, path, shortStep(brief ? withoutHeaders(step) : step));
  }
  return short;
}

/** True for a step inside one that is done: that one's output has what it gave. */
function isToldAbove(steps: JsonObject, path: string): boolean {
  for (let at = path.lastIndexOf('.'); at > 0; at = path.lastIndexOf('.', at - 1)) {
    const above = ownValue(steps, path.slice(0, at));
    if (above !== undefined && isDone(above)) return true;
  }
  return false;
}

/** The outputs of requests without the headers of their answers, also inside a composite's output. */
function withoutHeaders(step: Json): Json {
  if (!isJsonObject(step) || step.output === undefined) return step;
  const { action, type } = step;
  const isRequest = typeof action === 'string' && action.startsWith('http.');
  const holdsSteps = type === 'loop' || type === 'parallel' || type === 'condition';
  return isRequest || holdsSteps ? { ...step, output: answersIn(step.output) } : step;
}

/** Values without `headers` where they look like the answer to a request. */
function answersIn(value: Json): Json {
  if (isJsonArray(value)) return value.map(answersIn);
  if (!isJsonObject(value)) return value;
  const isAnswer = typeof value.status_code === 'number' && isJsonObject(value.headers ?? null);
  const copy: Record<string, Json> = {};
  for (const [key, inside] of Object.entries(value)) {
    if (isAnswer) {
      if (key !== 'headers') setOwn(copy, key, inside);
    } else setOwn(copy, key, answersIn(inside));
  }
  return copy;
}

function shortStep(step: Json): Json {
  if (!isJsonObject(step) || !isDone(step)) return step;
  const short: Record<string, Json> = {};
  for (const field of DONE_FIELDS) {
    const value = step[field];
    if (value !== undefined) short[field] = value;
  }
  if (typeof step.attempts === 'number' && step.attempts > 1) short.attempts = step.attempts;
  return short;
}

function spelledNext(next: JsonObject, spelling: Spelling): JsonObject {
  return typeof next.tool === 'string' ? { ...next, tool: spelled(next.tool, spelling) } : next;
}
