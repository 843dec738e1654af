/**
 * What a run waits for, one sentence each, for people and agents.
 */
import type { OpenWait } from '../core/open-waits.ts';
import type { WaitingFor } from '../model/event.ts';
import { isJsonObject, ownValue } from '../model/json.ts';
import type { RunStatus } from '../model/run-status.ts';
import type { DecisionRow, RunRow } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import type { Awaited } from './run-tree.ts';
import type { WaitingForView } from './shapes.ts';

const PROMPT_CHARS = 80;
/** Waits of one kind that are told one by one; of the others their number. */
export const MAX_WAITS_OF_A_KIND = 20;

/** Each wait that a row keeps with its sentence; the decisions that are pending give theirs a prompt. */
export function waitingTexts(
  waits: readonly WaitingFor[],
  decisions: readonly DecisionRow[],
): WaitingForView[] {
  const byPath = new Map(decisions.map((row) => [row.path, row]));
  return waits.map(({ step_id, kind, name }) => {
    const named = name === undefined ? {} : { name };
    const wait: OpenWait =
      kind === 'vault' ? { step_id, kind: 'start', name: 'vault' } : { step_id, kind, ...named };
    const status = kind === 'child' ? 'suspended' : undefined;
    return { step_id, kind, ...named, text: sentence(wait, byPath.get(step_id), status) };
  });
}

/**
 * Everything the open steps of a run wait for, then what the runs that it awaits wait for; `pendingOf` says
 * why one of those has not begun.
 */
export function openWaitTexts(
  waits: readonly OpenWait[],
  decisions: readonly DecisionRow[],
  awaited: Awaited,
  pendingOf: (row: RunRow) => readonly WaitingForView[],
): WaitingForView[] {
  const ofRun = Map.groupBy(decisions, (row) => row.runId);
  const children = new Map(awaited.rows.map((row) => [row.runId as string, row]));
  const own = decisions.filter((row) => !children.has(row.runId));
  const byPath = new Map(own.map((row) => [row.path, row]));
  const texts = waits.map((wait): WaitingForView => {
    const { step_id, name } = wait;
    const status =
      wait.kind === 'child' ? childStatus(children.get(name ?? ''), awaited) : undefined;
    return {
      step_id,
      kind: kindOf(wait),
      ...(name === undefined || wait.kind === 'start' ? {} : { name }),
      ...(wait.dueAt === undefined ? {} : { due_at: toRfc3339(wait.dueAt) }),
      ...(status === undefined ? {} : { status }),
      text: sentence(wait, byPath.get(step_id), status),
    };
  });
  const below = awaited.rows.flatMap((row) =>
    row.status === 'pending'
      ? pendingOf(row).map((wait) => toldBelow(row, wait))
      : rowTexts(row, ofRun.get(row.runId) ?? []),
  );
  return [...shortened(texts), ...below, ...(awaited.isCut ? [CUT] : [])];
}

/** A child that is no longer among the unfinished runs has ended, and its parent is about to hear it. */
const childStatus = (
  row: RunRow | undefined,
  { isCut }: Awaited,
): RunStatus | 'ended' | undefined => row?.status ?? (isCut ? undefined : 'ended');

const CUT: WaitingForView = {
  step_id: '',
  kind: 'child',
  text: 'it awaits more runs than are shown here',
};

/** What an awaited run that has begun waits for itself; the runs below it tell theirs. */
function rowTexts(row: RunRow, decisions: readonly DecisionRow[]): WaitingForView[] {
  if (row.paused) return [toldBelow(row, PAUSED)];
  return waitingTexts(row.waitingFor, decisions)
    .filter((wait) => wait.kind !== 'child')
    .map((wait) => toldBelow(row, wait));
}

const toldBelow = ({ runId }: RunRow, wait: WaitingForView): WaitingForView => ({
  workflow_id: runId,
  ...wait,
  text: `in run ${runId}: ${wait.text}`,
});

/** A run that somebody has paused. */
export const PAUSED: WaitingForView = {
  step_id: '',
  kind: 'paused',
  text: 'it is paused until "resume"',
};

/** On the wire a step that waits to start says for what. */
const kindOf = (wait: OpenWait): string =>
  wait.kind === 'start' ? (wait.name ?? 'slot') : wait.kind === 'retry' ? 'timer' : wait.kind;

function shortened(texts: readonly WaitingForView[]): WaitingForView[] {
  const seen = new Map<string, number>();
  const shown = texts.filter(({ kind }) => {
    const count = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, count);
    return count <= MAX_WAITS_OF_A_KIND;
  });
  const rest = [...seen].filter(([, count]) => count > MAX_WAITS_OF_A_KIND);
  return [
    ...shown,
    ...rest.map(([kind, count]) => ({
      step_id: '',
      kind,
      text: `${count - MAX_WAITS_OF_A_KIND} more steps wait as well (${kind})`,
    })),
  ];
}

function sentence(
  wait: OpenWait,
  decision: DecisionRow | undefined,
  child: RunStatus | 'ended' | undefined,
): string {
  const at = `"${wait.step_id}"`;
  const until = wait.dueAt === undefined ? '' : `, until ${toRfc3339(wait.dueAt)}`;
  switch (wait.kind) {
    case 'decision':
      return decision === undefined
        ? `${at} waits for a decision${until}`
        : `${at} waits for ${whoOf(decision)}${askedText(decision)}${until}`;
    case 'outcome_unknown':
      return `${at} was interrupted and nobody knows whether it took effect (rerun, completed, failed)${until}`;
    case 'signal':
      return `${at} waits for the signal "${wait.name ?? ''}"${until}`;
    case 'child':
      return `${at} waits for run ${wait.name ?? ''}${childText(child)}`;
    case 'timer':
      return wait.dueAt === undefined
        ? `${at} waits for a time`
        : `${at} waits until ${toRfc3339(wait.dueAt)}`;
    case 'retry':
      return retryText(at, wait);
    case 'settling':
      return wait.name === undefined
        ? `${at} waits until what was stopped before is really over`
        : `the run ends (${wait.name}) when what ${at} started is really over`;
    case 'start':
      return `${at} ${STARTS[wait.name ?? ''] ?? `waits to start (${wait.name ?? ''})`}`;
  }
}

const childText = (status: RunStatus | 'ended' | undefined): string =>
  status === undefined ? '' : `, which ${status === 'ended' ? 'has ended' : `is ${status}`}`;

/** Why a step that is ready has not started. */
const STARTS: Readonly<Record<string, string>> = {
  slot: 'waits for a free slot: as many actions execute as this process may run at once',
  concurrency: 'waits for its turn: max_concurrency of the run is reached',
  settling: 'waits until what ran before it is really over',
  breaker: 'waits for a circuit breaker to close',
  vault: 'waits for the vault to be unlocked',
};

function retryText(at: string, { dueAt, attempt, attempts, code }: OpenWait): string {
  const time = dueAt === undefined ? 'soon' : `at ${toRfc3339(dueAt)}`;
  if (code === 'CIRCUIT_OPEN') {
    return `${at} waits for its circuit breaker, which lets it try again ${time}`;
  }
  return `${at} tries again ${time} (attempt ${attempt ?? 1} of ${attempts ?? 1}) after ${code ?? 'a failure'}`;
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
