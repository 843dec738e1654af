/**
 * Keeps an answer about a run from saying a thing twice: what a decision shows is not repeated among
 * the outputs, an error not at its step, and of a run that has failed only what failed is told whole. All of it
 * is there for whoever asks with `include`.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';

/** Texts shorter than this cost less than it costs to miss them. */
const SHORT_CHARS = 32;

type Answer = Record<string, Json>;

/** The answer with everything once; `answer.steps` are those of a run, by path. */
export function toldOnce(answer: JsonObject): JsonObject {
  if (answer.status === 'completed') return answer;
  if (answer.status === 'failed' || answer.status === 'cancelled') return whatFailed(answer);
  const decisions = listOf(answer.pending_decisions).filter(isJsonObject);
  if (decisions.length === 0) return { ...answer, ...stepsOf(answer, shortOutput) };
  return {
    ...answer,
    ...stepsOf(answer, (output) => beside(decisions, output)),
    pending_decisions: decisions.map((decision) => shortDecision(decision, answer.workflow_id)),
  };
}

const listOf = (value: Json | undefined): readonly Json[] =>
  value !== undefined && isJsonArray(value) ? value : [];

/** What failed or has not ended as it is; of the others how those of the top list stand, or how many. */
function whatFailed(answer: JsonObject): JsonObject {
  const { steps, error } = answer;
  if (steps === undefined || !isJsonObject(steps)) return answer;
  const told: Record<string, JsonObject> = {};
  const quiet: Record<string, JsonObject> = {};
  for (const [path, step] of Object.entries(steps)) {
    if (!isJsonObject(step)) continue;
    if (!QUIET.has(String(step.status))) setOwn(told, path, withoutDetails(step, error ?? null));
    else if (!path.includes('.')) setOwn(quiet, path, briefStep(step));
  }
  if (Object.keys(quiet).length <= LISTED_STEPS) return { ...answer, steps: { ...quiet, ...told } };
  return { ...answer, steps: told, step_counts: countsOf([quiet, told]) };
}

/** Statuses of steps that have nothing to do with why a run did not reach its end. */
const QUIET: ReadonlySet<string> = new Set(['completed', 'skipped', 'pending']);
/** Steps of a failed run that are listed one by one although they did not fail. */
const LISTED_STEPS = 20;

const briefStep = ({ status = null, duration_ms: duration }: JsonObject): JsonObject => ({
  status,
  ...(duration === undefined ? {} : { duration_ms: duration }),
});

/** Steps of the top list by status. */
function countsOf(lists: readonly Readonly<Record<string, JsonObject>>[]): JsonObject {
  const counts: Record<string, number> = {};
  for (const [path, { status }] of lists.flatMap((list) => Object.entries(list))) {
    if (!path.includes('.')) counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  }
  return counts;
}

/** The details stand at the run's own error when that is the step's. */
function withoutDetails(step: JsonObject, runError: Json): JsonObject {
  const { error } = step;
  if (error === undefined || !isJsonObject(error) || !isDeepStrictEqual(error, runError))
    return step;
  const { details: _details, ...rest } = error;
  return { ...step, error: rest };
}

/** The steps with other outputs; one that is undefined is left out. */
function stepsOf(answer: JsonObject, short: (output: Json) => Json | undefined): JsonObject {
  const { steps } = answer;
  if (steps === undefined || !isJsonObject(steps)) return {};
  const told: Answer = {};
  for (const [path, step] of Object.entries(steps)) {
    setOwn(told, path, isJsonObject(step) ? withOutput(step, short) : step);
  }
  return { steps: told };
}

function withOutput(step: JsonObject, short: (output: Json) => Json | undefined): JsonObject {
  const { output, ...rest } = step;
  if (output === undefined) return step;
  const shorter = short(output);
  return shorter === undefined ? rest : { ...rest, output: shorter };
}

/** A command's output without the text of what it has already. */
function shortOutput(output: Json): Json {
  if (isJsonArray(output)) return output.map(shortOutput);
  if (!isJsonObject(output)) return output;
  const short: Answer = {};
  const isCommand = output.stdout !== undefined && typeof output.stdout_raw === 'string';
  for (const [key, value] of Object.entries(output)) {
    if (isCommand && key === 'stdout_raw') continue;
    setOwn(short, key, shortOutput(value));
  }
  return short;
}

/** What an output says that no prompt and no data of a decision says. */
function beside(decisions: readonly JsonObject[], output: Json): Json | undefined {
  if (decisions.some(({ data }) => holds(data ?? null, output))) return undefined;
  const short = shortOutput(output);
  if (!isJsonObject(short)) return isShown(decisions, short) ? undefined : short;
  const rest = Object.entries(short).filter(([, value]) => !isShown(decisions, value));
  return Object.fromEntries(rest);
}

/** True for a long value that the prompt contains or the data has. */
function isShown(decisions: readonly JsonObject[], value: Json): boolean {
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
  if (text.length < SHORT_CHARS) return false;
  return decisions.some(({ prompt, data }) => {
    return (typeof prompt === 'string' && prompt.includes(text)) || holds(data ?? null, value);
  });
}

/** True when the value is one of the data. */
const holds = (data: Json, value: Json): boolean =>
  isJsonObject(data) && Object.values(data).some((each) => isDeepStrictEqual(each, value));

/** A question without its context: `prompt` and `data` have that, and the outputs stand at the steps. */
function shortDecision({ context, data, ...rest }: JsonObject, run: Json | undefined): JsonObject {
  const outputs = isJsonObject(context ?? null) ? (context as JsonObject).step_outputs : undefined;
  const isOfChild = rest.workflow_id !== run && isJsonObject(outputs ?? null);
  const told = [{ ...rest, data: data ?? null }];
  return {
    ...rest,
    ...(isEmpty(data) ? {} : { data: shortOutput(data ?? null) }),
    ...(isOfChild ? { context: { step_outputs: outputsBeside(told, outputs as JsonObject) } } : {}),
  };
}

function outputsBeside(decisions: readonly JsonObject[], outputs: JsonObject): JsonObject {
  const rest: Answer = {};
  for (const [path, output] of Object.entries(outputs)) {
    const short = beside(decisions, output);
    if (short !== undefined) setOwn(rest, path, short);
  }
  return rest;
}

const isEmpty = (data: Json | undefined): boolean =>
  data === undefined || (isJsonObject(data) && Object.keys(data).length === 0);

/** Sentences longer than this repeat more of a question than tells which one it is. */
const SENTENCE_CHARS = 100;

/** What a run waits for; a long question is not said again where the answer has it as a decision. */
export function waitsBeside({ pending_decisions }: JsonObject, waits: Json): Json {
  const asked = listOf(pending_decisions)
    .filter(isJsonObject)
    .map(({ step_id }) => step_id);
  return listOf(waits).map((wait) => {
    if (!isJsonObject(wait) || wait.kind !== 'decision') return wait;
    const isShort = typeof wait.text !== 'string' || wait.text.length <= SENTENCE_CHARS;
    if (isShort || !asked.includes(wait.step_id)) return wait;
    return { ...wait, text: `"${String(wait.step_id)}" waits for a decision` };
  });
}
