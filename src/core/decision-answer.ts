/**
 * Whether somebody may answer a decision, and the answer as it will be recorded.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type { EventPayloads } from '../model/event.ts';
import type { Signal } from '../model/input.ts';
import { isJsonObject, ownValue } from '../model/json.ts';

type Ask = EventPayloads['decision_requested'];
type Checked =
  | { readonly answer: EventPayloads['decision_resolved'] }
  | { readonly error: StepFailure };

const wrong = (code: 'VALIDATION_ERROR' | 'PERMISSION_DENIED', message: string): Checked => ({
  error: failure(code, message),
});

/** Checks a decision signal against what was asked. */
export function checkAnswer(signal: Signal, ask: Ask): Checked {
  const denied = denial(signal, ask);
  if (denied !== null) return wrong('PERMISSION_DENIED', denied);
  const payload = isJsonObject(signal.payload) ? signal.payload : {};
  const rejected = ownValue(payload, 'reject') === true;
  const choice = ownValue(payload, 'choice') ?? null;
  const options = ask.options.map((option) => option.id);
  if (!rejected) {
    if (typeof choice !== 'string' || choice === '') {
      const list = options.length === 0 ? 'any text' : options.join(', ');
      return wrong(
        'VALIDATION_ERROR',
        `payload.choice is missing (one of: ${list}; or payload.reject: true)`,
      );
    }
    if (options.length > 0 && !options.includes(choice)) {
      return wrong('VALIDATION_ERROR', `"${choice}" is not an option (${options.join(', ')})`);
    }
  }
  const reason = signal.reasoning ?? ownValue(payload, 'reasoning');
  const onBehalf = ask.target_agent !== undefined && ask.target_agent !== signal.by;
  return {
    answer: {
      choice: typeof choice === 'string' ? choice : null,
      ...(rejected ? { rejected } : {}),
      reasoning: typeof reason === 'string' ? reason : null,
      data: ownValue(payload, 'data') ?? null,
      resolved_by: signal.by,
      ...(onBehalf ? { on_behalf: ask.target_agent ?? '' } : {}),
      via: 'signal',
    },
  };
}

const DECIDES_ALWAYS = new Set(['admin', 'operator', 'local']);

function denial(signal: Signal, ask: Ask): string | null {
  if (ask.by === 'person' && signal.sender !== 'person') {
    return 'only a person may decide this: at the terminal with `opcode decide`, or in the panel';
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
