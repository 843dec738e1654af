/**
 * Whether somebody may answer a decision, and the answer as it will be recorded.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type { EventPayloads } from '../model/event.ts';
import type { Signal } from '../model/input.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { StepState } from '../model/run-state.ts';

type Ask = EventPayloads['decision_requested'];
type Checked =
  | { readonly answer: EventPayloads['decision_resolved'] }
  | { readonly error: StepFailure };

const wrong = (code: 'VALIDATION_ERROR', message: string): Checked => ({
  error: failure(code, message),
});

/** Checks the choice of a decision signal against what was asked. */
export function checkAnswer(signal: Signal, ask: Ask): Checked {
  const payload = isJsonObject(signal.payload) ? signal.payload : {};
  const rejected = ownValue(payload, 'reject') === true;
  const choice = ownValue(payload, 'choice') ?? null;
  const problem = rejected ? null : choiceProblem(choice, ask);
  if (problem !== null) return wrong('VALIDATION_ERROR', problem);
  return { answer: answerOf(signal, ask, payload, typeof choice === 'string' ? choice : null) };
}

function choiceProblem(choice: Json, ask: Ask): string | null {
  const options = ask.options.map((option) => option.id);
  if (typeof choice !== 'string' || choice === '') {
    const list = options.length === 0 ? 'any text' : options.join(', ');
    return `payload.choice is missing (one of: ${list}; or payload.reject: true)`;
  }
  if (options.length === 0 || options.includes(choice)) return null;
  return `"${choice}" is not an option (${options.join(', ')})`;
}

function answerOf(
  signal: Signal,
  ask: Ask,
  payload: JsonObject,
  choice: string | null,
): EventPayloads['decision_resolved'] {
  const reason = signal.reasoning ?? ownValue(payload, 'reasoning');
  const target = ask.target_agent;
  return {
    choice,
    ...(ownValue(payload, 'reject') === true ? { rejected: true } : {}),
    reasoning: typeof reason === 'string' ? reason : null,
    data: ownValue(payload, 'data') ?? null,
    resolved_by: signal.by,
    ...(target === undefined || target === signal.by ? {} : { on_behalf: target }),
    via: 'signal',
  };
}

const DECIDES_ALWAYS = new Set(['admin', 'operator', 'local']);

/** Why somebody may not answer a decision at all, or null. */
export function denialOf(signal: Signal, ask: Ask): string | null {
  if (ask.by === 'person' && signal.sender !== 'person') {
    return 'only a person may decide this, at the terminal with `opcode decide`';
  }
  if (ask.by === 'agent' && signal.sender !== 'agent' && !DECIDES_ALWAYS.has(signal.role)) {
    return 'only an agent may decide this';
  }
  if (ask.by === 'operator' && !DECIDES_ALWAYS.has(signal.role)) {
    return 'only an operator or admin may say what became of an interrupted step';
  }
  const target = ask.target_agent;
  if (target !== undefined && signal.by !== target && !DECIDES_ALWAYS.has(signal.role)) {
    return `this decision is addressed to "${target}"`;
  }
  return null;
}

/**
 * Why somebody may not end or skip a step, or null: it, or a step in it, asks (or was refused by) who
 * alone may decide; otherwise going on without the step would be a way around the question.
 */
export function denialWithin(
  signal: Signal,
  step: StepState,
  steps: Iterable<StepState>,
): string | null {
  const under = `${step.path}.`;
  for (const each of steps) {
    if (each !== step && !each.path.startsWith(under)) continue;
    if (each.sub?.kind !== 'decision' || !isUndecided(each, each.sub.resolved)) continue;
    const denied = denialOf(signal, each.sub.ask);
    if (denied !== null) return denied;
  }
  return null;
}

const isUndecided = (step: StepState, resolved: unknown): boolean =>
  resolved === null || step.status === 'failed';
