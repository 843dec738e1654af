/**
 * The answer of `status`: a run in few words, or one step whole. A step output that is longer than the
 * answer may be comes in parts: `offset` says from which character on.
 */
import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import type { StatusOutput } from '../ops/schemas.ts';
import { bytesOf, withinBudget } from './budget.ts';
import { runAnswer } from './run-answer.ts';
import { waitsBeside } from './told-once.ts';
import { type Spelling, spelled } from './tool-names.ts';

interface Call {
  readonly ops: Ops;
  readonly ctx: CallContext;
  readonly spelling: Spelling;
}

type Input = Parameters<Ops['status']>[1];

/** A run, or one of its steps. @throws AppError */
export async function statusAnswer(
  { ops, ctx, spelling }: Call,
  args: JsonObject,
  maxBytes: number,
): Promise<JsonObject> {
  const { offset, ...input } = args;
  if (input.step_id !== undefined) {
    const status = await ops.status(ctx, { include: ['steps'], ...input } as unknown as Input);
    return stepAnswer(status, checkedOffset(offset ?? 0), maxBytes, spelling);
  }
  if (offset !== undefined) throw new AppError('VALIDATION_ERROR', 'offset: only with step_id');
  const status = await ops.status(ctx, input as unknown as Input);
  const { definition_hash: _hash, active_ms: _active, ...rest } = status;
  const wantsEvents = input.include !== undefined || input.since_sequence !== undefined;
  const isBrief = input.include === undefined;
  const told = runAnswer(rest, spelling, isBrief);
  const waiting_for = status.waiting_for as unknown as Json;
  const answer = {
    ...told,
    template: status.template,
    pending_decisions: told.pending_decisions ?? [],
    waiting_for: isBrief ? waitsBeside(told, waiting_for) : waiting_for,
    events: (wantsEvents ? status.events : storyOf(status)) as unknown as Json,
    ...(status.masking_incomplete === undefined
      ? {}
      : { masking_incomplete: status.masking_incomplete }),
  };
  const getStep = (step_id: string): JsonObject => ({
    tool: spelled('status', spelling),
    arguments: { workflow_id: status.workflow_id, step_id },
  });
  return withinBudget(answer, { maxBytes, getStep });
}

/** Events that are told unasked. */
const TOLD_EVENTS = 5;

/** The last of what happened; how an ended run came to its end is told by its output or error. */
const storyOf = ({ status, events }: StatusOutput) =>
  isRunEnded(status) ? [] : events.slice(-TOLD_EVENTS).map(shortEvent);

/** One line of the story; the payload comes when events are asked for. */
const shortEvent = ({
  sequence,
  step_id,
  event_type,
  timestamp,
}: StatusOutput['events'][number]) => ({
  sequence,
  event_type,
  ...(step_id === undefined ? {} : { step_id }),
  timestamp,
});

function checkedOffset(offset: Json): number {
  if (typeof offset === 'number' && Number.isInteger(offset) && offset >= 0) return offset;
  throw new AppError('VALIDATION_ERROR', 'offset: must be a whole number, 0 or more');
}

/** Room for everything of a step but its output. */
const AROUND_BYTES = 1024;

function stepAnswer(
  { workflow_id, status, steps }: StatusOutput,
  offset: number,
  maxBytes: number,
  spelling: Spelling,
): JsonObject {
  const whole = { workflow_id, status, steps } as unknown as JsonObject;
  if (offset === 0 && bytesOf(whole) <= maxBytes) return whole;
  const [found] = Object.entries(steps);
  if (found === undefined) return whole;
  const [path, { output, ...step }] = found;
  const text = typeof output === 'string' ? output : JSON.stringify(output ?? null);
  const end = endWithin(text, offset, Math.max(AROUND_BYTES, maxBytes - AROUND_BYTES));
  const part: JsonObject = {
    $part: text.slice(offset, end).toWellFormed(),
    offset,
    characters: text.length,
    ...(end >= text.length ? {} : { next_offset: end }),
  };
  const next: JsonObject = {
    tool: spelled('status', spelling),
    arguments: { workflow_id, step_id: path, offset: end },
    why: 'the output goes on',
  };
  const answer: JsonObject = {
    workflow_id,
    status,
    steps: { [path]: { ...(step as unknown as JsonObject), output: part } },
    ...(end >= text.length ? {} : { next }),
  };
  return fitAround(answer, path, maxBytes);
}

/** The part stays; what else the step has may be long too and is cut. */
function fitAround(answer: JsonObject, path: string, maxBytes: number): JsonObject {
  if (bytesOf(answer) <= maxBytes || !isJsonObject(answer.steps ?? null)) return answer;
  const step = (answer.steps as JsonObject)[path];
  if (!isJsonObject(step ?? null)) return answer;
  const { input: _input, ...rest } = step as JsonObject;
  return { ...answer, steps: { [path]: rest }, omitted: ['the input of the step'] };
}

/** The end of as many characters as make at most so many bytes of JSON text. */
function endWithin(text: string, offset: number, maxBytes: number): number {
  let low = offset;
  let high = Math.min(text.length, offset + maxBytes);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (bytesOf(text.slice(offset, middle)) <= maxBytes) low = middle;
    else high = middle - 1;
  }
  return low;
}
