/**
 * What a run waits for, one sentence each, for people and agents.
 */
import type { WaitingFor } from '../model/event.ts';
import { isJsonObject, ownValue } from '../model/json.ts';
import type { DecisionRow } from '../model/store.ts';
import type { WaitingForView } from './shapes.ts';

const PROMPT_CHARS = 80;

/** Each wait with its sentence; the decisions that are pending give theirs a prompt. */
export function waitingTexts(
  waits: readonly WaitingFor[],
  decisions: readonly DecisionRow[],
): WaitingForView[] {
  const byPath = new Map(decisions.map((row) => [row.path, row]));
  return waits.map((wait) => ({
    step_id: wait.step_id,
    kind: wait.kind,
    ...(wait.name === undefined ? {} : { name: wait.name }),
    text: sentence(wait, byPath.get(wait.step_id)),
  }));
}

function sentence(wait: WaitingFor, decision: DecisionRow | undefined): string {
  const at = `"${wait.step_id}"`;
  switch (wait.kind) {
    case 'decision':
      return decision === undefined
        ? `${at} waits for a decision`
        : `${at} waits for ${whoOf(decision)}${askedText(decision)}`;
    case 'outcome_unknown':
      return `${at} was interrupted and nobody knows whether it took effect (rerun, completed, failed)`;
    case 'signal':
      return `${at} waits for the signal "${wait.name ?? ''}"`;
    case 'child':
      return `${at} waits for run ${wait.name ?? ''}, which is suspended`;
    case 'vault':
      return `${at} waits for the vault to be unlocked`;
  }
}

function whoOf(decision: DecisionRow): string {
  if (decision.targetAgent !== null) return `a decision of ${decision.targetAgent}`;
  return ownValue(decision.body, 'by') === 'person' ? "a person's decision" : 'a decision';
}

function askedText({ body }: DecisionRow): string {
  const prompt = ownValue(body, 'prompt');
  const text = typeof prompt === 'string' ? prompt : JSON.stringify(prompt ?? '');
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const short = line.length > PROMPT_CHARS ? `${line.slice(0, PROMPT_CHARS - 1)}…` : line;
  const options = ownValue(body, 'options');
  const ids = Array.isArray(options)
    ? options.flatMap((option) => (isJsonObject(option) ? [String(ownValue(option, 'id'))] : []))
    : [];
  const choices = ids.length === 0 ? '' : ` (${ids.join(', ')})`;
  return short === '' ? choices : `: ${short}${choices}`;
}
